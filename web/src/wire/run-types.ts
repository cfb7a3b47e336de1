// What the collector says about runs, brought into one shape: every field is there, unknown numbers are 0 or NaN.

import { byName } from "../base/natural-order";
import { parseTime } from "../format/times";

export type RunStatus = "running" | "completed" | "failed" | "cancelled";

/** The kinds of a field whose values can be drawn; booleans and enums are drawn as 0, 1, 2 … */
export interface FieldInfo {
  name: string;
  kind: string;
  unit: string;
  /** Tells several instances of one type in one frame apart (wheelId). */
  isKey: boolean;
  /** Names for the values 0, 1, 2 … of an enum. */
  labels: string[];
}

export interface TypeInfo {
  /** The program that it comes from; "" if nobody has said so. */
  sourceId: string;
  channel: string;
  type: string;
  accepted: number;
  fields: FieldInfo[];
}

/** Marks are byte positions in the writer's ring; head minus mark is how far that stage is behind. */
export interface WriterInfo {
  instance: string;
  writer: number;
  name: string;
  head: number;
  live: number;
  spooled: number;
  stored: number;
}

export interface RunSummary {
  runId: string;
  sourceId: string;
  /** What people call it, and what they say about it; "" if nothing. */
  name: string;
  note: string;
  status: RunStatus;
  endReason: string;
  startedMs: number;
  /** When the collector first heard of it, by its own clock: the order of runs. */
  receivedMs: number;
  endedMs: number;
  engineVersion: string;
  seed: string;
  tags: [string, string][];
  types: TypeInfo[];
  lastFrame: number;
  lastSimTime: number;
  ratePerSecond: number;
  accepted: number;
  refused: number;
  lost: number;
  stored: number;
  /** Accepted while the collector stored nothing. */
  unstored: number;
  /** What it takes on disk, estimated by storage; NaN: not known. */
  bytesOnDisk: number;
}

export interface RunDetail extends RunSummary {
  /** JSON text, as the engine gave it; "" if it gave none. */
  config: string;
  /** Accepted events that came behind the run's end. */
  lateEvents: number;
  /** What whoever reads its numbers should know. */
  warnings: string[];
  /** Stored events of frames that have no place in the view `telemetry_events`. */
  eventsBeyond32Bits: number;
  writers: WriterInfo[];
  refusedByReason: [string, number][];
  lostByReason: [string, number][];
  /** Where events went missing, in the order in which it was seen. */
  losses: RunLoss[];
  /** Posted lines that are no events, by code. */
  rejectedByCode: [string, number][];
  /** The newest of them, oldest first. */
  rejectedLines: RejectedLine[];
}

/** A stretch of frames, both ends part of it. */
export interface RunLoss {
  /** Refused at the engine, or lost after they had been accepted. */
  kind: "refused" | "lost";
  reason: string;
  from: number;
  to: number;
  count: number;
}

export interface RejectedLine {
  /** Counted from 1 in its POST. */
  line: number;
  code: string;
  message: string;
  atMs: number;
}

type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

/** Databases may quote 64-bit integers. */
function amount(value: unknown): number {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : 0;
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function readStatus(value: unknown): RunStatus {
  return value === "completed" || value === "failed" || value === "cancelled" ? value : "running";
}

function readField(json: Json): FieldInfo {
  return {
    name: text(json["name"]),
    kind: text(json["kind"]),
    unit: text(json["unit"]),
    isKey: json["key"] === true,
    labels: Array.isArray(json["labels"]) ? json["labels"].map(text) : [],
  };
}

function readType(json: Json): TypeInfo {
  return {
    sourceId: text(json["sourceId"]),
    channel: text(json["channel"]),
    type: text(json["type"]),
    accepted: amount(json["accepted"]),
    fields: list(json["fields"]).map(readField),
  };
}

export function readRunSummary(json: unknown): RunSummary {
  const run = isObject(json) ? json : {};
  const tags = isObject(run["tags"]) ? Object.entries(run["tags"]).sort(([a], [b]) => byName(a, b)) : [];
  return {
    runId: text(run["runId"]),
    sourceId: text(run["sourceId"]),
    name: text(run["name"]),
    note: text(run["note"]),
    status: readStatus(run["status"]),
    endReason: text(run["endReason"]),
    startedMs: parseTime(text(run["created"])),
    receivedMs: parseTime(text(run["receivedAt"] ?? run["created"])),
    endedMs: parseTime(text(run["endedAt"])),
    engineVersion: text(run["engineVersion"]),
    seed: text(run["seed"]),
    tags: tags.map(([key, value]) => [key, text(value)]),
    types: list(run["types"]).map(readType),
    lastFrame: amount(run["lastFrame"]),
    lastSimTime: amount(run["lastSimTime"]),
    ratePerSecond: amount(run["ratePerSecond"]),
    accepted: amount(run["accepted"]),
    refused: amount(run["refused"]),
    lost: amount(run["lost"]),
    stored: amount(run["stored"]),
    unstored: amount(run["unstored"]),
    bytesOnDisk: NaN,
  };
}

function readCounts(json: unknown): [name: string, count: number][] {
  const counts = isObject(json) ? Object.entries(json) : [];
  return counts.map(([name, count]): [string, number] => [name, amount(count)]).filter(([, count]) => count > 0).sort(([a], [b]) => byName(a, b));
}

export function readRunDetail(json: unknown): RunDetail {
  const run = isObject(json) ? json : {};
  return {
    ...readRunSummary(json),
    config: text(run["config"]),
    lateEvents: amount(run["lateEvents"]),
    warnings: list(run["warnings"]).map((warning) => text(warning["message"])),
    eventsBeyond32Bits: amount(run["eventsBeyond32Bits"]),
    writers: list(run["writers"]).map((writer) => ({
      instance: text(writer["instance"]),
      writer: amount(writer["writer"]),
      name: text(writer["name"]),
      head: amount(writer["head"]),
      live: amount(writer["live"]),
      spooled: amount(writer["spooled"]),
      stored: amount(writer["stored"]),
    })),
    refusedByReason: readCounts(run["refusedByReason"]),
    lostByReason: readCounts(run["lostByReason"]),
    losses: list(run["losses"]).map((loss) => ({
      kind: loss["kind"] === "refused" ? "refused" : "lost", reason: text(loss["reason"]), from: amount(loss["from"]),
      to: amount(loss["to"]), count: amount(loss["count"]),
    })),
    rejectedByCode: readCounts(run["rejectedByCode"]),
    rejectedLines: list(run["rejectedLines"]).map((line) => ({
      line: amount(line["line"]), code: text(line["code"]), message: text(line["message"]), atMs: parseTime(text(line["at"])),
    })),
  };
}

/** The object in a JSON text, an empty one if it holds none. */
function parseObject(json: unknown): Json {
  try {
    const value: unknown = JSON.parse(text(json));
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** A row of the storage's list of runs, which knows fewer things than the collector's own. */
export function readStoredRun(json: unknown): RunSummary {
  const row = isObject(json) ? json : {};
  return readRunSummary({
    runId: row["run_id"],
    sourceId: row["source_id"],
    status: row["status"],
    created: row["started_at"],
    endedAt: row["ended_at"],
    engineVersion: row["engine_version"],
    seed: row["seed"],
    tags: parseObject(row["tags"]),
    lastFrame: row["max_frame_index"],
    accepted: row["total_events"],
    stored: row["total_events"],
  });
}

/** Events that are neither stored nor accounted for in another way: they are on their way to storage. */
export function eventsUnderway({ accepted, stored, lost, unstored }: RunSummary): number {
  return Math.max(0, accepted - stored - lost - unstored);
}

/** The programs that a run's events come from, by name: whichever came first. */
export function sourcesOf(run: RunSummary): string[] {
  return [...new Set([run.sourceId, ...run.types.map(({ sourceId }) => sourceId)])].filter(Boolean).sort(byName);
}

/** A run is one run id of one source. */
export function runKey(run: { runId: string; sourceId: string }): string {
  return JSON.stringify([run.runId, run.sourceId]);
}
