// The newest rows of one instance of one event type: ring arrays of doubles, a column per field, sorted by simulation time.
//
// Rows are named by their number since the stream began, which stays the same while the ring goes round and grows.
// Readable are the rows oldestRow <= row < nextRow.

/** Bytes that all streams of a page may hold together. Used up = rings stop growing and overwrite their oldest rows. */
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

  clear(): void {
    this.used = 0;
  }
}

const firstCapacity = 256;
const bytesPerValue = 8;

export class Stream {
  /** Changes when rows were thrown away other than by age, so that readers start again. */
  generation = 0;
  /** Rows that came too late to be drawn (older than the newest by simulation time). */
  lateRows = 0;
  private capacity = 0;
  private times = new Float64Array(0);
  private frames = new Float64Array(0);
  private columns: Float64Array[] = [];
  private readonly columnOf = new Map<string, number>();
  private rows = 0;

  /** @param capacityMax rows, a power of two */
  constructor(private readonly capacityMax: number, private readonly budget: MemoryBudget) {
    this.resize(Math.min(firstCapacity, capacityMax), true);
  }

  get nextRow(): number {
    return this.rows;
  }

  get oldestRow(): number {
    return Math.max(0, this.rows - this.capacity);
  }

  get isEmpty(): boolean {
    return this.rows === 0;
  }

  get newestTime(): number {
    return this.rows === 0 ? NaN : this.timeAt(this.rows - 1);
  }

  get newestFrame(): number {
    return this.rows === 0 ? NaN : this.frameAt(this.rows - 1);
  }

  get oldestTime(): number {
    return this.rows === 0 ? NaN : this.timeAt(this.oldestRow);
  }

  timeAt(row: number): number {
    return this.times[row & (this.capacity - 1)] as number;
  }

  frameAt(row: number): number {
    return this.frames[row & (this.capacity - 1)] as number;
  }

  /** `column` is an answer of `column(name)`; -1 reads as NaN. */
  valueAt(row: number, column: number): number {
    return column < 0 ? NaN : (this.columns[column] as Float64Array)[row & (this.capacity - 1)] as number;
  }

  /** The column's number, -1 if the stream has no such field (yet). */
  column(name: string): number {
    return this.columnOf.get(name) ?? -1;
  }

  /** Adds the column if it is new: older rows read as NaN there. False if memory is used up. */
  addColumn(name: string): boolean {
    if (this.columnOf.has(name)) return true;
    if (!this.budget.take(this.capacity * bytesPerValue)) return false;
    this.columnOf.set(name, this.columns.length);
    this.columns.push(new Float64Array(this.capacity).fill(NaN));
    return true;
  }

  /**
   * Adds a row whose values are all NaN until `set` fills them. False, and counted, if it is older than the newest row.
   * A frame that goes on while time goes back means that the simulation's clock was set back: the stream starts again.
   */
  append(time: number, frame: number): boolean {
    if (this.rows > 0 && time < this.newestTime) {
      if (!(frame > this.newestFrame)) {
        this.lateRows += 1;
        return false;
      }
      this.clear();
    }
    if (this.rows === this.capacity && this.capacity < this.capacityMax) this.resize(this.capacity * 2, false);
    const slot = this.rows & (this.capacity - 1);
    this.times[slot] = time;
    this.frames[slot] = frame;
    for (const column of this.columns) column[slot] = NaN;
    this.rows += 1;
    return true;
  }

  /** Sets a value of the newest row. */
  set(column: number, value: number): void {
    (this.columns[column] as Float64Array)[(this.rows - 1) & (this.capacity - 1)] = value;
  }

  clear(): void {
    this.rows = 0;
    this.generation += 1;
  }

  /** Gives the memory back to the budget; the stream is not used afterwards. */
  release(): void {
    this.budget.giveBack(this.bytes());
    this.capacity = 0;
    this.rows = 0;
    this.columns = [];
  }

  /** The first row whose time is >= `time`; nextRow if there is none. */
  firstRowFrom(time: number): number {
    let low = this.oldestRow;
    let high = this.rows;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.timeAt(middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The row whose time is nearest to `time`; -1 if there is no row. */
  nearestRow(time: number): number {
    if (this.rows === 0) return -1;
    const after = this.firstRowFrom(time);
    if (after >= this.rows) return this.rows - 1;
    if (after <= this.oldestRow) return after;
    return time - this.timeAt(after - 1) <= this.timeAt(after) - time ? after - 1 : after;
  }

  /** A copy of the rows between two times, outside of any budget: it is as big as what a chart shows at most. */
  copy(from: number, to: number): Stream {
    const first = this.firstRowFrom(from);
    let last = first;
    while (last < this.rows && this.timeAt(last) <= to) last += 1;
    let capacity = 1;
    while (capacity < last - first) capacity *= 2;
    const made = new Stream(capacity, new MemoryBudget(Infinity));
    for (const name of this.columnOf.keys()) made.addColumn(name);
    for (let row = first; row < last; row += 1) {
      made.append(this.timeAt(row), this.frameAt(row));
      for (let column = 0; column < this.columns.length; column += 1) made.set(column, this.valueAt(row, column));
    }
    made.lateRows = this.lateRows;
    return made;
  }

  private bytes(): number {
    return this.capacity * bytesPerValue * (this.columns.length + 2);
  }

  private resize(capacity: number, must: boolean): void {
    const bytes = (capacity - this.capacity) * bytesPerValue * (this.columns.length + 2);
    if (!this.budget.take(bytes) && !must) return;
    const old = this.capacity;
    const move = (from: Float64Array): Float64Array => {
      const to = new Float64Array(capacity).fill(NaN);
      for (let row = Math.max(0, this.rows - old); row < this.rows; row += 1) {
        to[row & (capacity - 1)] = from[row & (old - 1)] as number;
      }
      return to;
    };
    this.times = move(this.times);
    this.frames = move(this.frames);
    this.columns = this.columns.map(move);
    this.capacity = capacity;
  }
}
