// Questions to stored series (docs/http-api.md, analysis).

import { query, request, splitLines } from "./http";
import { fillParameters } from "./sql-text";

export interface SeriesRequest {
  runId: string;
  sourceId: string;
  channel: string;
  type: string;
  field: string;
  /** One instance only; absent = all, told apart by `key` in the rows. */
  key?: string;
  /** About so many rows at most; absent = every row. */
  points?: number;
  fromFrame?: number;
  toFrame?: number;
  /** With the column `wall_time_ms`. */
  wallTime?: boolean;
}

/** What the values of one instance come to. Numbers are NaN where there were none. */
export interface SummaryRow {
  key: string;
  count: number;
  finite: number;
  min: number;
  max: number;
  mean: number;
}

function seriesQuery(series: SeriesRequest): string {
  const { runId, sourceId, channel, type, field, key, points, fromFrame, toFrame, wallTime } = series;
  const text = (number: number | undefined) => number === undefined ? undefined : String(number);
  return query({
    runId, sourceId, channel, eventType: type, jsonPath: field, key, points: text(points), fromFrame: text(fromFrame),
    toFrame: text(toFrame), wallTime: wallTime ? "1" : undefined,
  });
}

/** `isText`: the newest text instead of numbers over frames. */
export function seriesPath(series: SeriesRequest, isText = false): string {
  return `/api/analysis/${isText ? "texts" : "series"}?${seriesQuery(series)}`;
}

/** Rows, one JSON object per line. */
export async function fetchSeries(series: SeriesRequest, signal?: AbortSignal): Promise<string[]> {
  return splitLines(await (await request(seriesPath(series), { signal })).text());
}

/** The query behind a series, without asking it; "" if no such event was ever stored. */
export async function explainSeries(series: SeriesRequest, isText = false): Promise<string> {
  const json = await (await request(`${seriesPath(series, isText)}&explain=1`)).json();
  return fillParameters(String(json?.sql ?? ""), json?.parameters ?? {});
}

export async function fetchSummary(series: SeriesRequest, signal?: AbortSignal): Promise<SummaryRow[]> {
  const response = await request(`/api/analysis/summary?${seriesQuery(series)}`, { signal });
  const amount = (value: unknown) => value === null || value === undefined ? NaN : Number(value);
  return splitLines(await response.text()).map((line) => {
    const row = JSON.parse(line);
    return {
      key: String(row.key ?? ""), count: amount(row.count), finite: amount(row.finite),
      min: amount(row.min), max: amount(row.max), mean: amount(row.mean),
    };
  });
}

/** The newest text of one instance. */
export interface TextRow {
  key: string;
  frame: number;
  simTime: number;
  value: string;
}

/** Newest texts up to `toFrame`, by instance. */
export async function fetchTexts(series: SeriesRequest): Promise<TextRow[]> {
  const response = await request(`/api/analysis/texts?${seriesQuery(series)}`);
  return splitLines(await response.text()).map((line) => {
    const row = JSON.parse(line);
    return { key: String(row.key ?? ""), frame: Number(row.frame_index), simTime: Number(row.sim_time), value: String(row.value ?? "") };
  });
}

export interface StoredField {
  channel: string;
  type: string;
  field: string;
  isText: boolean;
}

/** What of the types of a run's source can be asked for: for types whose senders have described nothing. */
export async function fetchStoredFields(runId: string, sourceId: string): Promise<StoredField[]> {
  const response = await request(`/api/analysis/fields?${query({ runId, sourceId })}`);
  return splitLines(await response.text()).map((line) => JSON.parse(line)).filter((row) => (row.sourceId ?? sourceId) === sourceId).map((row) => {
    return { channel: String(row.channel), type: String(row.type), field: String(row.field), isText: row.kind === "String" };
  });
}
