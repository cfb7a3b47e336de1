// What the page of a run shows, as the query of its URL.

import { Range, TimeAxis } from "../../protocol/protocol";
import { Panel } from "../../series/layout";
import { formatPanels, PanelCodec, parsePanels, readAxis } from "../../series/layout-codec";

/** What of a run's page is kept in the URL. */
export interface RunQuery {
  sourceId: string;
  /** Null = not chosen: the page decides. */
  panels: readonly Panel[] | null;
  axis: TimeAxis;
  /** False: the page may take the axis that shows something. */
  isAxisChosen: boolean;
  windowSeconds: number;
  /** The stretch of the axis that is shown; null = all of it, or the newest window. */
  range: Range | null;
  /** Frames of the two cursors. */
  cursors: readonly [number | null, number | null];
  /** The series that the bar of the run shows; "": the first that is plotted, "none": none. */
  sketch: string;
}

export const windowChoices: readonly number[] = [1, 5, 10, 30, 60];
export const windowDefault = 10;

/** Names of series keep their own encoding in the query, hence no URLSearchParams, which would decode them too early. */
export function parseRunQuery(query: string, codecs: readonly PanelCodec[]): RunQuery {
  const raw = new Map<string, string>();
  for (const pair of query.replace(/^\?/, "").split("&")) {
    const split = pair.indexOf("=");
    if (split > 0) raw.set(pair.slice(0, split), pair.slice(split + 1));
  }
  const number = (name: string) => Number(raw.get(name) ?? NaN);
  const frame = (name: string) => (Number.isSafeInteger(number(name)) && number(name) >= 0 ? number(name) : null);
  const panels = raw.get("panels");
  return {
    sourceId: decode(raw.get("source") ?? ""),
    panels: panels === undefined ? null : parsePanels(panels, codecs),
    axis: readAxis(raw.get("axis")),
    isAxisChosen: raw.has("axis"),
    windowSeconds: windowChoices.includes(number("window")) ? number("window") : windowDefault,
    range: number("from") < number("to") ? { from: number("from"), to: number("to") } : null,
    cursors: [frame("cursor"), frame("cursor2")],
    sketch: raw.get("sketch") ?? "",
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** As short as it can be while nothing moves on the screen: to a millionth of the stretch, roughly. */
function placeText(place: number, { from, to }: Range): string {
  const decimals = Math.min(20, Math.max(0, 6 - Math.floor(Math.log10(to - from))));
  return String(Number(place.toFixed(decimals)));
}

export function formatRunQuery(state: RunQuery, codecs: readonly PanelCodec[]): string {
  const parts: string[] = [];
  if (state.sourceId !== "") parts.push(`source=${encodeURIComponent(state.sourceId)}`);
  // Frames are what a page shows by itself, unless there are none.
  if (state.axis !== "frame" || state.isAxisChosen) parts.push(`axis=${state.axis}`);
  if (state.windowSeconds !== windowDefault) parts.push(`window=${state.windowSeconds}`);
  if (state.range) parts.push(`from=${placeText(state.range.from, state.range)}`, `to=${placeText(state.range.to, state.range)}`);
  if (state.cursors[0] !== null) parts.push(`cursor=${state.cursors[0]}`);
  if (state.cursors[1] !== null) parts.push(`cursor2=${state.cursors[1]}`);
  if (state.sketch !== "") parts.push(`sketch=${state.sketch}`);
  if (state.panels) parts.push(`panels=${formatPanels(state.panels, codecs)}`);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
