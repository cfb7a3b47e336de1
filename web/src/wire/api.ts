// The collector's HTTP interface, as far as this UI needs it. Every failure becomes an `ApiError` with words for a person.

import { readRunDetail, readRunSummary, readStoredRun, RunDetail, RunSummary } from "./run-types";

export class ApiError extends Error {
  /** HTTP status, 0 if no answer came. */
  readonly status: number;
  readonly code: string;
  readonly hint: string;

  constructor(status: number, code: string, message: string, hint: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

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

async function request(path: string, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, signal ? { signal } : {});
  } catch (cause) {
    if (signal?.aborted) throw new ApiError(0, "aborted", "The request was cancelled.", "");
    throw new ApiError(0, "unreachable", "The collector does not answer.", "Is `teltel collect` running?");
  }
  if (response.ok) return response;
  throw await readError(response);
}

async function readError(response: Response): Promise<ApiError> {
  const body = await response.text();
  try {
    const error = JSON.parse(body).error;
    return new ApiError(response.status, String(error.code ?? ""), String(error.message ?? ""), String(error.hint ?? ""));
  } catch {
    // Not the collector's own form of an error: a proxy, say. Its text is the best explanation there is.
    return new ApiError(response.status, "", body.slice(0, 300) || `HTTP ${response.status}`, "");
  }
}

function query(parameters: Record<string, string | undefined>): string {
  const pairs = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== "");
  return pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
}

function splitLines(body: string): string[] {
  return body.split("\n").filter((line) => line.trim() !== "");
}

export async function fetchRuns(signal?: AbortSignal): Promise<RunSummary[]> {
  const json: unknown = await (await request("/api/runs", signal)).json();
  return Array.isArray(json) ? json.map(readRunSummary) : [];
}

export async function fetchRun(runId: string, sourceId: string, signal?: AbortSignal): Promise<RunDetail> {
  return readRunDetail(await (await request(`/api/run?${query({ runId, sourceId })}`, signal)).json());
}

/** Runs that storage knows of, newest first; fails while storage is off. */
export async function fetchStoredRuns(daysBack: number, signal?: AbortSignal): Promise<RunSummary[]> {
  const response = await request(`/api/analysis/runs?${query({ daysBack: String(daysBack) })}`, signal);
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
  const response = await request(seriesPath(series), signal);
  return { lines: splitLines(await response.text()), sql: readSql(response) };
}
