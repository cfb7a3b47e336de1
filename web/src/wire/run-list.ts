// The run list, kept up to date by asking for changes, and what can be changed of a run.

import { parseExactJson } from "./exact-json";
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

export interface RunPart {
  /** For the first question about changes. */
  cursor: string;
  /** Where the next, older part begins; "": these were the last. */
  before: string;
  /** The newest first, whether they run or not. */
  runs: RunSummary[];
  /** Older ones that are still running, told with the first part only; they come again in the part that their age puts them in. */
  running: RunSummary[];
}

/** The newest runs; with the `before` of an answer, those that follow it. */
export async function fetchRunPart(before: string, limit: number): Promise<RunPart> {
  const answer = await (await request(`/api/runs?${query({ limit: String(limit), before })}`)).text();
  const { cursor, before: next, runs, running } = parseExactJson(answer) as Record<string, unknown>;
  return {
    cursor: String(cursor ?? ""),
    before: String(next ?? ""),
    runs: Array.isArray(runs) ? runs.map(readRunSummary) : [],
    running: Array.isArray(running) ? running.map(readRunSummary) : [],
  };
}

/** What has changed since the answer that gave `cursor`. */
export async function fetchRunChanges(cursor: string): Promise<RunChanges> {
  const answer = await (await request(`/api/runs?after=${encodeURIComponent(cursor)}`)).text();
  const { cursor: next, complete, runs, removed } = parseExactJson(answer) as Record<string, unknown>;
  return {
    cursor: String(next ?? ""),
    isComplete: complete !== false,
    runs: Array.isArray(runs) ? runs.map(readRunSummary) : [],
    removed: Array.isArray(removed) ? removed.map(String) : [],
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
