// Answers the page's question of one animation frame: which stretch of the axis is shown, each line reduced to pixels, and the
// values at pointer and cursors.

import { SeriesId } from "../series/series-id";
import { LineReducer, bucketRange } from "./line-reducer";
import {
  FrameAnswer, FrameRequest, LineAnswer, PanelAnswer, PanelRequest, Range, Sample, TimeAxis, markFilled,
} from "./protocol";
import { Rows } from "./rows";
import { lastMeasured } from "./samples";
import { Line, Part, Sources } from "./sources";
import { Texts } from "./texts";
import { summarise, SummaryCache } from "./summaries";

export const linesPerPanelMax = 64;
/** The rate of frames is measured over so many rows. */
const rateRows = 512;

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
    const newest = newestSample(every);
    const range = request.range ?? this.follow(axis, newest, every, request.windowSeconds);
    this.remember(axis, range);
    const cursors = request.cursors.map((frame) => frame === null ? null : nearestSample(every, frame, "frame"));
    const hover = request.hover === null ? null : nearestSample(every, request.hover, axis);
    const at = hover ?? cursors[0] ?? null;
    const panels = request.panels.map((panel, index) => this.panel(
      panel, linesOf[index] as Line[], axis, panel.range ?? range, panel.range ?? request.range, at?.frame ?? null, request.cursors,
    ));
    this.forget(request.panels);
    const first = request.panels.flatMap(({ series, texts }) => series.filter((_id, index) => !texts.includes(index)))[0];
    if (first) this.sources.wantBeginning(first);
    return {
      number: request.number, axis, range, frames: range ? this.toFrames(range, axis) : null, extent: this.extent(every),
      joinFrame: joinFrame(every, this.sources.stored.extent() !== null), newest, hover, cursors, panels,
    };
  }

  /** The same stretch of the run on another axis. */
  moveRange(range: Range, from: TimeAxis, to: TimeAxis): Range | null {
    const rows = this.reference;
    if (!rows || rows.isEmpty) return null;
    const move = (position: number) => {
      const row = rows.nearestRow(position, from);
      return row < 0 ? NaN : rows.at(row, to);
    };
    const moved = { from: move(range.from), to: move(range.to) };
    return moved.from < moved.to ? moved : null;
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
    request: PanelRequest, lines: Line[], axis: TimeAxis, range: Range | null, held: Range | null, at: number | null,
    cursors: (number | null)[],
  ): PanelAnswer {
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
        reducer.take(part.rows, part.column, buckets, part.from);
        reducer.add(buckets, values, marks, index * count * 2, index * count);
      });
      if (buckets) extremes = extremesOf(values, marks, index, count);
      // What is held stands still, its values too.
      const newest = lastMeasured(line, held ? nearestSample([line], held.to, axis) : newestSample([line]));
      return this.line(line, extremes, newest, at, cursors);
    });
    return {
      id: request.id, range, lines: answers, hiddenLines: lines.length - shown.length, buckets: count,
      firstBucket: buckets?.first ?? 0, bucketWidth: buckets?.width ?? 0, values, marks,
      signature: `${axis} ${range?.from} ${range?.to} ${count} ${rows} ${this.sources.revision} ${shown.length}`,
      load: this.load(request.series, lines), rows, lateRows,
    };
  }

  private line(
    line: Line, extremes: { min: number; max: number }, newest: Sample | null, at: number | null, cursors: (number | null)[],
  ): LineAnswer {
    const [first, second] = [cursors[0] ?? null, cursors[1] ?? null];
    const between = first !== null && second !== null
      ? { from: Math.min(first, second), to: Math.max(first, second) } : null;
    return {
      series: line.series, key: line.key, ...extremes,
      newest,
      atCursor: at === null ? null : nearestSample([line], at, "frame"),
      atSecond: second === null ? null : nearestSample([line], second, "frame"),
      text: line.text ?? null,
      between: between && !line.text ? this.summary(line, between) : null,
    };
  }

  private summary(line: Line, frames: Range) {
    const isExact = this.sources.isComplete(line, frames);
    const exact = isExact ? undefined : this.sources.exactSummary(line, frames);
    return exact ?? this.summaries.take(line, frames, () => summarise(line, frames, isExact));
  }

  private load(series: readonly SeriesId[], lines: readonly Line[]) {
    let worst: PanelAnswer["load"] = { kind: "ready" };
    series.forEach((id, index) => {
      const words = this.sources.words(id, lines.some((line) => line.series === index));
      if (words.kind === "failed" || worst.kind === "ready") worst = words;
    });
    return worst;
  }

  // MARK: the axis

  private readonly ranges = new Map<TimeAxis, Range>();
  private reference: Rows | null = null;

  private lastRange(axis: TimeAxis): Range | null {
    return this.ranges.get(axis) ?? null;
  }

  private remember(axis: TimeAxis, range: Range | null): void {
    if (range) this.ranges.set(axis, range);
  }

  /** The newest stretch of the axis; of a run that is over: all of it. */
  private follow(axis: TimeAxis, newest: Sample | null, lines: Line[], seconds: number): Range | null {
    if (!newest) return null;
    const run = this.sources.run;
    if (run && !run.isRunning) return wholeRange(axis, lines);
    const to = axis === "frame" ? newest.frame : axis === "simTime" ? newest.simTime : newest.wallTime;
    if (!Number.isFinite(to)) return null;
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
    const longest = [...lines].sort((a, b) => lengthOf(b) - lengthOf(a))[0];
    this.reference = longest?.parts[longest.parts.length - 1]?.rows ?? this.reference;
    return from <= to ? { from, to } : null;
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

function sampleAt(part: Part, row: number): Sample {
  const { rows, column } = part;
  return {
    frame: rows.frameAt(row), simTime: rows.at(row, "simTime"), wallTime: rows.at(row, "wallTime"), value: rows.valueAt(row, column),
  };
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

function nearestSample(lines: readonly Line[], position: number, axis: TimeAxis): Sample | null {
  let [best, distance]: [Sample | null, number] = [null, Infinity];
  for (const { parts } of lines) {
    for (const part of parts) {
      const row = part.rows.nearestRow(position, axis);
      if (row < 0 || part.rows.frameAt(row) < part.from) continue;
      const away = Math.abs(part.rows.at(row, axis) - position);
      if (away < distance) [best, distance] = [sampleAt(part, row), away];
    }
  }
  return best;
}

function wholeRange(axis: TimeAxis, lines: readonly Line[]): Range | null {
  let [from, to] = [Infinity, -Infinity];
  for (const { parts } of lines) {
    for (const { rows } of parts) {
      if (rows.isEmpty) continue;
      const first = rows.at(rows.oldestOn(axis), axis);
      const last = rows.at(rows.nextRow - 1, axis);
      if (first < from) from = first;
      if (last > to) to = last;
    }
  }
  if (!(from <= to)) return null;
  return from < to ? { from, to } : { from: from - 0.5, to: to + 0.5 };
}

/** `hasStored`: rows before memory are known, be they drawn or not. */
function joinFrame(lines: readonly Line[], hasStored: boolean): number {
  const joins = lines.filter((line) => line.parts.length > 1 || (hasStored && Number.isFinite(line.joinFrame))).map((line) => line.joinFrame);
  return joins.length > 0 ? Math.max(...joins) : NaN;
}

function lengthOf(line: Line): number {
  return line.parts.reduce((sum, { rows }) => sum + rows.nextRow - rows.oldestRow, 0);
}
