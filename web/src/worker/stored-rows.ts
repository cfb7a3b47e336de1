// Series of a run from storage. Each is loaded in two layers: an overview of all frames, reduced by the database to what a screen
// can show, and a closer look at the frames in view where the overview is too coarse.

import { LoadWords, Range, Summary } from "../protocol/protocol";
import { everyKey, formatSeriesId, SeriesId } from "../protocol/series-id";
import { ApiError } from "../wire/http";
import { fetchSeries, fetchSummary } from "../wire/series";
import { AskAgain, mayPass } from "./ask-again";
import { MemoryBudget, Rows } from "./rows";
import { readSeriesLines } from "./series-lines";

/** Rows asked for per series: more than a chart has pixels, so that a small zoom shows more than it did. */
const overviewPoints = 6000;
const rowsMax = 1_048_576;
const bytesMax = 256 * 1024 * 1024;
/** Answers that came too short are asked again so often at most: storage is a few seconds behind a running engine. */
const askAgainMs = 1500;
const requestsAtOnce = 4;
const closeUpsMax = 8;
/** The name of the value's column, the only one of stored rows. */
export const valueColumn = "value";

type Load = { kind: "loading" } | { kind: "ready" } | { kind: "failed"; error: ApiError };

interface Layer {
  state: Load;
  /** What was asked for. */
  frames: Range;
  points: number;
  /** All rows of those frames came: nothing is thinned out. */
  isComplete: boolean;
  byKey: Map<string, Rows>;
  storedEvents: number;
  askedMs: number;
}

/** All rows of a few frames. */
interface CloseUp {
  frames: Range;
  state: "loading" | "ready" | "failed";
  storedEvents: number;
  askedMs: number;
  byKey: Map<string, Rows>;
}

interface Series {
  id: SeriesId;
  /** Those asked for last come last. */
  closeUps: CloseUp[];
  overview: Layer | null;
  detail: Layer | null;
  /** The layers that show while new ones load. */
  shownOverview: Layer | null;
  shownDetail: Layer | null;
  /** Its failure has been told, and it has not been answered since. */
  isFailing: boolean;
  summary: Counted | null;
}

/** What lies between two frames, by key. */
interface Counted {
  frames: Range;
  /** When it was asked. */
  storedEvents: number;
  askedMs: number;
  byKey: Map<string, Summary>;
}

export interface StoredRun {
  runId: string;
  sourceId: string;
  storedEvents: number;
}

export class StoredRows {
  /** Grows whenever rows have come or gone. */
  revision = 0;
  private readonly budget = new MemoryBudget(bytesMax);
  private readonly series = new Map<string, Series>();
  private run: StoredRun = { runId: "", sourceId: "", storedEvents: 0 };
  private waiting: (() => Promise<void>)[] = [];
  private running = 0;
  private readonly again = new AskAgain(() => {
    this.forgetFailures();
    this.change();
  });

  constructor(
    private readonly onKeys: (id: SeriesId, keys: string[]) => void,
    private readonly onFailure: (error: ApiError) => void,
    private readonly onChange: () => void,
  ) {}

  setRun(run: StoredRun): void {
    if (run.runId !== this.run.runId || run.sourceId !== this.run.sourceId) this.clear();
    this.run = run;
  }

  clear(): void {
    for (const entry of this.series.values()) for (const layer of [...layersOf(entry), ...entry.closeUps]) this.drop(layer);
    this.series.clear();
    this.revision += 1;
  }

  /** So that the next question asks again. */
  private forgetFailures(): void {
    for (const entry of this.series.values()) {
      if (isPassing(entry.overview)) entry.overview = null;
      if (isPassing(entry.detail)) entry.detail = null;
      entry.closeUps = entry.closeUps.filter(({ state }) => state !== "failed");
    }
  }

  /**
   * Sees to it that the series' frames up to `end` are here, or on their way; and, if `view` is given, that those in view are
   * fine enough for `columns` pixels.
   */
  want(id: SeriesId, end: number, view: Range | null, columns: number): void {
    const entry = this.entryOf(id);
    const overview = entry.overview;
    if (!overview) {
      this.load(entry, "overview", { from: 0, to: end }, overviewPoints);
      return;
    }
    if (overview.state.kind !== "ready") return;
    if (this.isShort(overview, end)) {
      this.load(entry, "overview", { from: 0, to: end }, overviewPoints);
      return;
    }
    if (!view || overview.isComplete) return;
    const asked = { from: Math.max(0, Math.floor(view.from)), to: Math.max(0, Math.min(Math.ceil(view.to), end)) };
    if (asked.to <= asked.from || densityOf(overview, asked) >= columns) return;
    const detail = entry.detail;
    if (detail?.state.kind === "loading") return;
    const covers = detail !== null && detail.frames.from <= asked.from && detail.frames.to >= asked.to;
    if (covers && detail && (detail.isComplete || detail.state.kind === "failed" || densityOf(detail, asked) >= columns)) return;
    // A view to each side, so that panning a little shows something at once.
    const span = asked.to - asked.from;
    const frames = { from: Math.max(0, asked.from - span), to: Math.min(end, asked.to + span) };
    this.load(entry, "detail", frames, Math.max(overviewPoints, columns * 8));
  }

  /** The rows that show the frames in view best, by key. */
  rowsOf(id: SeriesId, view: Range | null): Map<string, Rows> {
    const entry = this.series.get(formatSeriesId(id));
    if (!entry) return new Map();
    const detail = entry.shownDetail;
    const overview = entry.shownOverview;
    if (detail && view && detail.frames.from <= view.from && (detail.frames.to >= view.to || detail.frames.to >= lastOf(overview))) {
      return detail.byKey;
    }
    return overview?.byKey ?? new Map();
  }

  isComplete(id: SeriesId): boolean {
    return this.series.get(formatSeriesId(id))?.shownOverview?.isComplete ?? false;
  }

  words(id: SeriesId): LoadWords {
    const entry = this.series.get(formatSeriesId(id));
    const state = entry?.overview?.state;
    if (state?.kind === "failed") return { kind: "failed", message: state.error.message, hint: state.error.hint };
    return !entry?.shownOverview ? { kind: "loading" } : { kind: "ready" };
  }

  /** From the first frame to the last of all that is loaded. */
  extent(): Range | null {
    let [from, to] = [Infinity, -Infinity];
    for (const entry of this.series.values()) {
      for (const rows of entry.shownOverview?.byKey.values() ?? []) {
        if (rows.isEmpty) continue;
        from = Math.min(from, rows.frameAt(rows.oldestRow));
        to = Math.max(to, rows.frameAt(rows.nextRow - 1));
      }
    }
    return from <= to ? { from, to } : null;
  }

  /**
   * What is shown of a series is all that storage has of it now. Frames cannot tell: of a thinned line the last row is the last
   * extreme, not the last frame.
   */
  hasAll(id: SeriesId): boolean {
    const shown = this.series.get(formatSeriesId(id))?.shownOverview;
    return shown?.frames.to === Infinity && shown.storedEvents === this.run.storedEvents;
  }

  /**
   * What the values between two frames come to, counted by the database; undefined until it has answered. While it has got further
   * it is asked again, and its last answer stays until then.
   */
  summary(id: SeriesId, key: string, frames: Range): Summary | undefined {
    const entry = this.entryOf(id);
    let known = entry.summary;
    if (known?.frames.from !== frames.from || known.frames.to !== frames.to) {
      known = { frames, storedEvents: -1, askedMs: -Infinity, byKey: new Map<string, Summary>() };
      entry.summary = known;
    }
    const isDue = known.storedEvents !== this.run.storedEvents && performance.now() - known.askedMs > askAgainMs;
    if (isDue) this.count(entry, known);
    // An answer for one key need not repeat it in its rows.
    return known.byKey.get(key) ?? (id.key !== everyKey && known.byKey.size === 1 ? [...known.byKey.values()][0] : undefined);
  }

  private count(entry: Series, asked: Counted): void {
    asked.storedEvents = this.run.storedEvents;
    asked.askedMs = performance.now();
    this.enqueue(async () => {
      // The cursors have moved on while it waited.
      if (entry.summary !== asked) return;
      try {
        const rows = await fetchSummary({ ...this.requestOf(entry.id), fromFrame: asked.frames.from, toFrame: asked.frames.to });
        if (entry.summary !== asked) return;
        this.again.noteAnswer();
        asked.byKey = new Map(rows.map((row) => [row.key, { ...row, isExact: true }]));
      } catch (error) {
        // The summary of the rows in memory stays, marked as what it is.
        if (mayPass(error)) asked.storedEvents = -1;
        this.again.noteFailure(error);
        return;
      }
      this.change();
    });
  }

  /** All rows of some frames, of which only extremes are shown. Undefined: not known yet; null: the line has none there. */
  closeUp(id: SeriesId, key: string, frames: Range, frame: number, mayAsk: boolean): Rows | null | undefined {
    const entry = this.entryOf(id);
    const margin = (frames.to - frame) / 2;
    const found = entry.closeUps.find((one) => one.frames.to >= frame + margin && one.frames.from <= Math.max(0, frame - margin));
    // A running engine's rows may have come since.
    const isOld = found && found.storedEvents !== this.run.storedEvents && performance.now() - found.askedMs > askAgainMs;
    if (mayAsk && found?.state !== "loading" && (!found || isOld)) this.loadCloseUp(entry, frames, found);
    if (found?.state !== "ready") return undefined;
    // An answer for one key need not repeat it in its rows.
    const rows = found.byKey.get(key) ?? (id.key !== everyKey && found.byKey.size === 1 ? [...found.byKey.values()][0] : undefined);
    return rows ?? null;
  }

  private loadCloseUp(entry: Series, frames: Range, before: CloseUp | undefined): void {
    const made: CloseUp = {
      frames, state: "loading", storedEvents: this.run.storedEvents, askedMs: performance.now(), byKey: before?.byKey ?? new Map<string, Rows>(),
    };
    entry.closeUps = [...entry.closeUps.filter((one) => one !== before), made];
    for (const old of entry.closeUps.splice(0, entry.closeUps.length - closeUpsMax)) this.drop(old);
    this.enqueue(async () => {
      // The pointer has moved on while it waited.
      if (!entry.closeUps.includes(made)) return;
      try {
        const lines = await fetchSeries({ ...this.requestOf(entry.id), fromFrame: frames.from, toFrame: frames.to, wallTime: true });
        if (!entry.closeUps.includes(made)) return;
        if (before) this.drop(before);
        made.byKey = readSeriesLines(lines, valueColumn, () => new Rows(rowsMax, this.budget));
        made.state = "ready";
        this.again.noteAnswer();
      } catch (error) {
        // What is near stays, marked as what it is.
        made.state = "failed";
        this.again.noteFailure(error);
        return;
      }
      this.change();
    });
  }

  private entryOf(id: SeriesId): Series {
    const name = formatSeriesId(id);
    let entry = this.series.get(name);
    if (!entry) {
      entry = { id, closeUps: [], overview: null, detail: null, shownOverview: null, shownDetail: null, isFailing: false, summary: null };
      this.series.set(name, entry);
    }
    return entry;
  }

  /** More is wanted than was asked for, or less came and storage has got further since. */
  private isShort(layer: Layer, end: number): boolean {
    const isBehind = layer.frames.to < end || (lastOf(layer) < end && this.run.storedEvents > layer.storedEvents);
    return isBehind && performance.now() - layer.askedMs > askAgainMs;
  }

  private requestOf(id: SeriesId) {
    const { channel, type, field, key } = id;
    const { runId, sourceId } = this.run;
    return { runId, sourceId, channel, type, field, ...(key === everyKey || key === "" ? {} : { key }) };
  }

  private load(entry: Series, place: "overview" | "detail", frames: Range, points: number): void {
    const layer: Layer = {
      state: { kind: "loading" }, frames, points, isComplete: false, byKey: new Map(),
      storedEvents: this.run.storedEvents, askedMs: performance.now(),
    };
    entry[place] = layer;
    const to = Number.isFinite(frames.to) ? { toFrame: frames.to } : {};
    const request = { ...this.requestOf(entry.id), points, fromFrame: frames.from, ...to, wallTime: true };
    this.enqueue(async () => {
      try {
        const lines = await fetchSeries(request);
        if (entry[place] !== layer || !this.series.has(formatSeriesId(entry.id))) return;
        layer.byKey = readSeriesLines(lines, valueColumn, () => new Rows(rowsMax, this.budget));
        layer.isComplete = noteGrain(layer) === 1;
        layer.state = { kind: "ready" };
        entry.isFailing = false;
        this.again.noteAnswer();
        this.show(entry, place, layer);
      } catch (error) {
        const failure = error instanceof ApiError ? error : new ApiError(0, "", String(error), "");
        layer.state = { kind: "failed", error: failure };
        if (failure.status !== 503 && !entry.isFailing) this.onFailure(failure);
        entry.isFailing = true;
        this.again.noteFailure(failure);
      }
      this.change();
    });
  }

  private change(): void {
    this.revision += 1;
    this.onChange();
  }

  private show(entry: Series, place: "overview" | "detail", layer: Layer): void {
    const shown = place === "overview" ? "shownOverview" : "shownDetail";
    if (entry[shown]) this.drop(entry[shown] as Layer);
    entry[shown] = layer;
    const keys = [...layer.byKey.keys()].filter((key) => key !== "");
    if (keys.length > 0) this.onKeys(entry.id, keys);
  }

  private drop(layer: { byKey: Map<string, Rows> }): void {
    for (const rows of layer.byKey.values()) rows.release();
    layer.byKey = new Map();
  }

  private enqueue(task: () => Promise<void>): void {
    this.waiting.push(task);
    if (this.running < requestsAtOnce) void this.work();
  }

  private async work(): Promise<void> {
    this.running += 1;
    for (let task = this.waiting.shift(); task; task = this.waiting.shift()) await task();
    this.running -= 1;
  }
}

function isPassing(layer: Layer | null): boolean {
  return layer?.state.kind === "failed" && mayPass(layer.state.error);
}

function layersOf(entry: Series): Layer[] {
  return [...new Set([entry.overview, entry.detail, entry.shownOverview, entry.shownDetail])]
    .filter((layer): layer is Layer => layer !== null);
}

/** The database divides the frames that have numbers into half as many stretches as points were asked for: how long they are. */
function noteGrain({ byKey, points }: Layer): number {
  let [from, to] = [Infinity, -Infinity];
  for (const rows of byKey.values()) {
    const column = rows.column(valueColumn);
    const isNumber = (row: number) => Number.isFinite(rows.valueAt(row, column));
    let [first, last] = [rows.oldestRow, rows.nextRow - 1];
    while (first < rows.nextRow && !isNumber(first)) first += 1;
    while (last > first && !isNumber(last)) last -= 1;
    if (first >= rows.nextRow) continue;
    from = Math.min(from, rows.frameAt(first));
    to = Math.max(to, rows.frameAt(last));
  }
  if (!(from <= to)) return 1;
  const grain = Math.max(1, Math.floor((to - from) / Math.max(1, Math.floor(points / 2))) + 1);
  for (const rows of byKey.values()) [rows.grain, rows.grainOrigin] = [grain, from];
  return grain;
}

function lastOf(layer: Layer | null): number {
  let last = -1;
  for (const rows of layer?.byKey.values() ?? []) if (!rows.isEmpty) last = Math.max(last, rows.frameAt(rows.nextRow - 1));
  return last;
}

/** Rows that a layer has in a range of frames, of the key that has most. */
function densityOf(layer: Layer, frames: Range): number {
  let most = 0;
  for (const rows of layer.byKey.values()) {
    most = Math.max(most, rows.firstRowFrom(frames.to, "frame") - rows.firstRowFrom(frames.from, "frame"));
  }
  return most;
}
