// A value that tells its readers when it changes. Readers are called at once, in the order in which they subscribed.

export type Unsubscribe = () => void;

export class Signal<T> {
  private current: T;
  private readonly readers = new Set<(value: T) => void>();

  constructor(initial: T) {
    this.current = initial;
  }

  get value(): T {
    return this.current;
  }

  /** Setting the same value (by `Object.is`) tells nobody. */
  set value(next: T) {
    if (Object.is(next, this.current)) return;
    this.current = next;
    for (const reader of [...this.readers]) reader(next);
  }

  /** Calls `reader` now and after each change, until the returned function is called. */
  subscribe(reader: (value: T) => void): Unsubscribe {
    this.readers.add(reader);
    reader(this.current);
    return () => this.readers.delete(reader);
  }
}
