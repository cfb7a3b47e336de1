// Pauses between questions that will most likely get the same answer as before: each is twice as long as the last one. Somebody
// who waits for a thing that is about to come need not do anything, and nobody is asked for ever. Pure.

export class EverMoreSeldom {
  private pauseMs: number;

  constructor(private readonly firstMs: number, private readonly mostMs = Infinity) {
    this.pauseMs = firstMs;
  }

  /** How long to wait now. */
  next(): number {
    const pauseMs = this.pauseMs;
    this.pauseMs = Math.min(this.mostMs, 2 * pauseMs);
    return pauseMs;
  }

  /** There was another answer. */
  reset(): void {
    this.pauseMs = this.firstMs;
  }
}
