// Where events of the run are missing, by frame: what the collector has noted of the run, whoever watched, and what was not sent to
// this page.

import { Signal } from "../base/signal";
import { Loss } from "../protocol/protocol";
import { RunDetail } from "../wire/run-types";

export interface LossRange {
  from: number;
  to: number;
  /** 0: nobody knows how many. */
  count: number;
  words: string;
}

const rangesMax = 200;

const refusedWords = new Map([
  ["full", "the ring was full"], ["size", "too large"], ["type", "of an unknown type"], ["state", "after the end of the run"],
  ["writer", "too many threads"], ["fork", "in a forked process"],
]);
const lostWords = new Map([
  ["overwritten", "overwritten in the ring"], ["spool_full", "the spool was full"], ["disk_error", "the disk failed"],
  ["malformed", "not what their type says"], ["spool_damaged", "the spool was damaged"],
  ["refused_by_storage", "ClickHouse refused them"], ["rings_gone", "the machine was restarted"],
]);

export class LossLog {
  readonly ranges = new Signal<readonly LossRange[]>([]);
  /** Of this page alone. */
  private own: readonly LossRange[] = [];
  private ofRun: readonly LossRange[] = [];
  private seen = "";

  add(loss: Loss): void {
    const words = loss.kind === "skipped" ? "not sent to this page, which was too slow" : "not in the live buffer any longer";
    const last = this.own[this.own.length - 1];
    // Losses that go on are one stretch.
    const joins = last !== undefined && last.words === words && loss.from <= last.to + 1;
    const range = joins ? { from: last.from, to: loss.to, count: last.count + loss.count, words } : { from: loss.from, to: loss.to, count: loss.count, words };
    this.own = [...(joins ? this.own.slice(0, -1) : this.own), range].slice(-rangesMax);
    this.ranges.value = [...this.ofRun, ...this.own];
  }

  noteRun({ losses }: Pick<RunDetail, "losses">): void {
    const seen = JSON.stringify(losses);
    if (seen === this.seen) return;
    this.seen = seen;
    this.ofRun = losses.map(({ kind, reason, from, to, count }) => {
      const words = kind === "refused" ? `refused: ${refusedWords.get(reason) ?? reason}` : `lost: ${lostWords.get(reason) ?? reason}`;
      return { from, to: Math.max(to, from + 1), count, words };
    });
    this.ranges.value = [...this.ofRun, ...this.own];
  }
}
