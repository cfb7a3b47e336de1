// The run list, kept up to date by asking for changes, and what can be changed of a run.

import { query, request } from "./http";
import { readRunSummary, RunSummary } from "./run-types";

export interface RunChanges {
  /** For the next question. */
  cursor: string;
  /** These are all runs there are. */
  isComplete: boolean;
  runs: RunSummary[];
  /** Run ids; to be taken out before `runs` are put in. */
  removed: string[];
}

/** What has changed since the answer that gave `cursor`; "": everything. */
export async function fetchRunChanges(cursor: string): Promise<RunChanges> {
  const json = await (await request(`/api/runs?after=${encodeURIComponent(cursor)}`)).json();
  return {
    cursor: String(json?.cursor ?? ""),
    isComplete: json?.complete !== false,
    runs: Array.isArray(json?.runs) ? json.runs.map(readRunSummary) : [],
    removed: Array.isArray(json?.removed) ? json.removed.map(String) : [],
  };
}

/** "" takes a name or note away. */
export async function changeRun(runId: string, change: { name: string; note: string }): Promise<void> {
  await request(`/api/run?${query({ runId })}`, { method: "PATCH", body: change });
}

/** For good. */
export async function deleteRun(runId: string): Promise<void> {
  await request(`/api/run?${query({ runId })}`, { method: "DELETE" });
}
