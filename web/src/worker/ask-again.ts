// Questions to storage that failed for a while: they are asked again without anybody doing anything, ever more seldom while they fail.

import { EverMoreSeldom } from "../base/ever-more-seldom";
import { ApiError } from "../wire/http";

/** No shorter than what those who ask wait between two questions: when it is over they do ask. */
const firstMs = 3000;
const mostMs = 60_000;

/** The same question may get another answer later: nobody answered, or who did was busy. What was wrong with a question stays wrong. */
export function mayPass(error: unknown): boolean {
  const status = error instanceof ApiError ? error.status : 0;
  return status < 400 || status === 408 || status === 429 || status >= 500;
}

export class AskAgain {
  private readonly pauses = new EverMoreSeldom(firstMs, mostMs);
  private isWaiting = false;

  /** @param ask asks for all that has failed */
  constructor(private readonly ask: () => void) {}

  noteFailure(error: unknown): void {
    if (this.isWaiting || !mayPass(error)) return;
    this.isWaiting = true;
    setTimeout(() => {
      this.isWaiting = false;
      this.ask();
    }, this.pauses.next());
  }

  noteAnswer(): void {
    this.pauses.reset();
  }
}
