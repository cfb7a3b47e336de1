// How fresh and how smooth the page is: delay from the engine's frame marks to the screen, and frames drawn per second.

const samplesMax = 600;
const slowMs = 33;
const spanMs = 2000;

export interface PaceReading {
  /** Milliseconds; NaN while nothing new is drawn or the engine sends no marks. */
  delayP50: number;
  delayP99: number;
  framesPerSecond: number;
  /** The page's own work per drawn frame, milliseconds. */
  workP50: number;
  /** Since the page was opened: frames drawn, and those with so much own work that a frame of the screen was missed. */
  drawn: number;
  slow: number;
}

export class Pace {
  private readonly delays: number[] = [];
  private readonly works: number[] = [];
  private draws: number[] = [];
  private newestWallTime = NaN;
  private drawn = 0;
  private slow = 0;

  /** @param openedMs since 1970 */
  constructor(private readonly openedMs = Date.now()) {}

  /** @param wallTime of the newest row that was drawn, ms since 1970; NaN: not known, or not followed */
  note(nowMs: number, workMs: number, wallTime: number): void {
    this.draws.push(nowMs);
    this.drawn += 1;
    if (workMs > slowMs) this.slow += 1;
    push(this.works, workMs);
    // Only rows that have not been on the screen before tell how late they are, and only those made since somebody looks.
    if (!(wallTime >= this.openedMs) || wallTime === this.newestWallTime) return;
    this.newestWallTime = wallTime;
    push(this.delays, Math.max(0, Date.now() - wallTime));
  }

  read(nowMs: number): PaceReading {
    this.draws = this.draws.filter((at) => nowMs - at < spanMs);
    return {
      delayP50: quantile(this.delays, 0.5), delayP99: quantile(this.delays, 0.99),
      framesPerSecond: (this.draws.length * 1000) / spanMs, workP50: quantile(this.works, 0.5),
      drawn: this.drawn, slow: this.slow,
    };
  }
}

function push(samples: number[], value: number): void {
  samples.push(value);
  if (samples.length > samplesMax) samples.splice(0, samples.length - samplesMax);
}

/** NaN without samples. */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) return NaN;
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
}
