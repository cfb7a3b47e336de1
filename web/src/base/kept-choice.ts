// A choice that this browser keeps: it holds in all tabs, and the next time.

import { Lifetime } from "./lifetime";
import { Signal } from "./signal";

export class KeptChoice<T> {
  readonly signal: Signal<T>;

  /** `read` gives null for a text that names no choice. */
  constructor(
    private readonly storageKey: string, private readonly initial: T,
    private readonly read: (text: string) => T | null, private readonly write: (choice: T) => string,
  ) {
    this.signal = new Signal(initial);
  }

  get value(): T {
    return this.signal.value;
  }

  choose(choice: T): void {
    try {
      localStorage.setItem(this.storageKey, this.write(choice));
    } catch {
      // The browser keeps nothing for this page: the choice then holds for this tab alone.
    }
    this.signal.value = choice;
  }

  /** Takes what was kept, and follows other tabs. To be called before anything is shown. */
  start(lifetime: Lifetime): void {
    this.signal.value = this.kept();
    lifetime.listen("storage", (event) => {
      if (event.key === this.storageKey || event.key === null) this.signal.value = this.kept();
    });
  }

  private kept(): T {
    try {
      const text = localStorage.getItem(this.storageKey);
      return (text === null ? null : this.read(text)) ?? this.initial;
    } catch {
      return this.initial;
    }
  }
}
