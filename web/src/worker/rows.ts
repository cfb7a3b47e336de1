// Rows of one instance of one event type: frame, both times and a column per field, sorted by frame.
//
// Rows are named by their number since the stream began, which stays the same while old rows are given up. Readable are the
// rows oldestRow <= row < nextRow. Rows of several rings may come a little late; they are put where they belong, and whoever
// has read already looks at the last `lateDepth` rows again.

import { TimeAxis } from "../protocol/protocol";

/** Bytes that all rows may hold together. Used up = the oldest rows go. */
export class MemoryBudget {
  private used = 0;

  constructor(readonly bytesMax: number) {}

  get bytesUsed(): number {
    return this.used;
  }

  take(bytes: number): boolean {
    if (this.used + bytes > this.bytesMax) return false;
    this.used += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.used -= bytes;
  }
}

/**
 * The high half of a NaN that was measured. A place that holds no value is the usual NaN, which compares the same and is told
 * apart by its bits.
 */
const measuredNaN = 0x7ff80001;
const firstCapacity = 256;
const bytesPerValue = 8;
/** Rows that come later than this many others are counted and left out. */
const lateDepthMax = 8192;
/** The part of a full array that is given up at once. */
const givenUpShare = 4;
/** An axis that goes back more often than this is no clock: its rows are looked at one by one. */
const stretchesMax = 64;

/** Where an axis goes up: from row `begin` up to, not with, row `end`. */
export interface Stretch {
  begin: number;
  end: number;
}

/** What is known of an axis that may go back. */
interface Turns {
  generation: number;
  /** Rows at which it goes back, among those before `scanned`. */
  rows: number[];
  scanned: number;
}

export class Rows {
  /** Changes when rows were thrown away other than by age, so that readers start again. */
  generation = 0;
  lateRows = 0;
  /** The highest frame among those; -1: there was none. */
  lateFrame = -1;
  /** Rows that were put in among others, and how far from the end at most. */
  insertions = 0;
  lateDepth = 0;
  private capacity = 0;
  private length = 0;
  /** Number of the row that lies first in the arrays. */
  private firstRow = 0;
  /** Simulation time goes up from this row on. */
  private simTimeRow = 0;
  private readonly axes: Record<TimeAxis, Float64Array> = {
    frame: new Float64Array(0), simTime: new Float64Array(0), wallTime: new Float64Array(0),
  };
  private columns: Float64Array[] = [];
  private readonly columnOf = new Map<string, number>();
  /**
   * The database has kept of each so many frames, counted from `grainOrigin`, the smallest and the largest value only; 1: all rows
   * are here.
   */
  grain = 1;
  grainOrigin = 0;
  /** The live stream has left rows out among these. */
  isThinned = false;
  private readonly turns = new Map<TimeAxis, Turns>();

  /** @param capacityMax rows, a power of two */
  constructor(private readonly capacityMax: number, private readonly budget: MemoryBudget) {
    this.resize(Math.min(firstCapacity, capacityMax), true);
  }

  get nextRow(): number {
    return this.firstRow + this.length;
  }

  get oldestRow(): number {
    return this.firstRow;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** The first row that can be found on an axis: simulation time may have been set back. */
  oldestOn(axis: TimeAxis): number {
    return axis === "simTime" ? Math.max(this.firstRow, this.simTimeRow) : this.firstRow;
  }

  /**
   * The stretches of rows in which an axis goes up, in which one may search. Clocks are set back, senders give any time they like.
   * Null: it goes back too often for that.
   */
  stretches(axis: TimeAxis): readonly Stretch[] | null {
    const oldest = this.oldestOn(axis);
    if (this.nextRow === oldest) return [];
    const turns = axis === "frame" ? [] : this.turnsOf(axis).filter((row) => row > oldest);
    if (turns.length >= stretchesMax) return null;
    return [oldest, ...turns].map((begin, index) => ({ begin, end: turns[index] ?? this.nextRow }));
  }

  /** From the smallest place on an axis to the largest; null if there is none. */
  extent(axis: TimeAxis): { from: number; to: number } | null {
    let [from, to] = [Infinity, -Infinity];
    const note = (row: number) => {
      const place = this.at(row, axis);
      if (place < from) from = place;
      if (place > to) to = place;
    };
    const stretches = this.stretches(axis);
    for (const { begin, end } of stretches ?? []) {
      note(this.firstPlaced(begin, end, axis));
      note(end - 1);
    }
    if (!stretches) for (let row = this.oldestOn(axis); row < this.nextRow; row += 1) note(row);
    return from <= to ? { from, to } : null;
  }

  private firstPlaced(begin: number, end: number, axis: TimeAxis): number {
    let row = begin;
    while (row < end - 1 && Number.isNaN(this.at(row, axis))) row += 1;
    return row;
  }

  private turnsOf(axis: TimeAxis): readonly number[] {
    let turns = this.turns.get(axis);
    if (!turns || turns.generation !== this.generation) this.turns.set(axis, turns = { generation: this.generation, rows: [], scanned: this.firstRow });
    if ((turns.rows[0] ?? this.firstRow) < this.firstRow) turns.rows = turns.rows.filter((row) => row >= this.firstRow);
    const values = this.axes[axis];
    for (let place = Math.max(1, turns.scanned - this.firstRow); place < this.length; place += 1) {
      if ((values[place] as number) < (values[place - 1] as number)) turns.rows.push(this.firstRow + place);
    }
    turns.scanned = this.nextRow;
    return turns.rows;
  }

  /** Rows were put in at `row`: what lies behind it has to be looked at again. */
  private forgetTurns(row: number): void {
    for (const turns of this.turns.values()) {
      turns.scanned = Math.min(turns.scanned, row);
      turns.rows = turns.rows.filter((turn) => turn < row);
    }
  }

  at(row: number, axis: TimeAxis): number {
    return this.axes[axis][row - this.firstRow] as number;
  }

  frameAt(row: number): number {
    return this.axes.frame[row - this.firstRow] as number;
  }

  /** `column` is an answer of `column(name)`; -1 reads as NaN. */
  valueAt(row: number, column: number): number {
    return column < 0 ? NaN : (this.columns[column] as Float64Array)[row - this.firstRow] as number;
  }

  /** The column's number, -1 if the rows have no such field (yet). */
  column(name: string): number {
    return this.columnOf.get(name) ?? -1;
  }

  /** Adds the column if it is new: older rows read as NaN there. Its number, -1 if memory is used up. */
  addColumn(name: string): number {
    const known = this.columnOf.get(name);
    if (known !== undefined) return known;
    if (!this.budget.take(this.capacity * bytesPerValue)) return -1;
    this.columnOf.set(name, this.columns.length);
    this.columns.push(new Float64Array(this.capacity).fill(NaN));
    return this.columns.length - 1;
  }

  /** Adds a row whose values are all NaN until `set` fills them. Its number, -1 if it is too late (and counted). */
  add(frame: number, simTime: number, wallTime: number): number {
    if (this.length === this.capacity) this.makeRoom();
    let place = this.length;
    if (place > 0 && frame < (this.axes.frame[place - 1] as number)) {
      place = this.insertionPlace(frame);
      if (place < 0) {
        this.lateRows += 1;
        this.lateFrame = Math.max(this.lateFrame, frame);
        return -1;
      }
      this.lateDepth = Math.max(this.lateDepth, this.length - place);
      this.insertions += 1;
      for (const values of this.all()) values.copyWithin(place + 1, place, this.length);
      this.forgetTurns(this.firstRow + place);
    }
    this.axes.frame[place] = frame;
    this.axes.simTime[place] = simTime;
    // A row without a wall time lies where the one before it does: the axis must not go back.
    this.axes.wallTime[place] = Number.isNaN(wallTime) && place > 0 ? this.axes.wallTime[place - 1] as number : wallTime;
    for (const column of this.columns) column[place] = NaN;
    this.length += 1;
    const row = this.firstRow + place;
    if (place === this.length - 1 && place > 0 && simTime < (this.axes.simTime[place - 1] as number)) this.simTimeRow = row;
    return row;
  }

  set(row: number, column: number, value: number): void {
    const values = this.columns[column] as Float64Array;
    values[row - this.firstRow] = value;
    if (value !== value) (new Uint32Array(values.buffer))[2 * (row - this.firstRow) + 1] = measuredNaN;
  }

  /** Whether the row has a value in the column, be it NaN. */
  has(row: number, column: number): boolean {
    const value = this.valueAt(row, column);
    if (value === value) return true;
    if (column < 0) return false;
    const halves = new Uint32Array((this.columns[column] as Float64Array).buffer);
    return halves[2 * (row - this.firstRow) + 1] === measuredNaN;
  }

  clear(): void {
    this.firstRow += this.length;
    this.length = 0;
    this.simTimeRow = this.firstRow;
    this.generation += 1;
  }

  /** Gives the memory back; the rows are not used afterwards. */
  release(): void {
    this.budget.giveBack(this.bytes());
    this.capacity = 0;
    this.length = 0;
    this.columns = [];
    this.generation += 1;
  }

  /** The first row of a stretch that lies at or behind `position` of an axis; its end if there is none. */
  firstRowFrom(position: number, axis: TimeAxis, stretch: Stretch = { begin: this.oldestOn(axis), end: this.nextRow }): number {
    const values = this.axes[axis];
    let low = stretch.begin - this.firstRow;
    let high = stretch.end - this.firstRow;
    while (low < high) {
      const middle = (low + high) >> 1;
      // Written so that NaN (no wall time yet) counts as early.
      if (!((values[middle] as number) >= position)) low = middle + 1;
      else high = middle;
    }
    return this.firstRow + low;
  }

  /** The row nearest to `position`; -1 if there is none. */
  nearestRow(position: number, axis: TimeAxis): number {
    let [best, distance] = [-1, Infinity];
    const note = (row: number) => {
      const away = Math.abs(this.at(row, axis) - position);
      if (best < 0 || away < distance) [best, distance] = [row, Number.isNaN(away) ? Infinity : away];
    };
    const stretches = this.stretches(axis);
    for (const stretch of stretches ?? []) {
      const after = this.firstRowFrom(position, axis, stretch);
      if (after > stretch.begin) note(after - 1);
      if (after < stretch.end) note(after);
    }
    if (!stretches) for (let row = this.oldestOn(axis); row < this.nextRow; row += 1) note(row);
    return best;
  }

  private insertionPlace(frame: number): number {
    const frames = this.axes.frame;
    const lowest = Math.max(0, this.length - lateDepthMax);
    let place = this.length;
    while (place > lowest && (frames[place - 1] as number) > frame) place -= 1;
    // At the very beginning of a full array there is no telling what lay before it.
    return place === lowest && (lowest > 0 || this.firstRow > 0) ? -1 : place;
  }

  private all(): Float64Array[] {
    return [this.axes.frame, this.axes.simTime, this.axes.wallTime, ...this.columns];
  }

  private bytes(): number {
    return this.capacity * bytesPerValue * (this.columns.length + 3);
  }

  private makeRoom(): void {
    if (this.capacity < this.capacityMax && this.resize(this.capacity * 2, false)) return;
    const given = Math.max(1, Math.floor(this.capacity / givenUpShare));
    for (const values of this.all()) values.copyWithin(0, given, this.length);
    this.firstRow += given;
    this.length -= given;
  }

  private resize(capacity: number, must: boolean): boolean {
    const bytes = (capacity - this.capacity) * bytesPerValue * (this.columns.length + 3);
    if (!this.budget.take(bytes) && !must) return false;
    const grown = (from: Float64Array): Float64Array => {
      const to = new Float64Array(capacity).fill(NaN);
      to.set(from.subarray(0, this.length));
      return to;
    };
    this.axes.frame = grown(this.axes.frame);
    this.axes.simTime = grown(this.axes.simTime);
    this.axes.wallTime = grown(this.axes.wallTime);
    this.columns = this.columns.map(grown);
    this.capacity = capacity;
    return true;
  }
}
