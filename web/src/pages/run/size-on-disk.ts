// What a run takes on disk, as far as storage knows: asked now and then, when storage has got further.

import { fetchSizes } from "../../wire/api";
import { readiness } from "../../wire/readiness";

const pollMs = 5000;

export class SizeOnDisk {
  /** About; NaN: not known. */
  bytes = NaN;
  private askedStored = 0;
  private askedMs = -Infinity;

  constructor(private readonly runId: string) {}

  /** @param stored events of the run that storage has */
  async ask(stored: number): Promise<void> {
    const isDue = stored !== this.askedStored && performance.now() - this.askedMs > pollMs;
    if (!isDue || readiness.value?.storageState !== "ok") return;
    [this.askedStored, this.askedMs] = [stored, performance.now()];
    try {
      this.bytes = (await fetchSizes(this.runId)).get(this.runId) ?? NaN;
    } catch {
      // Storage has just gone, which the page says elsewhere: the size stays as it was.
    }
  }
}
