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
