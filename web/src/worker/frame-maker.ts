// Answers the page's question of one animation frame: which stretch of the axis is shown, each line reduced to pixels, and the
// values at pointer and cursors.

import {
  FrameAnswer, FrameRequest, LineAnswer, markCoarse, markFilled, PanelAnswer, PanelRequest, PlaceAnswer, Range, Sample, TimeAxis,
} from "../protocol/protocol";
import { SeriesId } from "../protocol/series-id";
import { isFlat } from "./gaps";
import { LineReducer, bucketRange } from "./line-reducer";
import { Line } from "./lines";
import { Rows } from "./rows";
import { lastMeasured } from "./samples";
import { sketchOf } from "./sketch";
import { Sources } from "./sources";
import { moveRange, wholeRange } from "./stretches";
import { SummaryCache } from "./summaries";
import { Texts } from "./texts";
import { Place, placeOf, sampleAt, stretchOn, timesOf, valueAt } from "./values-at";

export const linesPerPanelMax = 64;
/** The rate of frames is measured over so many rows. */
const rateRows = 512;
/** A row so near to the pointer is meant by it, in pixels. */
const reachPixels = 6;
/** Storage is asked for the very values under the pointer once it has rested for so long. */
const restMs = 150;

/** What is pointed at, and whether storage may be asked about it. */
interface Pointed {
  pointer: Place | null;
  hasRested: boolean;
  cursors: (Place | null)[];
}

interface PanelState {
  reducers: Map<string, LineReducer>;
}

export class FrameMaker {
  private readonly panels = new Map<string, PanelState>();
  private readonly summaries = new SummaryCache();
  private readonly spare: ArrayBuffer[] = [];
  private framesPerSecond = NaN;

  constructor(private readonly sources: Sources, private readonly texts: Texts) {}

  answer(request: FrameRequest): FrameAnswer {
    this.spare.push(...request.buffers);
    const { axis } = request;
    const before = request.range ?? this.lastRange(axis);
    const frames = before ? this.toFrames(before, axis) : null;
    const linesOf = request.panels.map((panel) => {
      const held = panel.range ? this.toFrames(panel.range, axis) : request.range ? frames : null;
      return this.findLines(panel, held ?? frames, request.cursors[0] ?? held?.to ?? null);
    });
    const every = linesOf.flat();
    this.findReference(every);
    const newest = newestSample(every);
    const whole = wholeRange(every.flatMap(({ parts }) => parts.map(({ rows }) => rows)), axis);
    const range = request.range ?? (request.isFollowing ? this.follow(axis, newest, request.windowSeconds) : withLosses(whole, request, axis));
    this.remember(axis, range);
    this.shownLines = every;
    const pointed = this.pointedAt(request, every, range);
    const panels = request.panels.map((panel, index) => this.panel(
      panel, linesOf[index] as Line[], axis, panel.range ?? range, panel.range ?? request.range, pointed, request.cursors,
    ));
    this.forget(request.panels);
    const first = request.panels.flatMap(({ series, texts }) => series.filter((_id, index) => !texts.includes(index)))[0];
    if (first) this.sources.wantBeginning(first);
    const lines = panels.flatMap((panel) => panel.lines);
    const told = (place: Place | null, name: "atPointer" | "atFirst" | "atSecond"): PlaceAnswer | null => place && {
      ...this.timesAt(place, every), isHole: !lines.some((line) => line[name] !== null && line[name]?.kind !== "none"),
    };
    return {
      number: request.number, axis, range, frames: range ? this.toFrames(range, axis) : null, extent: this.extent(every),
      joinFrame: joinFrame(every, this.sources.stored.extent() !== null), newest, whole, bestAxis: this.bestAxis(every),
      losses: request.losses.flatMap((loss) => stretchOn(this.longest, loss, axis) ?? []),
      hover: told(pointed.pointer, "atPointer"),
      cursors: [told(pointed.cursors[0] ?? null, "atFirst"), told(pointed.cursors[1] ?? null, "atSecond")], panels,
      sketch: request.sketch ? sketchOf(this.sources.linesHere(request.sketch.series)[0], request.sketch) : undefined,
    };
  }

  /** The frame that a place of the axis means, of what was shown last; null: nobody can tell. */
  findFrame(at: number, axis: TimeAxis): number | null {
    return this.bestAxis(this.shownLines) === "frame" ? this.placeAt(at, axis, this.shownLines, this.lastRange(axis))?.frame ?? null : null;
  }

  // MARK: what is pointed at

  private pointedAt(request: FrameRequest, lines: readonly Line[], range: Range | null): Pointed {
    const pointer = request.hover === null ? null : this.placeAt(request.hover, request.axis, lines, range);
    const now = performance.now();
    if (pointer?.frame !== this.rest.frame) this.rest = { frame: pointer?.frame ?? NaN, sinceMs: now };
    return {
      pointer, hasRested: now - this.rest.sinceMs >= restMs,
      cursors: request.cursors.map((frame) => (frame === null ? null : { frame, at: NaN, axis: request.axis })),
    };
  }

  private placeAt(at: number, axis: TimeAxis, lines: readonly Line[], range: Range | null): Place | null {
    const pixels = Math.max(1, this.columns);
    return placeOf(lines, at, axis, range ? ((range.to - range.from) / pixels) * reachPixels : 0);
  }

  private timesAt(place: Place, lines: readonly Line[]): Omit<PlaceAnswer, "isHole"> {
    const times = timesOf(lines, place.frame);
    // Without frames, or in a hole, the pointer's own place is what is known best.
    const isOwn = place.axis !== "frame" && !Number.isNaN(place.at) && (!times.isExact || this.bestAxis(lines) !== "frame");
    return isOwn ? { ...times, [place.axis]: place.at } : times;
  }

  /** The same stretch of the run on another axis. */
  moveRange(range: Range, from: TimeAxis, to: TimeAxis): Range | null {
    const rows = (this.longest?.parts.map((part) => part.rows) ?? []).filter((part) => !part.isEmpty);
    return moveRange(rows.length > 0 ? rows : this.reference ? [this.reference] : [], range, from, to);
  }

  // MARK: lines

  /** `textAt`: the frame that texts are shown of; null: the newest. */
  private findLines(panel: PanelRequest, frames: Range | null, textAt: number | null): Line[] {
    return panel.series.flatMap((series, index): Line[] => {
      if (!panel.texts.includes(index)) return this.sources.linesOf(series, index, frames, panel.columns);
      return this.texts.of(series, textAt, this.sources.run).map(([key, text]) => ({
        series: index, id: series, key, parts: [], joinFrame: Infinity, text,
      }));
    });
  }

  private panel(
    request: PanelRequest, lines: Line[], axis: TimeAxis, range: Range | null, held: Range | null, pointed: Pointed,
    cursors: (number | null)[],
  ): PanelAnswer {
    if (request.columns > 0) this.columns = request.columns;
    const shown = lines.slice(0, linesPerPanelMax);
    const buckets = range && request.columns > 0 ? bucketRange(axis, range.from, range.to, request.columns) : null;
    const count = buckets?.count ?? 0;
    const values = new Float64Array(this.buffer(shown.length * count * 2 * 8), 0, shown.length * count * 2);
    const marks = new Uint8Array(this.buffer(shown.length * count), 0, shown.length * count).fill(0);
    const state = this.stateOf(request.id);
    let [rows, lateRows] = [0, 0];
    const answers = shown.map((line, index): LineAnswer => {
      let extremes = { min: NaN, max: NaN };
      line.parts.forEach((part, place) => {
        rows += part.rows.nextRow + part.rows.generation;
        lateRows += part.rows.lateRows;
        if (!buckets) return;
        const reducer = reducerOf(state, `${index} ${line.key} ${line.parts.length - place}`);
        const earlier = line.parts[place - 1]?.rows;
        reducer.take(part.rows, part.column, buckets, part.from, earlier && !earlier.isEmpty ? earlier.frameAt(earlier.nextRow - 1) : NaN);
        reducer.add(buckets, values, marks, index * count * 2, index * count);
      });
      if (buckets) extremes = extremesOf(values, marks, index, count);
      // What is held stands still, its values too.
      const newest = lastMeasured(line, held ? lastIn(line, held.to, axis) : newestSample([line]));
      return this.line(line, extremes, newest, pointed, cursors);
    });
    return {
      id: request.id, range, lines: answers, hiddenLines: lines.length - shown.length, buckets: count,
      firstBucket: buckets?.first ?? 0, bucketWidth: buckets?.width ?? 0, values, marks,
      signature: `${axis} ${range?.from} ${range?.to} ${count} ${rows} ${this.sources.revision} ${shown.length}`,
      load: this.load(request.series, lines, marks.some((mark) => (mark & markCoarse) !== 0)), rows, lateRows,
    };
  }

  private line(
    line: Line, extremes: { min: number; max: number }, newest: Sample | null, pointed: Pointed, cursors: (number | null)[],
  ): LineAnswer {
    const [first, second] = [cursors[0] ?? null, cursors[1] ?? null];
    const between = first !== null && second !== null
      ? { from: Math.min(first, second), to: Math.max(first, second) } : null;
    const value = (place: Place | null | undefined, mayAsk: boolean) => !place || line.text ? null
      : valueAt(line, place, (of, frame, span) => this.sources.closer(of, frame, span, mayAsk));
    return {
      series: line.series, key: line.key, ...extremes,
      newest,
      atPointer: value(pointed.pointer, pointed.hasRested),
      atFirst: value(pointed.cursors[0], true),
      atSecond: value(pointed.cursors[1], true),
      text: line.text ?? null,
      between: between && !line.text ? this.summary(line, between) : null,
    };
  }

  private summary(line: Line, frames: Range) {
    const isExact = this.sources.isComplete(line, frames);
    const exact = isExact ? undefined : this.sources.exactSummary(line, frames);
    return exact ?? this.summaries.take(line, frames, isExact);
  }

  /** `isCoarse`: a closer look is on its way. */
  private load(series: readonly SeriesId[], lines: readonly Line[], isCoarse: boolean) {
    let worst: PanelAnswer["load"] = isCoarse ? { kind: "loading" } : { kind: "ready" };
    series.forEach((id, index) => {
      const words = this.sources.words(id, lines.some((line) => line.series === index));
      if (words.kind === "failed" || worst.kind === "ready") worst = words;
    });
    return worst;
  }

  // MARK: the axis

  private readonly ranges = new Map<TimeAxis, Range>();
  private reference: Rows | null = null;
  private longest: Line | undefined;
  private shownLines: readonly Line[] = [];
  private rest = { frame: NaN, sinceMs: 0 };
  /** Pixels of a chart's width. */
  private columns = 0;

  private lastRange(axis: TimeAxis): Range | null {
    return this.ranges.get(axis) ?? null;
  }

  private remember(axis: TimeAxis, range: Range | null): void {
    if (range) this.ranges.set(axis, range);
  }

  /** The newest stretch of the axis. */
  private follow(axis: TimeAxis, newest: Sample | null, seconds: number): Range | null {
    if (!newest) return null;
    const to = placeIn(newest, axis);
    if (!Number.isFinite(to)) return null;
    const last = this.lastRange(axis);
    // Behind the end nothing moves, not even when rows come from elsewhere.
    if (this.sources.run?.isRunning === false && last && to <= last.to) return last;
    const span = this.span(axis, seconds);
    if (axis === "wallTime") return { from: to - span, to };
    // Neither frames nor simulated time have a negative side: a young run fills its window from the left.
    return to < span ? { from: 0, to: span } : { from: to - span, to };
  }

  private span(axis: TimeAxis, seconds: number): number {
    if (axis === "simTime") return seconds;
    if (axis === "wallTime") return seconds * 1000;
    const rows = this.reference;
    if (rows && rows.nextRow - rows.oldestRow >= 2) {
      const last = rows.nextRow - 1;
      const first = Math.max(rows.oldestOn("simTime"), last - rateRows);
      const rate = (rows.frameAt(last) - rows.frameAt(first)) / (rows.at(last, "simTime") - rows.at(first, "simTime"));
      // Kept while it changes little, or the window would breathe.
      if (Number.isFinite(rate) && rate > 0 && !(Math.abs(rate / this.framesPerSecond - 1) < 0.05)) this.framesPerSecond = rate;
    }
    return Math.max(2, Math.round(seconds * (Number.isFinite(this.framesPerSecond) ? this.framesPerSecond : 60)));
  }

  private toFrames(range: Range, axis: TimeAxis): Range | null {
    return axis === "frame" ? range : this.moveRange(range, axis, "frame");
  }

  /** Frames, unless all rows lie in one: then simulated time, and if that stands still, too, wall time. */
  private bestAxis(lines: readonly Line[]): TimeAxis {
    const several = lines.flatMap(({ parts }) => parts).filter(({ rows }) => rows.nextRow - rows.oldestRow > 1);
    if (several.length === 0 || several.some(({ rows }) => !isFlat(rows))) return "frame";
    const goesOn = ({ rows }: { rows: Rows }) => {
      const extent = rows.extent("simTime");
      return extent !== null && extent.from < extent.to;
    };
    return several.some(goesOn) ? "simTime" : "wallTime";
  }

  private extent(lines: readonly Line[]): Range | null {
    let [from, to] = [Infinity, -Infinity];
    for (const { parts } of lines) {
      for (const { rows } of parts) {
        if (rows.isEmpty) continue;
        from = Math.min(from, rows.frameAt(rows.oldestRow));
        to = Math.max(to, rows.frameAt(rows.nextRow - 1));
      }
    }
    const stored = this.sources.stored.extent();
    if (stored) [from, to] = [Math.min(from, stored.from), Math.max(to, stored.to)];
    return from <= to ? { from, to } : null;
  }

  /** The line by which the axes are told from each other. */
  private findReference(lines: readonly Line[]): void {
    this.longest = [...lines].sort((a, b) => lengthOf(b) - lengthOf(a))[0];
    this.reference = this.longest?.parts[this.longest.parts.length - 1]?.rows ?? this.reference;
  }

  // MARK: memory

  private stateOf(id: string): PanelState {
    let state = this.panels.get(id);
    if (!state) this.panels.set(id, state = { reducers: new Map() });
    return state;
  }

  /** Panels that are gone take their reducers with them. */
  private forget(panels: readonly PanelRequest[]): void {
    if (this.panels.size <= panels.length + 16) return;
    const wanted = new Set(panels.map((panel) => panel.id));
    for (const id of [...this.panels.keys()]) if (!wanted.has(id)) this.panels.delete(id);
  }

  /** Buffers go back and forth between the page and its worker, so that sixty answers a second leave no garbage. */
  private buffer(bytes: number): ArrayBuffer {
    const place = this.spare.findIndex((buffer) => buffer.byteLength >= bytes && buffer.byteLength <= bytes * 4 + 4096);
    if (place >= 0) return this.spare.splice(place, 1)[0] as ArrayBuffer;
    if (this.spare.length > 64) this.spare.splice(0, 32);
    return new ArrayBuffer(Math.ceil((bytes + 1) / 4096) * 4096);
  }
}

function reducerOf(state: PanelState, name: string): LineReducer {
  let reducer = state.reducers.get(name);
  if (!reducer) {
    if (state.reducers.size > linesPerPanelMax * 4) state.reducers.clear();
    state.reducers.set(name, reducer = new LineReducer());
  }
  return reducer;
}

function extremesOf(values: Float64Array, marks: Uint8Array, line: number, count: number): { min: number; max: number } {
  let [min, max] = [Infinity, -Infinity];
  const lows = line * count * 2;
  for (let index = 0; index < count; index += 1) {
    if (((marks[line * count + index] as number) & markFilled) === 0) continue;
    min = Math.min(min, values[lows + index] as number);
    max = Math.max(max, values[lows + count + index] as number);
  }
  return min <= max ? { min, max } : { min: NaN, max: NaN };
}

function newestSample(lines: readonly Line[]): Sample | null {
  let newest: Sample | null = null;
  for (const { parts } of lines) {
    for (const part of parts) {
      if (part.rows.isEmpty) continue;
      const row = part.rows.nextRow - 1;
      if (!newest || part.rows.frameAt(row) >= newest.frame) newest = sampleAt(part, row);
    }
  }
  return newest;
}

function placeIn(sample: Sample, axis: TimeAxis): number {
  return axis === "frame" ? sample.frame : axis === "simTime" ? sample.simTime : sample.wallTime;
}

/** The last row of the stretch that is held, or the one nearest to its end. */
function lastIn(line: Line, to: number, axis: TimeAxis): Sample | null {
  let [best, distance]: [Sample | null, number] = [null, Infinity];
  for (const part of line.parts) {
    const row = part.rows.nearestRow(to, axis);
    if (row < 0 || part.rows.frameAt(row) < part.from) continue;
    const away = Math.abs(part.rows.at(row, axis) - to);
    if (away < distance) [best, distance] = [sampleAt(part, row), away];
  }
  return best;
}

/** What was lost before the first row or behind the last one is part of the run. */
function withLosses(whole: Range | null, { losses }: FrameRequest, axis: TimeAxis): Range | null {
  if (!whole || axis !== "frame" || losses.length === 0) return whole;
  return losses.reduce((range, loss) => ({ from: Math.min(range.from, loss.from), to: Math.max(range.to, loss.to) }), whole);
}

/** `hasStored`: rows before memory are known, be they drawn or not. Infinity: no row comes from memory. */
function joinFrame(lines: readonly Line[], hasStored: boolean): number {
  const drawn = lines.filter(({ parts }) => parts.length > 0);
  if (drawn.length > 0 && drawn.every((line) => line.joinFrame === Infinity)) return Infinity;
  const joins = drawn.filter((line) => line.parts.length > 1 || (hasStored && Number.isFinite(line.joinFrame))).map((line) => line.joinFrame);
  return joins.length > 0 ? Math.max(...joins) : NaN;
}

function lengthOf(line: Line): number {
  return line.parts.reduce((sum, { rows }) => sum + rows.nextRow - rows.oldestRow, 0);
}
