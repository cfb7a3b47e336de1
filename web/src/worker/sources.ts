// Where the rows of a series come from: memory for what came live, storage for what lies before it. Both meet at one frame, so
// that no row is shown twice and none is left out.

import { byName } from "../base/natural-order";
import { LoadWords, Range, RunState, Summary } from "../protocol/protocol";
import { everyKey, SeriesId } from "../protocol/series-id";
import { Line, Part } from "./lines";
import { LiveRows } from "./live-rows";
import { Rows } from "./rows";
import { StoredRows, valueColumn } from "./stored-rows";
import { summarise, together } from "./summaries";

export class Sources {
  run: RunState | null = null;
  /** Storage has everything: memory is not looked at. */
  private useStoredOnly = false;
  /** What is shown has all come from there. */
  private isSettled = false;

  constructor(readonly live: LiveRows, readonly stored: StoredRows) {}

  get revision(): number {
    return this.live.revision + this.stored.revision;
  }

  setRun(run: RunState): void {
    if (run.runId !== this.run?.runId || run.storedSourceId !== this.run.storedSourceId) {
      this.live.clear();
      this.useStoredOnly = this.isSettled = false;
    }
    this.run = run;
    // A run that was over before anybody looked: what is left of it in memory would only be in the way.
    if (run.isStored && run.canAskStorage && this.live.counters.rows === 0) this.useStoredOnly = true;
    this.stored.setRun({ runId: run.runId, sourceId: run.storedSourceId, storedEvents: run.storedEvents });
  }

  /** Lines of a series, one per instance. Asks storage for what is needed and not here. */
  linesOf(series: SeriesId, index: number, view: Range | null, columns: number): Line[] {
    const live = this.liveLines(series, index);
    // Frames before this one are asked from storage: the oldest frame in memory may have lost some of its rows already.
    const join = joinOf(live);
    if (!this.needsStorage(join, view)) return live;
    const end = Number.isFinite(join) ? join - 1 : Infinity;
    if (end < 0) return live;
    this.stored.want(series, end, view, columns);
    const stored = this.stored.rowsOf(series, view);
    return joined(series, index, live, stored, join);
  }

  /** What of a series is here, from its first frame on: nothing is asked for. */
  linesHere(series: SeriesId): Line[] {
    const live = this.liveLines(series, 0);
    return joined(series, 0, live, this.stored.rowsOf(series, null), joinOf(live));
  }

  /** Sees to it that the beginning of a run is known although the page shows its end: of one series, once. */
  wantBeginning(series: SeriesId): void {
    if (!this.run?.isRunning || !this.run.canAskStorage || this.stored.extent()) return;
    const join = joinOf(this.liveLines(series, 0));
    if (Number.isFinite(join) && join > 0) this.stored.want(series, join - 1, null, 0);
  }

  /** All lines come from storage from now on, if it has them all. True once memory has been given up. */
  settle(series: readonly SeriesId[]): boolean {
    const run = this.run;
    // With nothing to draw nothing is known to be there: fields may still be found out from what is in memory.
    if (!run?.isStored || !run.canAskStorage || series.length === 0) return false;
    if (this.isSettled) return true;
    // What is shown stays until storage has answered for all of it.
    for (const id of series) this.stored.want(id, Infinity, null, 0);
    if (!series.every((id) => this.stored.words(id).kind === "ready" && this.stored.hasAll(id))) return false;
    this.useStoredOnly = this.isSettled = true;
    this.live.clear();
    return true;
  }

  words(series: SeriesId, hasLines: boolean): LoadWords {
    if (!this.run) return { kind: "loading" };
    if (!this.run.canAskStorage || (hasLines && !this.useStoredOnly && this.live.find(series.channel, series.type))) return { kind: "ready" };
    if (this.run.isRunning) return { kind: "ready" };
    return this.stored.words(series);
  }

  /**
   * All rows of a line around a frame of which only extremes are here. Undefined: they are not known yet; null: there are none.
   * `mayAsk`: storage is asked for them.
   */
  closer(line: Line, frame: number, span: number, mayAsk: boolean): Rows | null | undefined {
    if (!this.run?.canAskStorage) return undefined;
    return this.stored.closeUp(line.id, line.key, { from: Math.max(0, frame - span), to: frame + span }, frame, mayAsk);
  }

  /** A summary that storage counts, as far as rows in memory are thinned out; those that are not are counted here. */
  exactSummary(line: Line, frames: Range): Summary | undefined {
    if (!this.run?.canAskStorage || !Number.isFinite(frames.from)) return undefined;
    if (frames.to < line.joinFrame) return this.stored.summary(line.id, line.key, frames);
    // Live rows of which some are missing stay marked as rough until storage has all of the run.
    if (frames.from >= line.joinFrame || !this.isLiveWhole) return undefined;
    const before = this.stored.summary(line.id, line.key, { from: frames.from, to: line.joinFrame - 1 });
    const live = line.parts.slice(-1);
    return before && together(before, summarise({ ...line, parts: live }, { from: line.joinFrame, to: frames.to }, true));
  }

  /** Whether the line's rows between two frames are all that there were. */
  isComplete(line: Line, frames: Range): boolean {
    const usesStored = frames.from < line.joinFrame && line.parts.length > (Number.isFinite(line.joinFrame) ? 1 : 0);
    if (usesStored) return this.stored.isComplete(line.id);
    // Of what lies before the join, memory has what happens to be left.
    return this.isLiveWhole && (line.joinFrame === 0 || frames.from >= line.joinFrame);
  }

  /** Neither thinned out by the collector nor with rows missing who knows where. */
  private get isLiveWhole(): boolean {
    return this.live.counters.reducedRows === 0 && !this.live.isPatchy;
  }

  private needsStorage(join: number, view: Range | null): boolean {
    if (!this.run?.canAskStorage) return false;
    if (!Number.isFinite(join)) return true;
    return view !== null && view.from < join;
  }

  private liveLines(series: SeriesId, index: number): Line[] {
    const type = this.useStoredOnly ? undefined : this.live.find(series.channel, series.type);
    if (!type) return [];
    const lines: Line[] = [];
    const complete = this.live.completeFrom(series.channel, series.type);
    for (const [key, rows] of type.instances) {
      if (series.key !== everyKey && series.key !== key && series.key !== "") continue;
      const column = rows.column(series.field);
      if (column < 0 || rows.isEmpty) continue;
      lines.push({
        series: index, id: series, key, parts: [{ rows, column, from: -Infinity }], joinFrame: joinFrame(rows, complete),
      });
    }
    return inKeyOrder(lines);
  }
}

/** @param complete as of `LiveRows.completeFrom` */
function joinFrame(rows: Rows, complete: number | undefined): number {
  const first = rows.frameAt(rows.oldestRow);
  // Of the first frame that is here some rows may be gone.
  const behindFirst = first === 0 ? 0 : first + 1;
  if (complete === undefined) return Math.max(behindFirst, rows.lateFrame + 1);
  return Math.max(complete, rows.oldestRow > 0 ? behindFirst : 0, rows.lateFrame + 1);
}

/** Stored rows end before `join`, since no more were asked for; live ones begin there. */
function joined(series: SeriesId, index: number, live: Line[], stored: Map<string, Rows>, join: number): Line[] {
  const lines = new Map(live.map((line) => [line.key, line]));
  for (const [storedKey, rows] of stored) {
    // An answer for one key need not repeat it in its rows.
    const key = storedKey === "" && series.key !== everyKey ? series.key : storedKey;
    if (series.key !== everyKey && series.key !== "" && series.key !== key) continue;
    const part = { rows, column: rows.column(valueColumn), from: -Infinity };
    const known = lines.get(key);
    const later = known?.parts.map((livePart) => ({ ...livePart, from: join })) ?? [];
    if (known) lines.set(key, { ...known, parts: [part, ...later], joinFrame: join });
    else lines.set(key, { series: index, id: series, key, parts: [part], joinFrame: join });
  }
  return inKeyOrder([...lines.values()]);
}

/** Where memory begins: behind the oldest row of whoever has lost some, else where the first rows came. */
function joinOf(live: readonly Line[]): number {
  if (live.length === 0) return Infinity;
  const cut = live.filter((line) => {
    const { rows } = line.parts[0] as Part;
    return rows.oldestRow > 0 || rows.lateRows > 0;
  });
  return cut.length > 0 ? Math.max(...cut.map((line) => line.joinFrame)) : Math.min(...live.map((line) => line.joinFrame));
}

function inKeyOrder(lines: Line[]): Line[] {
  return lines.sort((a, b) => byName(a.key, b.key));
}
