// The collector's HTTP interface, as far as this UI needs it.

import { parseExactJson } from "./exact-json";
import { ApiError, curlOf, query, request, splitLines } from "./http";
import { fillParameters } from "./sql-text";
import { readRunDetail, readStoredRun, RunDetail, RunSummary } from "./run-types";

export { ApiError } from "./http";

export interface Readiness {
  /** "ready", "degraded", or "login-required": the collector answers, but nobody is logged in. */
  status: string;
  storageState: string;
  storageDetail: string;
}

export async function fetchRun(runId: string, sourceId: string, signal?: AbortSignal): Promise<RunDetail> {
  return readRunDetail(parseExactJson(await (await request(`/api/run?${query({ runId, sourceId })}`, { signal })).text()));
}

/** Runs that storage knows of, newest first; fails while storage is off. */
export async function fetchStoredRuns(daysBack: number, signal?: AbortSignal): Promise<RunSummary[]> {
  const response = await request(`/api/analysis/runs?${query({ daysBack: String(daysBack) })}`, { signal });
  return splitLines(await response.text()).map((line) => readStoredRun(parseExactJson(line)));
}

function sizesPath(runId: string): string {
  return runId === "" ? "/api/analysis/sizes" : `/api/analysis/sizes?${query({ runId })}`;
}

/** What runs take on the database's disk, by run id: an estimate. "": all runs. */
export async function fetchSizes(runId = ""): Promise<Map<string, number>> {
  const response = await request(sizesPath(runId));
  return new Map(splitLines(await response.text()).map((line) => {
    const row = JSON.parse(line);
    return [String(row.run_id), Number(row.bytes_on_disk)];
  }));
}

export interface Explanation {
  sql: string;
  curl: string;
}

/** The query behind a run's size, without asking it. */
export async function explainSize(runId: string): Promise<Explanation> {
  const json = await (await request(`${sizesPath(runId)}&explain=1`)).json();
  return { sql: fillParameters(String(json?.sql ?? ""), json?.parameters ?? {}), curl: curlOf(sizesPath(runId)) };
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
