// Reduces one line to the pixels of a chart: lowest and highest value per bucket of simulation time.
//
// Buckets are counted from time 0, never from the edge of the window, so that a line does not shimmer while it scrolls, and
// rows that have been looked at are never looked at again: a long window costs no more per frame than a short one.

import { Stream } from "../data/stream";

/** `null` breaks a line, `undefined` lets it pass (no sample in this bucket). */
export type PlotValue = number | null | undefined;

/** Which buckets a chart shows: `count` of them from number `first`, each `width` seconds wide. */
export interface BucketRange {
  first: number;
  count: number;
  width: number;
}

/** The buckets for a view of about `columns` pixels, with one more at each edge. */
export function bucketRange(from: number, to: number, columns: number): BucketRange {
  const smallest = Number.EPSILON * Math.max(1, Math.abs(from), Math.abs(to));
  // to - from of a moving window differs in its last digits from frame to frame: the width must not, or nothing could be kept.
  const width = Number(Math.max((to - from) / Math.max(1, columns), smallest).toPrecision(9));
  const first = Math.floor(from / width) - 1;
  return { first, count: Math.floor(to / width) + 2 - first, width };
}

/** Two times per bucket, since each bucket gives two values. */
export function bucketTimes(range: BucketRange): number[] {
  const times = new Array<number>(range.count * 2);
  for (let index = 0; index < range.count; index += 1) {
    const start = (range.first + index) * range.width;
    times[2 * index] = start + range.width / 4;
    times[2 * index + 1] = start + (range.width * 3) / 4;
  }
  return times;
}

const empty = 0;
const gap = 1;
const filled = 2;

export class BucketLine {
  private slots = 0;
  private states = new Uint8Array(0);
  private lowIsFirst = new Uint8Array(0);
  private lows = new Float64Array(0);
  private highs = new Float64Array(0);
  /** The bucket that a slot holds: slots are used again as time goes on. */
  private buckets = new Float64Array(0);
  private width = 0;
  private first = 0;
  private nextRow = 0;
  private generation = -1;
  private stream: Stream | null = null;
  private column = -1;

  /** The values for `bucketTimes(range)`. */
  values(stream: Stream, column: number, range: BucketRange): PlotValue[] {
    const isSame = stream === this.stream && column === this.column && stream.generation === this.generation;
    if (!isSame || range.width !== this.width || range.count > this.slots || range.first < this.first) {
      this.restart(stream, column, range);
    }
    this.first = range.first;
    this.takeRows(range.first + range.count);
    return this.collect(range);
  }

  private restart(stream: Stream, column: number, range: BucketRange): void {
    if (range.count > this.slots) {
      this.slots = range.count + 8;
      this.states = new Uint8Array(this.slots);
      this.lowIsFirst = new Uint8Array(this.slots);
      this.lows = new Float64Array(this.slots);
      this.highs = new Float64Array(this.slots);
      this.buckets = new Float64Array(this.slots);
    }
    this.buckets.fill(NaN);
    this.stream = stream;
    this.column = column;
    this.generation = stream.generation;
    this.width = range.width;
    // Half a bucket early: a row at the very edge may belong to the bucket although its time is below the rounded product.
    this.nextRow = stream.firstRowFrom((range.first - 0.5) * range.width);
  }

  private takeRows(endBucket: number): void {
    const stream = this.stream as Stream;
    let row = Math.max(this.nextRow, stream.oldestRow);
    for (; row < stream.nextRow; row += 1) {
      const bucket = Math.floor(stream.timeAt(row) / this.width);
      if (bucket >= endBucket) break;
      this.add(bucket, stream.valueAt(row, this.column));
    }
    this.nextRow = row;
  }

  private slotOf(bucket: number): number {
    return ((bucket % this.slots) + this.slots) % this.slots;
  }

  private add(bucket: number, value: number): void {
    const slot = this.slotOf(bucket);
    if (this.buckets[slot] !== bucket) {
      this.buckets[slot] = bucket;
      this.states[slot] = empty;
    }
    const state = this.states[slot];
    if (!Number.isFinite(value)) {
      if (state === empty) this.states[slot] = gap;
    } else if (state !== filled) {
      this.states[slot] = filled;
      this.lows[slot] = value;
      this.highs[slot] = value;
      this.lowIsFirst[slot] = 1;
    } else if (value < (this.lows[slot] as number)) {
      this.lows[slot] = value;
      this.lowIsFirst[slot] = 0;
    } else if (value > (this.highs[slot] as number)) {
      this.highs[slot] = value;
      this.lowIsFirst[slot] = 1;
    }
  }

  private collect(range: BucketRange): PlotValue[] {
    const values = new Array<PlotValue>(range.count * 2);
    for (let index = 0; index < range.count; index += 1) {
      const slot = this.slotOf(range.first + index);
      const state = this.buckets[slot] === range.first + index ? this.states[slot] : empty;
      let left: PlotValue;
      let right: PlotValue;
      if (state === gap) {
        left = right = null;
      } else if (state === filled) {
        const lowFirst = this.lowIsFirst[slot] === 1;
        left = lowFirst ? this.lows[slot] : this.highs[slot];
        right = lowFirst ? this.highs[slot] : this.lows[slot];
      }
      values[2 * index] = left;
      values[2 * index + 1] = right;
    }
    return values;
  }
}
