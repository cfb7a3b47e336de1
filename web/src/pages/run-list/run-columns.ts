// The columns of the run list: what they are called, how they sort. Pure.

import { RunSummary } from "../../wire/run-types";
import { runSeconds } from "../status";

export type ColumnId =
  "status" | "run" | "source" | "tags" | "version" | "seed" | "started" | "duration" | "frames" | "rate" | "drops" | "size";

export interface RunColumn {
  readonly id: ColumnId;
  readonly title: string;
  readonly isNumber: boolean;
  /** What the title leaves open; "" if nothing. */
  readonly explanation: string;
  /** By what the column sorts; "" and NaN mean unknown. */
  readonly value: (run: RunSummary, nowMs: number) => string | number;
}

function tagText(run: RunSummary): string {
  return run.tags.map(([key, value]) => `${key}=${value}`).join(" ");
}

export const runColumns: readonly RunColumn[] = [
  { id: "status", title: "Status", isNumber: false, explanation: "", value: (run) => run.status },
  { id: "run", title: "Run", isNumber: false, explanation: "Its name, if it has one, and its id", value: (run) => run.name || run.runId },
  { id: "source", title: "Source", isNumber: false, explanation: "The program that it comes from", value: (run) => run.sourceId },
  { id: "tags", title: "Tags", isNumber: false, explanation: "", value: tagText },
  { id: "version", title: "Version", isNumber: false, explanation: "Of the engine", value: (run) => run.engineVersion },
  { id: "seed", title: "Seed", isNumber: true, explanation: "Of the engine's random numbers", value: (run) => run.seed },
  { id: "started", title: "Started", isNumber: true, explanation: "", value: (run) => run.startedMs },
  { id: "duration", title: "Duration", isNumber: true, explanation: "Wall time from start to end", value: runSeconds },
  { id: "frames", title: "Frames", isNumber: true, explanation: "The highest frame so far", value: (run) => run.lastFrame },
  { id: "rate", title: "Rate /s", isNumber: true, explanation: "Events per second, now", value: (run) => run.ratePerSecond },
  {
    id: "drops", title: "Drops", isNumber: true, value: (run) => run.refused + run.lost,
    explanation: "Events that were refused (by the engine's library or the collector) or lost (accepted, and never to be stored)",
  },
  {
    id: "size", title: "Size", isNumber: true, value: (run) => run.bytesOnDisk,
    explanation: "On the database's disk, about: each stored event counts as the mean of its table (GET /api/analysis/sizes)",
  },
];

export function findColumn(id: string): RunColumn | undefined {
  return runColumns.find((column) => column.id === id);
}
