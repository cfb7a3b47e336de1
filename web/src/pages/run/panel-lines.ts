// Finds the rows behind the lines of a panel, in memory or in storage.

import { keysPerTypeMax } from "../../data/catalogue";
import { LoadState, StoredField, valueColumn } from "../../data/stored-series";
import { Stream } from "../../data/stream";
import { lineName, Panel } from "../../series/panels";
import { everyKey, SeriesId } from "../../series/selection";
import { RunSession } from "./run-session";

export interface PlotLine {
  id: string;
  name: string;
  stream: Stream;
  column: number;
}

export interface PanelLines {
  lines: PlotLine[];
  /** Lines that were left out because nobody could tell them apart. */
  hidden: number;
  /** Of the requests to storage: the worst state counts. */
  state: LoadState;
}

const linesMax = 32;

/** The request to storage that holds a series: one for all instances, unless a single one is wanted. */
export function storedField(series: SeriesId): StoredField {
  const { channel, type, field, key } = series;
  return key === everyKey || key === "" ? { channel, type, field } : { channel, type, field, key };
}

export function findLines(session: RunSession, panel: Panel): PanelLines {
  const keyFields = session.catalogue.find(panel.channel, panel.type)?.keyFields ?? [];
  const found = new Map<string, PlotLine>();
  let state: LoadState = { kind: "ready", sql: "" };
  for (const series of panel.series) {
    const isStored = session.mode.value === "stored";
    if (isStored) state = worse(state, session.stored.load(storedField(series)));
    const streams = isStored ? storedStreams(session, series) : liveStreams(session, series);
    for (const [key, stream, column] of streams) {
      const id = `${key}\n${series.field}`;
      found.set(id, { id, name: lineName(panel, series.field, key, keyFields), stream, column });
    }
  }
  const lines = [...found.values()];
  return { lines: lines.slice(0, linesMax), hidden: Math.max(0, lines.length - linesMax), state };
}

type Found = [key: string, stream: Stream, column: number];

function liveStreams(session: RunSession, series: SeriesId): Found[] {
  return inKeyOrder(session.liveStreams(series.channel, series.type)
    .filter(([key]) => series.key === everyKey || series.key === key)
    .map(([key, stream]): Found => [key, stream, stream.column(series.field)])
    .filter(([, , column]) => column >= 0));
}

function storedStreams(session: RunSession, series: SeriesId): Found[] {
  const streams = session.stored.streamsOf(storedField(series)).slice(0, keysPerTypeMax);
  // An answer for one key need not repeat it in its rows.
  const named = streams.map(([key, stream]): Found => [
    key === "" && series.key !== everyKey ? series.key : key, stream, stream.column(valueColumn),
  ]);
  const isWanted = (key: string) => series.key === everyKey || series.key === "" || series.key === key;
  return inKeyOrder(named.filter(([key, , column]) => column >= 0 && isWanted(key)));
}

function inKeyOrder(found: Found[]): Found[] {
  return found.sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
}

function worse(a: LoadState, b: LoadState): LoadState {
  const rank = { ready: 0, loading: 1, failed: 2 };
  return rank[b.kind] > rank[a.kind] ? b : a;
}
