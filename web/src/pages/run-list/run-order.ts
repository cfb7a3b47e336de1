// Which runs the list shows, and in which order: pure.

import { runKey, RunStatus, RunSummary } from "../../wire/run-types";
import { ListQuery, SortOrder } from "./list-query";
import { findColumn } from "./run-columns";

/** The collector's own runs win over what storage tells of the same run: they know more. */
export function mergeRuns(current: RunSummary[], stored: RunSummary[]): RunSummary[] {
  const known = new Set(current.map(runKey));
  return [...current, ...stored.filter((run) => !known.has(runKey(run)))];
}

/** In lower case, what the search looks into; made once per run as it came from the collector. */
const searched = new WeakMap<RunSummary, string>();

function searchedText(run: RunSummary): string {
  let text = searched.get(run);
  if (text === undefined) {
    const tags = run.tags.map(([key, value]) => `${key}=${value}`);
    const parts = [run.runId, run.name, run.note, run.sourceId, run.status, run.engineVersion, run.seed, run.endReason, ...tags];
    text = parts.join("\n").toLowerCase();
    searched.set(run, text);
  }
  return text;
}

/** All words of the search must occur somewhere in what is known of the run; case does not matter. */
export function matchesSearch(run: RunSummary, search: string): boolean {
  return search.toLowerCase().split(/\s+/).every((word) => searchedText(run).includes(word));
}

export function matchesQuery(run: RunSummary, { search, statuses, tags }: ListQuery): boolean {
  if (statuses.length > 0 && !statuses.includes(run.status)) return false;
  const hasTag = (wanted: string) => run.tags.some(([key, value]) => `${key}=${value}` === wanted);
  return tags.every(hasTag) && matchesSearch(run, search);
}

// Digits in names count as numbers: run-9 comes before run-10.
const collator = new Intl.Collator("en", { numeric: true });

function compareValues(a: string | number, b: string | number): number {
  return typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b));
}

function isUnknown(value: string | number): boolean {
  return value === "" || Number.isNaN(value);
}

/** Running ones on top, then the newest first. Runs of unknown age, or without the value sorted by, come last. */
export function sortRuns(runs: readonly RunSummary[], sort: SortOrder | null, nowMs: number): RunSummary[] {
  const column = sort && findColumn(sort.column);
  const keyed = runs.map((run) => ({ run, value: column ? column.value(run, nowMs) : "" }));
  const direction = sort?.isDescending ? -1 : 1;
  keyed.sort((a, b) => {
    const unknown = Number(isUnknown(a.value)) - Number(isUnknown(b.value));
    return unknown || direction * compareValues(a.value, b.value) || compareByAge(a.run, b.run);
  });
  return keyed.map(({ run }) => run);
}

function compareByAge(a: RunSummary, b: RunSummary): number {
  const age = (run: RunSummary) => (Number.isNaN(run.receivedMs) ? -Infinity : run.receivedMs);
  const running = Number(b.status === "running") - Number(a.status === "running");
  if (running !== 0) return running;
  if (age(a) !== age(b)) return age(b) - age(a);
  return collator.compare(a.runId, b.runId) || (runKey(a) < runKey(b) ? -1 : 1);
}

export type ListRow =
  | { kind: "run"; key: string; run: RunSummary }
  | { kind: "group"; key: string; title: string; count: number; byStatus: Record<RunStatus, number>; isOpen: boolean };

function countByStatus(runs: readonly RunSummary[]): Record<RunStatus, number> {
  const counts = { running: 0, completed: 0, failed: 0, cancelled: 0 };
  for (const { status } of runs) counts[status] += 1;
  return counts;
}

/** Rows of the list; `group` = "" without groups, else the tag whose values head the groups. Closed groups hide their runs. */
export function listRows(runs: readonly RunSummary[], group: string, closed: ReadonlySet<string>): ListRow[] {
  const rowOf = (run: RunSummary): ListRow => ({ kind: "run", key: runKey(run), run });
  if (group === "") return runs.map(rowOf);
  const groups = new Map<string | null, RunSummary[]>();
  for (const run of runs) {
    const value = run.tags.find(([key]) => key === group)?.[1] ?? null;
    const members = groups.get(value);
    if (members) members.push(run);
    else groups.set(value, [run]);
  }
  const sorted = [...groups].sort(([a], [b]) => Number(a === null) - Number(b === null) || collator.compare(a ?? "", b ?? ""));
  return sorted.flatMap(([value, members]) => {
    const key = JSON.stringify(value === null ? [group] : [group, value]);
    const isOpen = !closed.has(key);
    const head: ListRow = {
      kind: "group", key, title: value === null ? `without ${group}` : `${group} = ${value}`, isOpen,
      count: members.length, byStatus: countByStatus(members),
    };
    return [head, ...(isOpen ? members.map(rowOf) : [])];
  });
}

/** The tags that runs have, by name. */
export function tagKeys(runs: readonly RunSummary[]): string[] {
  return [...new Set(runs.flatMap((run) => run.tags.map(([key]) => key)))].sort(collator.compare);
}

/** "key=value", the most frequent first, at most `most`. */
export function frequentTags(runs: readonly RunSummary[], most: number): string[] {
  const counts = new Map<string, number>();
  for (const run of runs) {
    for (const [key, value] of run.tags) counts.set(`${key}=${value}`, (counts.get(`${key}=${value}`) ?? 0) + 1);
  }
  const sorted = [...counts].sort((a, b) => b[1] - a[1] || collator.compare(a[0], b[0]));
  return sorted.slice(0, most).map(([tag]) => tag);
}
