// What the page and its worker say to each other. The worker holds all rows, live and stored; the page asks for what it draws,
// one question per animation frame, and gets numbers reduced to its pixels.

import { FailedRequest } from "../wire/http";
import { SeriesId } from "./series-id";

/** A type with more instances than this is a crowd; the others are counted, not drawn. */
export const keysPerTypeMax = 256;
/** Longer arrays are pictures or maps, not series. */
export const elementsMax = 16;

/** What the horizontal axis shows: frame numbers, simulated seconds, or milliseconds since 1970. */
export type TimeAxis = "frame" | "simTime" | "wallTime";

export interface Range {
  from: number;
  to: number;
}

/** One event type that is wanted live. */
export interface WantedType {
  channel: string;
  type: string;
  /** Null: all numbers, because nobody has said what there is. */
  fields: string[] | null;
  keyFields: string[];
  /** Texts whose newest values are wanted. */
  texts: string[];
}

export interface RunState {
  runId: string;
  sourceId: string;
  /** What stored series are asked for: without a source of the user's choice, the run's first one. */
  storedSourceId: string;
  isRunning: boolean;
  /** The run is over and all of it is stored: rows in memory give way to stored ones. */
  isStored: boolean;
  canAskStorage: boolean;
  /** Events of the run in storage; when it grows, an answer that came too short may be asked again. */
  storedEvents: number;
  /** The newest frame that the collector knows of. */
  lastFrame: number;
}

export interface PanelRequest {
  id: string;
  series: SeriesId[];
  /** Which of them are texts, by index. */
  texts: number[];
  /** Pixels of the plot's width; 0: only values are wanted. */
  columns: number;
  /** The panel's own stretch of the axis; null: the same as all others. */
  range: Range | null;
}

/** One line over a stretch of an axis of its own, as far as it is here already. */
export interface SketchRequest {
  series: SeriesId;
  axis: TimeAxis;
  range: Range;
  /** Pixels. */
  columns: number;
}

export interface FrameRequest {
  number: number;
  axis: TimeAxis;
  /** Null: follow the newest rows. */
  range: Range | null;
  /** Without a range: the newest rows, else all of the run. */
  isFollowing: boolean;
  /** How much of the run is shown while it is followed, in simulated seconds. */
  windowSeconds: number;
  panels: PanelRequest[];
  /** Where the pointer is on the axis, null when it is elsewhere. */
  hover: number | null;
  /** Frames of the first and the second cursor. */
  cursors: (number | null)[];
  /** Stretches of frames in which events are missing: the answer has them on the axis. */
  losses: Range[];
  /** Null: the one before is still good. */
  sketch: SketchRequest | null;
  /** Buffers of an earlier answer, to be used again. */
  buffers: ArrayBuffer[];
}

/** One row of a series. */
export interface Sample {
  frame: number;
  simTime: number;
  /** Milliseconds since 1970; NaN: not known. */
  wallTime: number;
  value: number;
}

/**
 * What a line is at a frame. "at": the value of this very frame. "before": the line has values more seldom, and this is the last one
 * up to the frame. "near": a value close by, of thinned rows, until storage has said what there is. "none": the line has no value
 * there, nor neighbours between which the frame would lie.
 */
export type ValueAt = { kind: "at" | "before" | "near"; sample: Sample } | { kind: "none"; sample: null };

/** A frame that is pointed at, or that a cursor stands on. */
export interface PlaceAnswer {
  frame: number;
  /** NaN: not known. Between rows they are reckoned from those around. */
  simTime: number;
  wallTime: number;
  /** Whether a row of this very frame says so. */
  isExact: boolean;
  /** None of the lines in sight has a value there. */
  isHole: boolean;
}

/** A text and the row that it came with. */
export interface TextSample {
  frame: number;
  simTime: number;
  value: string;
}

/** What of a line is shown where there is room for one value: at the pointer, else at the first cursor, else the newest. */
export function shownValue(line: LineAnswer): ValueAt {
  const newest: ValueAt = line.newest ? { kind: "at", sample: line.newest } : { kind: "none", sample: null };
  return line.atPointer ?? line.atFirst ?? newest;
}

/** What a series comes to between the two cursors. */
export interface Summary {
  /** Rows, and those among them whose values are finite numbers. */
  count: number;
  finite: number;
  min: number;
  max: number;
  mean: number;
  /** False while the rows in memory are thinned out and storage has not answered yet. */
  isExact: boolean;
}

export interface LineAnswer {
  /** Index into the panel's series. */
  series: number;
  key: string;
  /** Smallest and largest finite value in view; NaN if there is none. */
  min: number;
  max: number;
  /** Of what is shown: the newest row of all while it is followed, else the last one of the stretch. */
  newest: Sample | null;
  /** Null: the pointer is elsewhere, or there is no such cursor. */
  atPointer: ValueAt | null;
  atFirst: ValueAt | null;
  atSecond: ValueAt | null;
  /** Of a line that is a text, and so has no values. */
  text: TextSample | null;
  between: Summary | null;
}

export type LoadWords = { kind: "ready" } | { kind: "loading" } | { kind: "failed"; message: string; hint: string };

/** Lows and highs by buckets, as in a `PanelAnswer`. */
export interface SketchAnswer {
  series: SeriesId;
  range: Range;
  buckets: number;
  firstBucket: number;
  bucketWidth: number;
  values: Float64Array;
  marks: Uint8Array;
  min: number;
  max: number;
}

export interface PanelAnswer {
  id: string;
  /** What the panel shows of the axis. */
  range: Range | null;
  lines: LineAnswer[];
  hiddenLines: number;
  /** Buckets per line; the first one's number and width on the axis. */
  buckets: number;
  firstBucket: number;
  bucketWidth: number;
  /** Per line `buckets` values each: lows and highs one after the other. */
  values: Float64Array;
  /** Per line and bucket: `mark*` bits. */
  marks: Uint8Array;
  /** Is the same as long as the picture is: axis, range, rows. */
  signature: string;
  load: LoadWords;
  rows: number;
  lateRows: number;
}

export const markFilled = 1;
/** The low value came before the high one. */
export const markLowFirst = 2;
/** There was a value that is no finite number. */
export const markNotFinite = 4;
/** Values are missing before it: no line leads here from the column before. */
export const markBroken = 8;
/** Extremes of more than can be told apart here: what lies between them is not known yet. */
export const markCoarse = 16;

/** A stretch of frames in which events are missing for the page. */
export interface Loss {
  from: number;
  to: number;
  /** 0: nobody knows how many. */
  count: number;
  kind: "skipped" | "gap";
}

export interface FrameAnswer {
  number: number;
  axis: TimeAxis;
  range: Range | null;
  /** The same in frames. */
  frames: Range | null;
  /** All rows that are known, in frames. */
  extent: Range | null;
  /** From here on rows come from memory, before it from storage; NaN: all from one of them. */
  joinFrame: number;
  newest: Sample | null;
  /** From the first to the last row that is known, on the axis. */
  whole: Range | null;
  /** The axis that shows something if not all axes do: some senders count no frames. */
  bestAxis: TimeAxis;
  /** The losses asked about, on the axis. */
  losses: Range[];
  hover: PlaceAnswer | null;
  cursors: (PlaceAnswer | null)[];
  /** Undefined: none was asked for; null: nothing of the line is here. */
  sketch: SketchAnswer | null | undefined;
  panels: PanelAnswer[];
}

export type ConnectionState = "closed" | "connecting" | "open" | "lost";

export interface LiveCounters {
  messages: number;
  rows: number;
  /** Events that the collector gave up because this page was too slow. */
  skipped: number;
  malformed: number;
  /** Rows of instances beyond the limit per type. */
  instancesRefused: number;
  /** Rows that stand for more than themselves. */
  reducedRows: number;
  bytesHeld: number;
}

export interface FoundType {
  channel: string;
  type: string;
  fields: { name: string; kind: string; unit: string; isKey: boolean; labels: string[] }[];
}

export type ToWorker =
  | { kind: "run"; run: RunState }
  | { kind: "want"; types: WantedType[] }
  | { kind: "frame"; request: FrameRequest }
  | { kind: "move-range"; number: number; range: Range; from: TimeAxis; to: TimeAxis }
  /** Which frame a place of the axis is. */
  | { kind: "find-frame"; number: number; place: number; axis: TimeAxis };

/** An `ApiError` as it crosses over: classes do not. */
export interface FailureTold {
  status: number;
  code: string;
  message: string;
  hint: string;
  request: FailedRequest | null;
}

export type FromWorker =
  | { kind: "frame"; answer: FrameAnswer }
  | { kind: "found"; type: FoundType }
  | { kind: "keys"; channel: string; type: string; keys: string[] }
  | { kind: "connection"; state: ConnectionState }
  | { kind: "counters"; counters: LiveCounters }
  | { kind: "loss"; loss: Loss }
  | { kind: "all-stored"; isAll: boolean }
  | { kind: "changed" }
  | { kind: "failure"; failure: FailureTold }
  | { kind: "moved-range"; number: number; range: Range | null }
  | { kind: "found-frame"; number: number; frame: number | null };
