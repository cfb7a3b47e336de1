// Where the user is, as a URL. Pages change by `navigate`; what a page shows is kept in the query by `replaceQuery`.

import { Selection } from "../series/selection";

export type Route = { page: "list" } | { page: "run"; runId: string; sourceId: string } | { page: "unknown" };

export interface View {
  from: number;
  to: number;
}

/** What of a run's page is kept in the URL. */
export interface RunQuery {
  sourceId: string;
  /** Null = not chosen: the page decides. */
  selection: Selection | null;
  windowSeconds: number;
  zoom: View | null;
}

export const windowChoices: readonly number[] = [5, 10, 30, 60];
export const windowDefault = 10;

export function parseRoute(path: string, query: string): Route {
  if (path === "/" || path === "/index.html") return { page: "list" };
  const match = /^\/runs\/(.+)$/.exec(path);
  try {
    if (match) return { page: "run", runId: decodeURIComponent(match[1] as string), sourceId: parseRunQuery(query).sourceId };
  } catch {
    // A broken percent sequence names no run.
  }
  return { page: "unknown" };
}

export function runPath(runId: string, sourceId: string): string {
  return `/runs/${encodeURIComponent(runId)}${sourceId === "" ? "" : `?source=${encodeURIComponent(sourceId)}`}`;
}

/** Names of series keep their own encoding in the query, hence no URLSearchParams, which would decode them too early. */
export function parseRunQuery(query: string): RunQuery {
  const raw = new Map<string, string>();
  for (const pair of query.replace(/^\?/, "").split("&")) {
    const split = pair.indexOf("=");
    if (split > 0) raw.set(pair.slice(0, split), pair.slice(split + 1));
  }
  const series = raw.get("series");
  const windowSeconds = Number(raw.get("window"));
  const from = Number(raw.get("from") ?? NaN);
  const to = Number(raw.get("to") ?? NaN);
  return {
    sourceId: decode(raw.get("source") ?? ""),
    selection: series === undefined ? null : Selection.fromText(series),
    windowSeconds: windowChoices.includes(windowSeconds) ? windowSeconds : windowDefault,
    zoom: from < to ? { from, to } : null,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function formatRunQuery(state: RunQuery): string {
  const parts: string[] = [];
  if (state.sourceId !== "") parts.push(`source=${encodeURIComponent(state.sourceId)}`);
  if (state.windowSeconds !== windowDefault) parts.push(`window=${state.windowSeconds}`);
  if (state.selection) parts.push(`series=${state.selection.toText()}`);
  if (state.zoom) parts.push(`from=${state.zoom.from}`, `to=${state.zoom.to}`);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** Fired on `window` after `navigate`. */
export const navigatedEvent = "teltel-navigated";

export function navigate(url: string): void {
  history.pushState(null, "", url);
  window.dispatchEvent(new Event(navigatedEvent));
}

export function replaceQuery(query: string): void {
  const url = location.pathname + query;
  if (url !== location.pathname + location.search) history.replaceState(null, "", url);
}
