// Where events of the run are missing, by frame: refused by the engine's ring or lost on the way (the run's counters say how
// many, the frames between two looks at them say where), or not sent to this page.

import { Signal } from "../base/signal";
import { RunDetail } from "../wire/run-types";
import { Loss } from "../worker/protocol";

export interface LossRange {
  from: number;
  to: number;
  /** 0: nobody knows how many. */
  count: number;
  words: string;
}

const rangesMax = 200;

export class LossLog {
  readonly ranges = new Signal<readonly LossRange[]>([]);
  private seen: { frame: number; refused: number; lost: number } | null = null;

  add(loss: Loss): void {
    const words = loss.kind === "skipped" ? "not sent to this page, which was too slow" : "not in the live buffer any longer";
    this.push({ from: loss.from, to: loss.to, count: loss.count, words });
  }

  noteRun(run: RunDetail): void {
    const now = { frame: run.lastFrame, refused: run.refused, lost: run.lost };
    const before = this.seen;
    this.seen = now;
    // What was missing before the first look has no place: the counters show it.
    if (!before || run.status !== "running") return;
    for (const [name, words] of [["refused", "refused: the ring was full"], ["lost", "lost on the way to storage"]] as const) {
      const count = now[name] - before[name];
      if (count > 0) this.push({ from: before.frame, to: Math.max(now.frame, before.frame + 1), count, words });
    }
  }

  private push(range: LossRange): void {
    const last = this.ranges.value[this.ranges.value.length - 1];
    // Losses that go on are one stretch.
    const others = last && last.words === range.words && range.from <= last.to + 1 ? this.ranges.value.slice(0, -1) : this.ranges.value;
    const joined = others === this.ranges.value || !last ? range : { ...range, from: last.from, count: last.count + range.count };
    this.ranges.value = [...others, joined].slice(-rangesMax);
  }
}
