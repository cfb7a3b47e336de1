// Sorts series into panels: what belongs together by type and by name or unit shares one pair of axes.

import { Catalogue, CatalogueType, isDrawable } from "../data/catalogue";
import { FieldInfo } from "../wire/run-types";
import { everyKey, Selection, SeriesId } from "./selection";

export interface Panel {
  /** The same for the same group, whatever is chosen of it. */
  id: string;
  channel: string;
  type: string;
  /** "pos", or the names of fields that share a unit: "lift, drag". */
  title: string;
  unit: string;
  fields: string[];
  series: SeriesId[];
}

/** Everything before the last dot: "pos" of "pos.x", "" of "normalLoad". */
export function groupPrefix(field: string): string {
  const dot = field.lastIndexOf(".");
  return dot < 0 ? "" : field.slice(0, dot);
}

/** Fields with a common prefix share a panel, then those with a common unit; a bare number without a unit is alone. */
export function groupName(field: string, unit: string): string {
  const prefix = groupPrefix(field);
  if (prefix !== "") return `prefix ${prefix} ${unit}`;
  return unit !== "" ? `unit ${unit}` : `field ${field}`;
}

export function groupIntoPanels(selection: Selection, catalogue: Catalogue): Panel[] {
  const panels = new Map<string, Panel>();
  for (const series of selection.ids) {
    const unit = catalogue.find(series.channel, series.type)?.fields.get(series.field)?.unit ?? "";
    const id = JSON.stringify([series.channel, series.type, groupName(series.field, unit)]);
    let panel = panels.get(id);
    if (!panel) {
      panel = { id, channel: series.channel, type: series.type, title: "", unit, fields: [], series: [] };
      panels.set(id, panel);
    }
    panel.series.push(series);
    if (!panel.fields.includes(series.field)) panel.fields.push(series.field);
  }
  for (const panel of panels.values()) panel.title = panelTitle(panel.fields);
  return [...panels.values()];
}

function panelTitle(fields: string[]): string {
  const prefix = groupPrefix(fields[0] ?? "");
  return prefix !== "" && fields.length > 1 ? prefix : fields.join(", ");
}

/** "wheelId 0", or the bare key where several fields name the instance. */
export function keyName(keyFields: readonly string[], key: string): string {
  return keyFields.length === 1 ? `${keyFields[0]} ${key}` : key;
}

/** The name of one line within its panel: as short as it can be without being ambiguous. */
export function lineName(panel: Panel, field: string, key: string, keyFields: readonly string[]): string {
  const prefix = groupPrefix(field);
  const short = prefix === "" || panel.fields.length === 1 ? field : field.slice(prefix.length + 1);
  if (key === "") return short;
  return panel.fields.length === 1 ? keyName(keyFields, key) : `${key} · ${short}`;
}

const defaultPanels = 4;
/** What most people look at first, if the run has it. */
const preferred: [type: string, group: string][] = [
  ["body.state", "pos"], ["body.state", "vel"], ["wheel.force", "normalLoad"],
];

/** A first choice for somebody who has chosen nothing: up to four panels, preferred groups first, bookkeeping types last. */
export function defaultSelection(catalogue: Catalogue): Selection {
  const groups = catalogue.all().flatMap(groupsOfType);
  const rank = (group: Group): number => {
    const place = preferred.findIndex(([type, name]) => group.type.type === type && group.name === name);
    if (place >= 0) return place;
    return /^(run|frame)\./.test(group.type.type) ? preferred.length + 1 : preferred.length;
  };
  const ranked = groups.map((group, order) => ({ group, order, rank: rank(group) }));
  ranked.sort((a, b) => a.rank - b.rank || a.order - b.order);
  const meaningful = ranked.filter((entry) => entry.rank <= preferred.length);
  const chosen = (meaningful.length > 0 ? meaningful : ranked).slice(0, defaultPanels);
  return new Selection(chosen.flatMap(({ group }) => group.fields.map((field) => ({
    channel: group.type.channel,
    type: group.type.type,
    key: group.type.keyFields.length > 0 ? everyKey : "",
    field: field.name,
  }))));
}

interface Group {
  type: CatalogueType;
  /** The common prefix or, for a field without one, its own name. */
  name: string;
  fields: FieldInfo[];
}

function groupsOfType(type: CatalogueType): Group[] {
  const groups = new Map<string, Group>();
  for (const field of [...type.fields.values()].filter(isDrawable)) {
    const name = groupPrefix(field.name) || field.name;
    const group = groups.get(name) ?? { type, name, fields: [] };
    group.fields.push(field);
    groups.set(name, group);
  }
  return [...groups.values()];
}
