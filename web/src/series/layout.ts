// What a run's page shows, as a value: panels with their series and their looks. Goes into the URL and, by name, into the
// collector; so it is read with distrust.

import { Range, TimeAxis } from "../protocol/protocol";
import { formatSeriesId, parseSeriesId, SeriesId } from "../protocol/series-id";

export type PanelKind = "chart" | "table" | "number";
export const panelKinds: readonly PanelKind[] = ["chart", "table", "number"];

export interface Panel {
  /** Unique within its layout. */
  readonly id: string;
  readonly kind: PanelKind;
  /** "": made from its series. */
  readonly title: string;
  readonly series: readonly SeriesId[];
  readonly scale: "linear" | "log";
  /** Fixed limits of the value axes; null: as the values need. */
  readonly fixed: Range | null;
  /** Its own stretch of the time axis; null: the same as all others. Not part of a layout, which is for other runs, too. */
  readonly range: Range | null;
  /** Columns of the grid that it takes: 1 to 3. */
  readonly width: number;
  /** Heights of a row of the grid: 1 to 3. */
  readonly height: number;
}

export const spanMax = 3;
const panelsMax = 64;
const seriesPerPanelMax = 64;

export interface Layout {
  readonly version: 1;
  readonly axis: TimeAxis;
  readonly windowSeconds: number;
  readonly panels: readonly Panel[];
}

export function makePanel(id: string, series: readonly SeriesId[], part: Partial<Panel> = {}): Panel {
  return { id, kind: "chart", title: "", series, scale: "linear", fixed: null, range: null, width: 1, height: 1, ...part };
}

/** An id that no panel has yet. */
export function freePanelId(panels: readonly Panel[]): string {
  const taken = new Set(panels.map((panel) => panel.id));
  let number = panels.length + 1;
  while (taken.has(`p${number}`)) number += 1;
  return `p${number}`;
}

/** All series of all panels, each once. */
export function seriesOf(panels: readonly Panel[]): SeriesId[] {
  return [...new Map(panels.flatMap((panel) => panel.series).map((id) => [formatSeriesId(id), id])).values()];
}

export function replacePanel(panels: readonly Panel[], id: string, change: Partial<Panel>): Panel[] {
  return panels.map((panel) => (panel.id === id ? { ...panel, ...change } : panel));
}

/** Puts a panel before another one; null: to the end. */
export function movePanel(panels: readonly Panel[], id: string, before: string | null): Panel[] {
  const moved = panels.find((panel) => panel.id === id);
  if (!moved || id === before) return [...panels];
  const others = panels.filter((panel) => panel !== moved);
  const place = others.findIndex((panel) => panel.id === before);
  others.splice(place < 0 ? others.length : place, 0, moved);
  return others;
}

/** One panel for each series of a panel, in its place. */
export function splitPanel(panels: readonly Panel[], id: string): Panel[] {
  const made: Panel[] = [];
  for (const panel of panels) {
    if (panel.id !== id || panel.series.length < 2) {
      made.push(panel);
      continue;
    }
    panel.series.forEach((series, index) => {
      const name = index === 0 ? panel.id : freePanelId([...panels, ...made]);
      made.push({ ...panel, id: name, title: "", series: [series] });
    });
  }
  return made;
}

// MARK: in a URL

const axisNames: readonly TimeAxis[] = ["frame", "simTime", "wallTime"];

export function readAxis(text: string | null | undefined): TimeAxis {
  return axisNames.find((name) => name === text) ?? "frame";
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!~]/g, (letter) => (letter === "!" ? "%21" : "%7E"));
}

/**
 * `kind!option!option:series,series`, panels joined by ";". Options: log, w2, h2, y=-1~5, x=100~200, t=Title. What is as usual is left out.
 */
export function formatPanels(panels: readonly Panel[]): string {
  return panels.map((panel) => {
    const options = [
      panel.kind as string, panel.scale === "log" ? "log" : "", panel.width > 1 ? `w${panel.width}` : "",
      panel.height > 1 ? `h${panel.height}` : "", panel.fixed ? `y=${panel.fixed.from}~${panel.fixed.to}` : "",
      panel.range ? `x=${panel.range.from}~${panel.range.to}` : "",
      panel.title !== "" ? `t=${encode(panel.title)}` : "",
    ];
    return `${options.filter(Boolean).join("!")}:${panel.series.map(formatSeriesId).join(",")}`;
  }).join(";");
}

export function parsePanels(text: string): Panel[] {
  const panels: Panel[] = [];
  for (const part of text.split(";").slice(0, panelsMax)) {
    const colon = part.indexOf(":");
    if (colon < 0) continue;
    const series = part.slice(colon + 1).split(",").map(parseSeriesId).filter((id): id is SeriesId => id !== undefined);
    const [kind, ...options] = part.slice(0, colon).split("!");
    panels.push(makePanel(`p${panels.length + 1}`, series.slice(0, seriesPerPanelMax), readOptions(kind ?? "", options)));
  }
  return panels;
}

function readOptions(kind: string, options: readonly string[]): Partial<Panel> {
  let panel: Partial<Panel> = { kind: panelKinds.find((name) => name === kind) ?? "chart" };
  for (const option of options) {
    if (option === "log") panel = { ...panel, scale: "log" };
    const span = /^([wh])([1-9])$/.exec(option);
    if (span) panel = { ...panel, [span[1] === "w" ? "width" : "height"]: Math.min(spanMax, Number(span[2])) };
    const range = /^([xy])=([^~]+)~([^~]+)$/.exec(option);
    if (range && Number(range[2]) < Number(range[3])) {
      panel = { ...panel, [range[1] === "x" ? "range" : "fixed"]: { from: Number(range[2]), to: Number(range[3]) } };
    }
    if (option.startsWith("t=")) panel = { ...panel, title: decode(option.slice(2)).slice(0, 200) };
  }
  return panel;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// MARK: as JSON, in the collector or in a file

export class LayoutError extends Error {}

/** Reads a layout that somebody saved or sent; fails with words for a person. */
export function readLayout(json: unknown): Layout {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new LayoutError("this is no layout");
  const layout = json as Record<string, unknown>;
  if (layout["version"] !== 1) throw new LayoutError(`layouts of version ${String(layout["version"])} are not known here`);
  if (!Array.isArray(layout["panels"])) throw new LayoutError("the layout has no panels");
  const seconds = Number(layout["windowSeconds"]);
  return {
    version: 1,
    axis: readAxis(String(layout["axis"])),
    windowSeconds: Number.isFinite(seconds) && seconds > 0 ? seconds : 10,
    panels: layout["panels"].slice(0, panelsMax).map((panel, index) => readPanel(panel, index)),
  };
}

function readPanel(json: unknown, index: number): Panel {
  if (typeof json !== "object" || json === null) throw new LayoutError(`panel ${index + 1} is none`);
  const panel = json as Record<string, unknown>;
  if (!Array.isArray(panel["series"])) throw new LayoutError(`panel ${index + 1} has no series`);
  const series = panel["series"].slice(0, seriesPerPanelMax).map((id): SeriesId => {
    const [channel, type, key, field] = ["channel", "type", "key", "field"].map((name) => (id as Record<string, unknown>)?.[name]);
    if (typeof type !== "string" || typeof field !== "string" || type === "" || field === "") {
      throw new LayoutError(`panel ${index + 1} names a series without type or field`);
    }
    return { channel: typeof channel === "string" ? channel : "", type, key: typeof key === "string" ? key : "", field };
  });
  const span = (value: unknown) => Math.min(spanMax, Math.max(1, Math.round(Number(value)) || 1));
  const fixed = panel["fixed"] as Range | null | undefined;
  return makePanel(`p${index + 1}`, series, {
    kind: panelKinds.find((kind) => kind === panel["kind"]) ?? "chart",
    title: typeof panel["title"] === "string" ? panel["title"].slice(0, 200) : "",
    scale: panel["scale"] === "log" ? "log" : "linear",
    fixed: fixed && Number(fixed.from) < Number(fixed.to) ? { from: Number(fixed.from), to: Number(fixed.to) } : null,
    width: span(panel["width"]),
    height: span(panel["height"]),
  });
}
