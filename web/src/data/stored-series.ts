// Series of a run from storage: one request per (channel, type, field, key), kept as streams like the live ones.

import { ApiError, fetchSeries, SeriesRequest } from "../wire/api";
import { Catalogue } from "./catalogue";
import { toNumber } from "./payload";
import { MemoryBudget, Stream } from "./stream";

/** Points asked for per series: more than a chart has pixels, so that a zoom shows more than it did. */
export const pointsPerSeries = 4000;
const rowsPerStreamMax = 65_536;
const bytesMax = 128 * 1024 * 1024;

export type LoadState =
  | { kind: "loading" }
  | { kind: "ready"; sql: string }
  | { kind: "failed"; error: ApiError };

/** The name of the value's column in a stored stream, which holds one field only. */
export const valueColumn = "value";

interface Entry {
  state: LoadState;
  streams: Map<string, Stream>;
}

export type StoredField = Pick<SeriesRequest, "channel" | "type" | "field" | "key">;

/** Rows of an answer, told apart by their key ("" where they have none). Lines that are no rows are left out. */
export function readSeriesRows(lines: readonly string[], budget: MemoryBudget): Map<string, Stream> {
  const streams = new Map<string, Stream>();
  for (const line of lines) {
    let row;
    try {
      row = JSON.parse(line);
    } catch {
      // The last line of an answer that was cut off: what came before it is still true.
      continue;
    }
    const time = Number(row?.sim_time);
    if (!Number.isFinite(time)) continue;
    const key = row.key === undefined || row.key === null ? "" : String(row.key);
    let stream = streams.get(key);
    if (!stream) {
      stream = new Stream(rowsPerStreamMax, budget);
      stream.addColumn(valueColumn);
      streams.set(key, stream);
    }
    if (stream.append(time, Number(row.frame_index)) && stream.column(valueColumn) >= 0) {
      stream.set(stream.column(valueColumn), toNumber(row.value));
    }
  }
  return streams;
}

export class StoredSeries {
  private readonly entries = new Map<string, Entry>();
  private readonly budget = new MemoryBudget(bytesMax);
  private readonly cancel = new AbortController();

  /** @param onChange called whenever a request begins or ends */
  constructor(
    private readonly run: () => { runId: string; sourceId: string },
    private readonly catalogue: Catalogue,
    private readonly onChange: () => void,
  ) {}

  /** The state of a series; the first question starts the request. */
  load(field: StoredField): LoadState {
    const id = JSON.stringify([field.channel, field.type, field.field, field.key ?? null]);
    let entry = this.entries.get(id);
    if (!entry) {
      entry = { state: { kind: "loading" }, streams: new Map() };
      this.entries.set(id, entry);
      void this.fill(entry, field);
    }
    return entry.state;
  }

  /** The streams of a loaded series by key. */
  streamsOf(field: StoredField): [string, Stream][] {
    const id = JSON.stringify([field.channel, field.type, field.field, field.key ?? null]);
    return [...(this.entries.get(id)?.streams ?? [])];
  }

  firstFailure(): ApiError | undefined {
    for (const { state } of this.entries.values()) if (state.kind === "failed") return state.error;
    return undefined;
  }

  /** Forgets what failed, so that the next question asks again. */
  retry(): void {
    for (const [id, entry] of this.entries) if (entry.state.kind === "failed") this.entries.delete(id);
    this.onChange();
  }

  /** Forgets everything, so that the next questions ask again. */
  reload(): void {
    this.entries.clear();
    this.budget.clear();
    this.onChange();
  }

  close(): void {
    this.cancel.abort();
  }

  /** The time range of all that is loaded; undefined while there is nothing. */
  extent(): { from: number; to: number } | undefined {
    let from = Infinity;
    let to = -Infinity;
    for (const entry of this.entries.values()) {
      for (const stream of entry.streams.values()) {
        if (stream.isEmpty) continue;
        from = Math.min(from, stream.oldestTime);
        to = Math.max(to, stream.newestTime);
      }
    }
    return from <= to ? { from, to } : undefined;
  }

  private async fill(entry: Entry, field: StoredField): Promise<void> {
    try {
      const answer = await fetchSeries({ ...this.run(), ...field, points: pointsPerSeries }, this.cancel.signal);
      entry.streams = readSeriesRows(answer.lines, this.budget);
      entry.state = { kind: "ready", sql: answer.sql };
      for (const key of entry.streams.keys()) if (key !== "") this.catalogue.noteKey(field.channel, field.type, key);
    } catch (error) {
      entry.state = { kind: "failed", error: error instanceof ApiError ? error : new ApiError(0, "", String(error), "") };
    }
    if (!this.cancel.signal.aborted) this.onChange();
  }
}
