// Reduces one line to the pixels of a chart: smallest and largest value per bucket of the axis.
//
// Buckets are counted from 0, never from the edge of the window, so that a line does not shimmer while it scrolls, and rows
// that have been looked at are not looked at again: a long window costs no more per frame than a short one.

import { markBroken, markCoarse, markFilled, markLowFirst, markNotFinite, TimeAxis } from "../protocol/protocol";
import { gapLimit, gapPlace } from "./gaps";
import { Rows, Stretch } from "./rows";

/** Thinned rows that stand for more than so many pixels are no line. */
const coarsePixelsMin = 3;

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
  /** Where the last value lay, and from which distance to it on a next one is no neighbour. */
  private lastPlace = NaN;
  private limit = Infinity;
  private isCoarse = false;
  private before = NaN;
  private generation = -1;
  private insertions = 0;
  private rows: Rows | null = null;
  private column = -1;
  private from = -Infinity;

  /**
   * Brings its buckets up to the rows, leaving out those before frame `from`. `add` then gives them. `before`: the frame of the
   * line's last value that other rows hold; NaN: there is none.
   */
  take(rows: Rows, column: number, range: BucketRange, from: number, before = NaN): void {
    const stretches = rows.stretches(range.axis);
    const limit = gapLimit(rows, column);
    const isSame = rows === this.rows && column === this.column && rows.generation === this.generation && from === this.from
      && range.axis === this.axis && range.width === this.width && range.count <= this.slots && range.first >= this.first
      && limit === this.limit && Object.is(before, this.before);
    this.before = before;
    if (stretches?.length === 1) {
      if (!isSame) this.restart(rows, column, range, from, limit);
      if (rows.insertions !== this.insertions) this.goBack(rows, from);
      this.first = range.first;
      this.nextRow = this.takeRows(rows, Math.max(this.nextRow, rows.oldestOn(this.axis)), rows.nextRow, range.first + range.count);
      return;
    }
    // Its time goes back somewhere: each stretch is looked through anew, as far as it lies in view.
    this.restart(rows, column, range, from, limit);
    this.first = range.first;
    const begin = from === -Infinity ? rows.oldestRow : rows.firstRowFrom(from, "frame");
    for (const stretch of stretches ?? [{ begin: rows.oldestOn(range.axis), end: rows.nextRow }]) {
      const start = stretches ? Math.max(begin, this.firstInView(rows, range, stretch)) : Math.max(begin, stretch.begin);
      // On this axis the stretches lie apart, in whatever order.
      this.lastPlace = -Infinity;
      this.takeRows(rows, start, stretch.end, stretches ? range.first + range.count : Infinity, range.first + range.count);
    }
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

  private restart(rows: Rows, column: number, range: BucketRange, from: number, limit: number): void {
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
    this.limit = limit;
    this.lastPlace = NaN;
    this.isCoarse = rows.grain > 1 && grainOn(rows, range.axis) > range.width * coarsePixelsMin;
    const inView = this.firstInView(rows, range);
    const own = from === -Infinity ? rows.oldestRow : rows.firstRowFrom(from, "frame");
    this.nextRow = Math.max(inView, own);
    if (this.nextRow === own) this.lastPlace = this.before;
  }

  private firstInView(rows: Rows, range: BucketRange, stretch?: Stretch): number {
    // Half a bucket early: a row at the very edge may belong to the bucket although its time is below the rounded product.
    return rows.firstRowFrom((range.first - 0.5) * range.width, range.axis, stretch);
  }

  /** Rows were put in among those that were looked at: begins again with the bucket of the first of them. */
  private goBack(rows: Rows, from: number): void {
    this.insertions = rows.insertions;
    const oldest = Math.max(rows.oldestOn(this.axis), from === -Infinity ? rows.oldestRow : rows.firstRowFrom(from, "frame"));
    let row = Math.max(this.nextRow - rows.lateDepth - 1, oldest);
    const bucket = this.bucketOf(rows, row);
    while (row > oldest && this.bucketOf(rows, row - 1) === bucket) row -= 1;
    for (let slot = 0; slot < this.slots; slot += 1) if ((this.buckets[slot] as number) >= bucket) this.buckets[slot] = NaN;
    this.nextRow = Math.min(row, this.nextRow);
    let before = this.nextRow - 1;
    while (before >= oldest && !rows.has(before, this.column)) before -= 1;
    this.lastPlace = before >= oldest ? gapPlace(rows, before) : NaN;
  }

  private bucketOf(rows: Rows, row: number): number {
    return Math.floor(rows.at(row, this.axis) / this.width);
  }

  /** Takes rows up to the first one beyond bucket `stopAt`, leaving out those from bucket `endBucket` on. The row to go on with. */
  private takeRows(rows: Rows, begin: number, end: number, stopAt: number, endBucket = stopAt): number {
    let row = begin;
    for (; row < end; row += 1) {
      const bucket = this.bucketOf(rows, row);
      if (bucket >= stopAt) break;
      const value = rows.valueAt(row, this.column);
      if (value !== value && !rows.has(row, this.column)) continue;
      const place = gapPlace(rows, row);
      if (bucket >= this.first && bucket < endBucket) this.addValue(bucket, value, place - this.lastPlace > this.limit || this.isCoarse);
      this.lastPlace = place;
    }
    return row;
  }

  private slotOf(bucket: number): number {
    return ((bucket % this.slots) + this.slots) % this.slots;
  }

  /** `isBroken`: the value before it is no neighbour. */
  private addValue(bucket: number, value: number, isBroken: boolean): void {
    const slot = this.slotOf(bucket);
    if (this.buckets[slot] !== bucket) {
      this.buckets[slot] = bucket;
      this.marks[slot] = (isBroken ? markBroken : 0) | (this.isCoarse ? markCoarse : 0);
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

/** How wide on an axis a stretch of frames is of which the extremes were kept. */
function grainOn(rows: Rows, axis: TimeAxis): number {
  if (axis === "frame" || rows.isEmpty) return rows.grain;
  const [extent, frames] = [rows.extent(axis), rows.frameAt(rows.nextRow - 1) - rows.frameAt(rows.oldestRow)];
  return extent && frames > 0 ? rows.grain * ((extent.to - extent.from) / frames) : 0;
}
