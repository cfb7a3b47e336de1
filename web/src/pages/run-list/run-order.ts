// Which runs the list shows and in which order: pure.

import { runKey, RunSummary } from "../../wire/run-types";

/** The collector's own runs win over what storage tells of the same run: they know more. */
export function mergeRuns(current: RunSummary[], stored: RunSummary[]): RunSummary[] {
  const known = new Set(current.map(runKey));
  return [...current, ...stored.filter((run) => !known.has(runKey(run)))];
}

/** Running ones on top, then the newest first; runs of unknown age last. */
export function sortRuns(runs: RunSummary[]): RunSummary[] {
  const age = (run: RunSummary) => (Number.isNaN(run.startedMs) ? -Infinity : run.startedMs);
  return [...runs].sort((a, b) => {
    const running = Number(b.status === "running") - Number(a.status === "running");
    if (running !== 0) return running;
    if (age(a) !== age(b)) return age(b) - age(a);
    return runKey(a) < runKey(b) ? -1 : 1;
  });
}

/** All words of the search must occur in the run's id, source, status, engine version or tags; case does not matter. */
export function matchesSearch(run: RunSummary, search: string): boolean {
  const tags = run.tags.map(([key, value]) => `${key}=${value}`);
  const text = [run.runId, run.sourceId, run.status, run.engineVersion, ...tags].join("\n").toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
