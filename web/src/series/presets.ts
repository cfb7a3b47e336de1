// What somebody sees who has chosen nothing: panels for what most people look at first, if the run has it.

import { Catalogue, CatalogueType, isDrawable } from "../data/catalogue";
import { everyKey, formatSeriesId, SeriesId } from "../protocol/series-id";
import { FieldInfo } from "../wire/run-types";
import { freePanelId, makePanel, Panel, textKind, usualKind } from "./layout";
import { groupPrefix, isTextSeries } from "./names";

const defaultPanels = 6;
/** Types that the contract documents: vehicle, flight, time of frames. */
const preferred: readonly (readonly [type: string, group: string])[] = [
  ["body.state", "pos"], ["body.state", "vel"], ["wheel.force", "normalLoad"], ["wheel.force", "slipRatio"],
  ["aero.state", "aoa"], ["aero.state", "lift"], ["frame.end", "perf"],
];

/** Fields with a common prefix share a panel, then those with a common unit; a bare number without a unit is alone. */
export function groupName(field: string, unit: string): string {
  const prefix = groupPrefix(field);
  if (prefix !== "") return `prefix ${prefix} ${unit}`;
  return unit !== "" ? `unit ${unit}` : `field ${field}`;
}

interface Group {
  type: CatalogueType;
  /** The common prefix or, for a field without one, its own name. */
  name: string;
  fields: FieldInfo[];
}

/** Up to six panels, preferred groups first; bookkeeping types only if there is nothing else. */
export function presetPanels(catalogue: Catalogue): Panel[] {
  const groups = catalogue.all().flatMap(groupsOfType);
  const rank = ({ type, fields }: Group): number => {
    const place = preferred.findIndex(([name, group]) => type.type === name
      && fields.some((field) => (groupPrefix(field.name) || field.name) === group));
    if (place >= 0) return place;
    return /^(run|frame)\./.test(type.type) ? preferred.length + 1 : preferred.length;
  };
  const ranked = groups.map((group, order) => ({ group, order, rank: rank(group) }));
  ranked.sort((a, b) => a.rank - b.rank || a.order - b.order);
  const meaningful = ranked.filter((entry) => entry.rank <= preferred.length);
  const chosen = (meaningful.length > 0 ? meaningful : ranked).slice(0, defaultPanels);
  return chosen.map(({ group: { type, fields } }, index) => {
    const key = type.keyFields.length > 0 ? everyKey : "";
    const series = fields.map((field) => ({ channel: type.channel, type: type.type, key, field: field.name }));
    return makePanel(`p${index + 1}`, series);
  });
}

function groupsOfType(type: CatalogueType): Group[] {
  const groups = new Map<string, Group>();
  for (const field of [...type.fields.values()].filter(isDrawable)) {
    const name = groupName(field.name, field.unit);
    const group = groups.get(name) ?? { type, name, fields: [] };
    group.fields.push(field);
    groups.set(name, group);
  }
  return [...groups.values()];
}

/** Adds series where they belong: to the panel of their group if there is one, else in a panel of their own. */
export function withSeries(panels: readonly Panel[], ids: readonly SeriesId[], catalogue: Catalogue): Panel[] {
  let made = [...panels];
  for (const id of ids) {
    const others = without(made, [id], catalogue);
    const group = groupOf(id, catalogue);
    const kind = isTextSeries(id, catalogue) ? textKind : usualKind;
    const home = others.find((panel) => panel.kind === kind && panel.series.length > 0
      && panel.series.every((series) => groupOf(series, catalogue) === group));
    made = home
      ? others.map((panel) => (panel === home ? { ...panel, series: [...panel.series.filter((series) => !isCovered(series, id)), id] } : panel))
      : [...others, makePanel(freePanelId(others), [id], { kind })];
  }
  return made;
}

/** Takes series out of all panels; panels that are empty then go. Of "all instances" the other known ones stay. */
export function without(panels: readonly Panel[], ids: readonly SeriesId[], catalogue: Catalogue): Panel[] {
  const gone = new Set(ids.map(formatSeriesId));
  const made: Panel[] = [];
  for (const panel of panels) {
    const series = panel.series.flatMap((id) => {
      if (gone.has(formatSeriesId(id))) return [];
      const single = ids.filter((other) => id.key === everyKey && isCovered(other, id));
      if (single.length === 0) return [id];
      const keys = catalogue.find(id.channel, id.type)?.keys ?? [];
      return keys.filter((key) => !single.some((other) => other.key === key)).map((key) => ({ ...id, key }));
    });
    if (series.length > 0 || panel.series.length === 0) made.push(series.length === panel.series.length ? panel : { ...panel, series });
  }
  return made;
}

/** Whether a series is drawn, by itself or together with all instances. */
export function isShown(panels: readonly Panel[], id: SeriesId): boolean {
  return panels.some((panel) => panel.series.some((series) => formatSeriesId(series) === formatSeriesId(id) || isCovered(id, series)));
}

/** `all` stands for all instances of the same field. */
function isCovered(id: SeriesId, all: SeriesId): boolean {
  return all.key === everyKey && all.channel === id.channel && all.type === id.type && all.field === id.field;
}

function groupOf(id: SeriesId, catalogue: Catalogue): string {
  if (isTextSeries(id, catalogue)) return JSON.stringify([id.channel, id.type, "texts"]);
  const unit = catalogue.find(id.channel, id.type)?.fields.get(id.field)?.unit ?? "";
  return JSON.stringify([id.channel, id.type, groupName(id.field, unit)]);
}
