// The collector's HTTP interface, as far as this UI needs it.

import { ApiError, query, request, splitLines } from "./http";
import { readRunDetail, readStoredRun, RunDetail, RunSummary } from "./run-types";

export { ApiError } from "./http";

export interface Readiness {
  /** "ready", "degraded", or "login-required": the collector answers, but nobody is logged in. */
  status: string;
  storageState: string;
  storageDetail: string;
}

export interface SeriesRequest {
  runId: string;
  sourceId: string;
  channel: string;
  type: string;
  field: string;
  /** One instance only; absent = all, told apart by `key` in the rows. */
  key?: string;
  points: number;
}

export interface SeriesAnswer {
  /** One JSON object per line. */
  lines: string[];
  /** The query that made the answer, "" if the collector did not say. */
  sql: string;
}

export async function fetchRun(runId: string, sourceId: string, signal?: AbortSignal): Promise<RunDetail> {
  return readRunDetail(await (await request(`/api/run?${query({ runId, sourceId })}`, { signal })).json());
}

/** Runs that storage knows of, newest first; fails while storage is off. */
export async function fetchStoredRuns(daysBack: number, signal?: AbortSignal): Promise<RunSummary[]> {
  const response = await request(`/api/analysis/runs?${query({ daysBack: String(daysBack) })}`, { signal });
  return splitLines(await response.text()).map((line) => readStoredRun(JSON.parse(line)));
}

export async function fetchReadiness(signal?: AbortSignal): Promise<Readiness> {
  let json;
  try {
    const response = await fetch("/api/ready", signal ? { signal } : {});
    if (response.status === 401) return { status: "login-required", storageState: "", storageDetail: "" };
    json = await response.json();
  } catch {
    throw new ApiError(0, "unreachable", "The collector does not answer.", "Is `teltel collect` running?");
  }
  return {
    status: String(json?.status ?? ""),
    storageState: String(json?.storage?.state ?? ""),
    storageDetail: String(json?.storage?.detail ?? ""),
  };
}

function seriesPath(series: SeriesRequest): string {
  const { runId, sourceId, channel, type, field, key, points } = series;
  return `/api/analysis/series?${query({
    runId, sourceId, channel, eventType: type, jsonPath: field, key, points: String(points),
  })}`;
}

function readSql(response: Response): string {
  const header = response.headers.get("X-Teltel-SQL") ?? "";
  try {
    return decodeURIComponent(header);
  } catch {
    // Written by a collector that does not encode: the text itself is still worth showing.
    return header;
  }
}

export async function fetchSeries(series: SeriesRequest, signal?: AbortSignal): Promise<SeriesAnswer> {
  const response = await request(seriesPath(series), { signal });
  return { lines: splitLines(await response.text()), sql: readSql(response) };
}
