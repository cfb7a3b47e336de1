// The columns of the run list: what they are called, what they say, how they sort. Pure.

import { formatBytes, formatCount, formatRate } from "../../format/numbers";
import { formatDuration, formatExact, formatRelative } from "../../format/times";
import { RunSummary } from "../../wire/run-types";
import { runSeconds, statusWords } from "../status";

export type ColumnId =
  "status" | "run" | "reason" | "source" | "tags" | "version" | "seed" | "started" | "duration" | "frames" | "rate" | "drops" | "size";

export interface RunColumn {
  readonly id: ColumnId;
  readonly title: string;
  readonly isNumber: boolean;
  /** What the title leaves open; "" if nothing. */
  readonly explanation: string;
  /** By what the column sorts; "" and NaN mean unknown. */
  readonly value: (run: RunSummary, nowMs: number) => string | number;
  /** What its cell says. */
  readonly text: (run: RunSummary, nowMs: number) => string;
  /** What the cell's tooltip says; "" if nothing. */
  readonly tooltip: (run: RunSummary) => string;
  /** A text for which there is always room: columns must not move with each digit. */
  readonly widest: string;
  /** In CSS pixels, beside padding: names that are longer are shortened in their middle. */
  readonly widthMax: number;
  /** What else stands in the cell. */
  readonly extraWidth: number;
}

const unknown = "–";
const iconRoom = 27;
const nameWidthMax = 460;

function tagText(run: RunSummary): string {
  return run.tags.map(([key, value]) => `${key}=${value}`).join(" ");
}

/** Whether a run has said why it ended, and did not simply do what it was to do. */
export function endedBadly(run: RunSummary): boolean {
  return run.endReason !== "" && (run.status === "failed" || run.status === "cancelled");
}

function drops(run: RunSummary): number {
  return run.refused + run.lost;
}

/** Sizes are shared out among the runs of a table, which moves them when others are written: the words say so. */
function sizeTooltip(run: RunSummary): string {
  if (Number.isNaN(run.bytesOnDisk)) return "Not known yet";
  return `About ${formatBytes(run.bytesOnDisk)}: an estimate, which may move while other runs are stored`;
}

type ColumnPart = Pick<RunColumn, "id" | "title" | "value"> & Partial<RunColumn>;

/** Texts are what they sort by, unless the column says otherwise. */
function column(part: ColumnPart): RunColumn {
  const text = part.text ?? ((run: RunSummary, nowMs: number) => String(part.value(run, nowMs)) || unknown);
  return {
    isNumber: false, explanation: "", text, tooltip: () => "", widest: "", widthMax: Infinity, extraWidth: 0, ...part,
  };
}

export const runColumns: readonly RunColumn[] = [
  column({ id: "status", title: "Status", value: (run) => run.status, text: (run) => statusWords[run.status], widest: "Completed", extraWidth: iconRoom }),
  column({
    id: "run", title: "Run", explanation: "Its name, if it has one, and its id", value: (run) => run.name || run.runId,
    text: (run) => (run.name === "" ? run.runId : `${run.name}  ${run.runId}`), widthMax: nameWidthMax,
    tooltip: (run) => [run.name, run.runId, run.note].filter(Boolean).join("\n"),
  }),
  column({
    id: "reason", title: "End reason", explanation: "Why it ended", value: (run) => run.endReason, tooltip: (run) => run.endReason,
    widest: "x".repeat(12), widthMax: 280,
  }),
  column({ id: "source", title: "Source", explanation: "The program that it comes from", value: (run) => run.sourceId, tooltip: (run) => run.sourceId, widthMax: 200 }),
  // Its chips stand side by side: the room between them and their edges are about four letters each.
  column({ id: "tags", title: "Tags", value: tagText, text: (run) => run.tags.map(([key, value]) => `${key}=${value}0000`).join(""), widthMax: 900 }),
  column({ id: "version", title: "Version", explanation: "Of the engine", value: (run) => run.engineVersion, tooltip: (run) => run.engineVersion, widthMax: 160 }),
  column({ id: "seed", title: "Seed", isNumber: true, explanation: "Of the engine's random numbers", value: (run) => run.seed }),
  column({
    id: "started", title: "Started", isNumber: true, value: (run) => run.startedMs, text: (run, nowMs) => formatRelative(run.startedMs, nowMs),
    tooltip: (run) => formatExact(run.startedMs), widest: "59 min ago",
  }),
  column({
    id: "duration", title: "Duration", isNumber: true, explanation: "Wall time from start to end", value: runSeconds,
    text: (run, nowMs) => formatDuration(runSeconds(run, nowMs)), widest: "00:00:00",
    tooltip: (run) => (run.status === "running" ? "Since its start" : `Until ${formatExact(run.endedMs)}`),
  }),
  column({
    id: "frames", title: "Frames", isNumber: true, explanation: "The highest frame so far", value: (run) => run.lastFrame,
    text: (run) => formatCount(run.lastFrame), widest: "000,000",
  }),
  column({
    id: "rate", title: "Rate /s", isNumber: true, explanation: "Events per second, now", value: (run) => run.ratePerSecond,
    text: (run) => (run.status === "running" ? formatRate(run.ratePerSecond) : unknown), widest: "00.0 M",
  }),
  column({
    id: "drops", title: "Drops", isNumber: true, value: drops, text: (run) => formatCount(drops(run)), widest: "00,000",
    tooltip: (run) => `${formatCount(run.refused)} refused, ${formatCount(run.lost)} lost`,
    explanation: "Events that were refused (by the engine's library or the collector) or lost (accepted, and never to be stored)",
  }),
  column({
    id: "size", title: "≈ Size", isNumber: true, value: (run) => run.bytesOnDisk, text: (run) => formatBytes(run.bytesOnDisk),
    tooltip: sizeTooltip, widest: "00.0 MiB",
    explanation: "On the database's disk, an estimate: each stored event counts as the mean of its table, so that it may move while "
      + "other runs are stored (GET /api/analysis/sizes)",
  }),
];

/** Those that are shown until somebody chooses; the end reason of a run that failed stands under its name. */
export const usualColumns: readonly ColumnId[] = ["status", "run", "tags", "started", "duration", "frames", "drops"];

export function findColumn(id: string): RunColumn | undefined {
  return runColumns.find((column) => column.id === id);
}

/** In their usual order; the one that is sorted by is always there, or nobody could say what the order is. */
export function shownColumns(chosen: readonly ColumnId[], sorted: ColumnId | null): RunColumn[] {
  return runColumns.filter(({ id }) => id === "run" || id === sorted || chosen.includes(id));
}

/** As `formatColumns` writes them; null if the text names none. */
export function parseColumns(text: string): ColumnId[] | null {
  const named = text.split(",");
  const found = runColumns.map(({ id }) => id).filter((id) => named.includes(id));
  return found.length > 0 ? found : null;
}

export function formatColumns(columns: readonly ColumnId[]): string {
  return columns.join(",");
}
