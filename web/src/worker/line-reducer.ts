// Reduces one line to the pixels of a chart: smallest and largest value per bucket of the axis.
//
// Buckets are counted from 0, never from the edge of the window, so that a line does not shimmer while it scrolls, and rows
// that have been looked at are not looked at again: a long window costs no more per frame than a short one.

import { markFilled, markLowFirst, markNotFinite, TimeAxis } from "./protocol";
import { Rows } from "./rows";

/** Which buckets a chart shows: `count` of them from number `first`, each `width` wide. */
export interface BucketRange {
  axis: TimeAxis;
  first: number;
  count: number;
  width: number;
}

/** The buckets for a view of about `columns` pixels, with one more at each edge. */
export function bucketRange(axis: TimeAxis, from: number, to: number, columns: number): BucketRange {
  const smallest = Number.EPSILON * Math.max(1, Math.abs(from), Math.abs(to));
  // to - from of a moving window differs in its last digits from frame to frame: the width must not, or nothing could be kept.
  const width = Number(Math.max((to - from) / Math.max(1, columns), smallest).toPrecision(9));
  const first = Math.floor(from / width) - 1;
  return { axis, first, count: Math.floor(to / width) + 2 - first, width };
}

export class LineReducer {
  private slots = 0;
  private marks = new Uint8Array(0);
  private lows = new Float64Array(0);
  private highs = new Float64Array(0);
  /** The bucket that a slot holds: slots are used again as time goes on. */
  private buckets = new Float64Array(0);
  private axis: TimeAxis = "frame";
  private width = 0;
  private first = 0;
  private nextRow = 0;
  private generation = -1;
  private insertions = 0;
  private rows: Rows | null = null;
  private column = -1;
  private from = -Infinity;

  /** Brings its buckets up to the rows, leaving out those before frame `from`. `add` then gives them. */
  take(rows: Rows, column: number, range: BucketRange, from: number): void {
    const isSame = rows === this.rows && column === this.column && rows.generation === this.generation && from === this.from
      && range.axis === this.axis && range.width === this.width && range.count <= this.slots && range.first >= this.first;
    if (!isSame) this.restart(rows, column, range, from);
    if (rows.insertions !== this.insertions) {
      this.insertions = rows.insertions;
      this.nextRow = Math.max(this.nextRow - rows.lateDepth - 1, rows.firstRowFrom(from, "frame"));
    }
    this.first = range.first;
    this.takeRows(rows, range.first + range.count);
  }

  /** Puts the buckets into `values` (lows from `at`, highs from `at + count`) and `marks`; joins what is there already. */
  add(range: BucketRange, values: Float64Array, marks: Uint8Array, valuesAt: number, marksAt: number): void {
    for (let index = 0; index < range.count; index += 1) {
      const bucket = range.first + index;
      const slot = this.slotOf(bucket);
      if (this.buckets[slot] !== bucket) continue;
      const mark = this.marks[slot] as number;
      const before = marks[marksAt + index] as number;
      if ((mark & markFilled) !== 0) {
        const low = this.lows[slot] as number;
        const high = this.highs[slot] as number;
        const isJoined = (before & markFilled) !== 0;
        values[valuesAt + index] = isJoined ? Math.min(low, values[valuesAt + index] as number) : low;
        const highAt = valuesAt + range.count + index;
        values[highAt] = isJoined ? Math.max(high, values[highAt] as number) : high;
      }
      marks[marksAt + index] = before | mark;
    }
  }

  private restart(rows: Rows, column: number, range: BucketRange, from: number): void {
    if (range.count > this.slots) {
      this.slots = range.count + 8;
      this.marks = new Uint8Array(this.slots);
      this.lows = new Float64Array(this.slots);
      this.highs = new Float64Array(this.slots);
      this.buckets = new Float64Array(this.slots);
    }
    this.buckets.fill(NaN);
    this.rows = rows;
    this.column = column;
    this.from = from;
    this.axis = range.axis;
    this.generation = rows.generation;
    this.insertions = rows.insertions;
    this.width = range.width;
    // Half a bucket early: a row at the very edge may belong to the bucket although its time is below the rounded product.
    const inView = rows.firstRowFrom((range.first - 0.5) * range.width, range.axis);
    this.nextRow = from === -Infinity ? inView : Math.max(inView, rows.firstRowFrom(from, "frame"));
  }

  private takeRows(rows: Rows, endBucket: number): void {
    let row = Math.max(this.nextRow, rows.oldestOn(this.axis));
    for (; row < rows.nextRow; row += 1) {
      const bucket = Math.floor(rows.at(row, this.axis) / this.width);
      if (bucket >= endBucket) break;
      const value = rows.valueAt(row, this.column);
      if (bucket >= this.first && (value === value || rows.has(row, this.column))) this.addValue(bucket, value);
    }
    this.nextRow = row;
  }

  private slotOf(bucket: number): number {
    return ((bucket % this.slots) + this.slots) % this.slots;
  }

  private addValue(bucket: number, value: number): void {
    const slot = this.slotOf(bucket);
    if (this.buckets[slot] !== bucket) {
      this.buckets[slot] = bucket;
      this.marks[slot] = 0;
    }
    const mark = this.marks[slot] as number;
    if (!Number.isFinite(value)) {
      this.marks[slot] = mark | markNotFinite;
    } else if ((mark & markFilled) === 0) {
      this.marks[slot] = mark | markFilled | markLowFirst;
      this.lows[slot] = value;
      this.highs[slot] = value;
    } else if (value < (this.lows[slot] as number)) {
      this.lows[slot] = value;
      this.marks[slot] = mark & ~markLowFirst;
    } else if (value > (this.highs[slot] as number)) {
      this.highs[slot] = value;
      this.marks[slot] = mark | markLowFirst;
    }
  }
}
