// Panels and layouts as text: in the URL, and as JSON in the collector or in a file. Both may come from anywhere, so they are read with
// distrust; and from a later version, so what is not known here is kept as it is.

import { Range, TimeAxis } from "../protocol/protocol";
import { formatSeriesId, parseSeriesId, SeriesId } from "../protocol/series-id";
import { Foreign, Layout, makePanel, Members, Panel, spanMax, usualKind } from "./layout";

/** How a kind of panels stands in layouts and in URLs. */
export interface PanelCodec {
  readonly name: string;
  /** Its settings among the members that a layout has of a panel. */
  readonly readMembers: (members: Members) => Members;
  readonly writeMembers: (settings: Members) => Members;
  /** The same in a URL, where what is as usual is left out. */
  readonly readOptions: (options: readonly string[]) => Members;
  readonly writeOptions: (settings: Members) => string[];
}

const panelsMax = 64;
const seriesPerPanelMax = 64;
const titleMax = 200;
const kindMax = 64;

const axisNames: readonly TimeAxis[] = ["frame", "simTime", "wallTime"];

export function readAxis(text: string | null | undefined): TimeAxis {
  return axisNames.find((name) => name === text) ?? "frame";
}

/** `1.5~3`: a stretch that begins before it ends. */
export function readRange(text: string): Range | null {
  const match = /^([^~]+)~([^~]+)$/.exec(text);
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  return from < to ? { from, to } : null;
}

export function formatRange({ from, to }: Range): string {
  return `${from}~${to}`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!~]/g, (letter) => (letter === "!" ? "%21" : "%7E"));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What panels of all kinds have, apart from their series. */
type Common = Pick<Panel, "title" | "width" | "height">;
const usual: Common = { title: "", width: 1, height: 1 };

// MARK: in a URL

/**
 * `kind!option!option:series,series`, panels joined by ";". Options of all kinds: w2, h2, x=100~200, t=Title, and j= for members of a
 * layout that have no other place. What is as usual is left out.
 */
export function formatPanels(panels: readonly Panel[], codecs: readonly PanelCodec[]): string {
  return panels.map((panel) => {
    const { foreign, range } = panel;
    const known = foreign && "members" in foreign ? commonOf(foreign.members) : usual;
    const options = [
      encode(panel.kind), ...(foreign ? foreignOptions(foreign) : codecOf(panel.kind, codecs)?.writeOptions(panel.settings) ?? []),
      panel.width !== known.width ? `w${panel.width}` : "", panel.height !== known.height ? `h${panel.height}` : "",
      range ? `x=${formatRange(range)}` : "", panel.title !== known.title ? `t=${encode(panel.title)}` : "",
    ];
    const series = foreign && "series" in foreign ? foreign.series : panel.series.map(formatSeriesId).join(",");
    return `${options.filter(Boolean).join("!")}:${series}`;
  }).join(";");
}

export function parsePanels(text: string, codecs: readonly PanelCodec[]): Panel[] {
  const panels: Panel[] = [];
  for (const part of text.split(";").slice(0, panelsMax)) {
    const panel = parsePanel(`p${panels.length + 1}`, part, codecs);
    if (panel) panels.push(panel);
  }
  return panels;
}

function parsePanel(id: string, part: string, codecs: readonly PanelCodec[]): Panel | null {
  const colon = part.indexOf(":");
  if (colon < 0) return null;
  const [kindText = "", ...options] = part.slice(0, colon).split("!");
  const kind = readKind(decode(kindText));
  let common: Partial<Panel> = {};
  const own = options.filter((option) => {
    const found = readCommon(option);
    common = { ...common, ...found };
    return option !== "" && !found;
  });
  const members = own.map(readMembersOption).find((found) => found !== null);
  if (members) {
    try {
      return { ...readPanel({ ...members, kind }, id, "", codecs), ...common };
    } catch {
      return null;
    }
  }
  const codec = codecOf(kind, codecs);
  const seriesText = part.slice(colon + 1);
  if (!codec) return makePanel(id, [], { kind, ...common, foreign: { options: own, series: seriesText } });
  const series = seriesText.split(",").map(parseSeriesId).filter((one): one is SeriesId => one !== undefined);
  return makePanel(id, series.slice(0, seriesPerPanelMax), { kind, settings: codec.readOptions(own), ...common });
}

/** Null for an option that belongs to the kind. */
function readCommon(option: string): Partial<Panel> | null {
  const span = /^([wh])([1-9])$/.exec(option);
  if (span) return { [span[1] === "w" ? "width" : "height"]: Math.min(spanMax, Number(span[2])) };
  if (option.startsWith("x=")) return { range: readRange(option.slice(2)) };
  if (option.startsWith("t=")) return { title: decode(option.slice(2)).slice(0, titleMax) };
  return null;
}

function readMembersOption(option: string): Members | null {
  if (!option.startsWith("j=")) return null;
  try {
    const json: unknown = JSON.parse(decode(option.slice(2)));
    return isObject(json) ? json : null;
  } catch {
    return null;
  }
}

function foreignOptions(foreign: Foreign): readonly string[] {
  return "members" in foreign ? [`j=${encode(JSON.stringify(foreign.members))}`] : foreign.options;
}

// MARK: as JSON

export class LayoutError extends Error {}

/** A layout as it is saved. A panel's own time is not part of it, which is for other runs, too. */
export function writeLayout(layout: Layout, codecs: readonly PanelCodec[]): unknown {
  return { ...layout, panels: layout.panels.map((panel) => writePanel(panel, codecs)) };
}

function writePanel({ kind, title, series, width, height, settings, foreign }: Panel, codecs: readonly PanelCodec[]): Members {
  const common = { title, width, height };
  if (!foreign) return { kind, ...common, series, ...codecOf(kind, codecs)?.writeMembers(settings) };
  if ("series" in foreign) return { kind, ...common, fromURL: `${foreign.options.join("!")}:${foreign.series}` };
  const before: Members = { ...commonOf(foreign.members) };
  return { ...foreign.members, ...Object.fromEntries(Object.entries(common).filter(([name, value]) => value !== before[name])) };
}

/** Reads a layout that somebody saved or sent; fails with words for a person. */
export function readLayout(json: unknown, codecs: readonly PanelCodec[]): Layout {
  if (!isObject(json)) throw new LayoutError("this is no layout");
  if (json["version"] !== 1) throw new LayoutError(`layouts of version ${String(json["version"])} are not known here`);
  if (!Array.isArray(json["panels"])) throw new LayoutError("the layout has no panels");
  const seconds = Number(json["windowSeconds"]);
  return {
    version: 1,
    axis: readAxis(String(json["axis"])),
    windowSeconds: Number.isFinite(seconds) && seconds > 0 ? seconds : 10,
    panels: json["panels"].slice(0, panelsMax).map((panel, index) => readPanel(panel, `p${index + 1}`, `panel ${index + 1}`, codecs)),
  };
}

/** @param name of the panel, for whoever has to mend it */
function readPanel(members: unknown, id: string, name: string, codecs: readonly PanelCodec[]): Panel {
  if (!isObject(members)) throw new LayoutError(`${name} is none`);
  const kind = readKind(members["kind"]);
  const codec = codecOf(kind, codecs);
  const common = commonOf(members);
  const url = members["fromURL"];
  // Came by a URL into a version that did not know the kind either; what would break a URL was written by nobody's page.
  if (typeof url === "string" && /^[^;&#\s]*:[^;&#\s]*$/.test(url)) {
    const panel = parsePanel(id, `${encode(kind)}!${url}`, codecs);
    if (panel) return { ...panel, ...common };
  }
  if (!codec) return makePanel(id, [], { kind, ...common, foreign: { members } });
  if (!Array.isArray(members["series"])) throw new LayoutError(`${name} has no series`);
  const series = members["series"].slice(0, seriesPerPanelMax).map((one): SeriesId => {
    const [channel, type, key, field] = ["channel", "type", "key", "field"].map((part) => (one as Record<string, unknown>)?.[part]);
    if (typeof type !== "string" || typeof field !== "string" || type === "" || field === "") {
      throw new LayoutError(`${name} names a series without type or field`);
    }
    return { channel: typeof channel === "string" ? channel : "", type, key: typeof key === "string" ? key : "", field };
  });
  return makePanel(id, series, { kind, settings: codec.readMembers(members), ...common });
}

function commonOf(members: Members): Common {
  const title = members["title"];
  const span = (value: unknown) => Math.min(spanMax, Math.max(1, Math.round(Number(value)) || 1));
  return { title: typeof title === "string" ? title.slice(0, titleMax) : "", width: span(members["width"]), height: span(members["height"]) };
}

function readKind(kind: unknown): string {
  return typeof kind === "string" && kind !== "" && kind.length <= kindMax ? kind : usualKind;
}

function codecOf(kind: string, codecs: readonly PanelCodec[]): PanelCodec | undefined {
  return codecs.find(({ name }) => name === kind);
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
