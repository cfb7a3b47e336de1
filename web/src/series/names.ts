// What panels and lines are called: as short as it can be without being ambiguous.

import { Catalogue, isText } from "../data/catalogue";
import { SeriesId } from "../protocol/series-id";
import { Panel } from "./layout";

/** Everything before the last dot: "pos" of "pos.x", "" of "normalLoad". */
export function groupPrefix(field: string): string {
  const dot = field.lastIndexOf(".");
  return dot < 0 ? "" : field.slice(0, dot);
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

/** A title names so many things; how many others there are it says, too. */
const namedMax = 3;

function listed(names: readonly string[]): string {
  const more = names.length - namedMax;
  // "1 more" is no shorter than the name.
  return more > 1 ? `${names.slice(0, namedMax).join(", ")} and ${more} more` : names.join(", ");
}

/** "pos", or the names of the fields: "lift, drag"; the types where there are several. */
export function panelTitle(panel: Panel): string {
  if (panel.title !== "") return panel.title;
  if (panel.foreign) return panel.kind;
  const types = distinct(panel.series.map((id) => id.type));
  if (types.length > 1) return listed(types);
  const fields = distinct(panel.series.map((id) => id.field));
  const prefixes = distinct(fields.map(groupPrefix));
  const [prefix] = prefixes;
  return prefixes.length === 1 && prefix && fields.length > 1 ? prefix : listed(fields);
}

/** "vehicle · body.state", "3 types", "40 channels · state". */
export function panelPath(panel: Panel): string {
  const paths = distinct(panel.series.map((id) => [id.channel, id.type].filter(Boolean).join(" · ")));
  if (paths.length <= 1) return paths[0] ?? "";
  const types = distinct(panel.series.map((id) => id.type));
  const channels = distinct(panel.series.map((id) => id.channel));
  const ofTypes = types.length === 1 ? types[0] as string : `${types.length} types`;
  return channels.length > 1 ? `${channels.length} channels · ${ofTypes}` : ofTypes;
}

/** "wheelId 0", or the bare key where several fields name the instance. */
export function keyName(keyFields: readonly string[], key: string): string {
  return keyFields.length === 1 ? `${keyFields[0]} ${key}` : key;
}

/** The name of one line within its panel: with its channel where a type of the panel is in several of them. */
export function lineName(panel: Panel, id: SeriesId, key: string, keyFields: readonly string[]): string {
  const types = distinct(panel.series.map((series) => series.type));
  const channels = distinct(panel.series.filter((series) => series.type === id.type).map((series) => series.channel));
  const fields = distinct(panel.series.filter((series) => series.type === id.type).map((series) => series.field));
  const prefixes = distinct(fields.map(groupPrefix));
  const isShort = fields.length > 1 && prefixes.length === 1 && prefixes[0] !== "";
  const field = isShort ? id.field.slice((prefixes[0] as string).length + 1) : id.field;
  const type = (channels.length > 1 ? `${id.channel || "no channel"} ` : "") + (types.length > 1 ? `${id.type} ` : "");
  if (key === "") return type + field;
  return fields.length === 1 && type === "" ? keyName(keyFields, key) : `${type}${key} · ${field}`;
}

/** The one unit that all of a panel's values have; "" if they differ, or have none. */
export function commonUnit(panel: Panel, catalogue: Catalogue): string {
  const units = panelUnits(panel, catalogue);
  return units.length === 1 ? units[0] as string : "";
}

/** The units of a panel's series, in order; "" for those without. */
export function panelUnits(panel: Panel, catalogue: Catalogue): string[] {
  return distinct(panel.series.map((id) => unitOf(id, catalogue)));
}

/** Whether a series is a text, which has no values to be drawn. */
export function isTextSeries(id: SeriesId, catalogue: Catalogue): boolean {
  const field = catalogue.find(id.channel, id.type)?.fields.get(id.field);
  return field !== undefined && isText(field);
}

export function unitOf(id: SeriesId, catalogue: Catalogue): string {
  return catalogue.find(id.channel, id.type)?.fields.get(id.field)?.unit ?? "";
}
