// What a run's page shows, as a value: panels with their series and their looks.

import { Range, TimeAxis } from "../protocol/protocol";
import { formatSeriesId, SeriesId } from "../protocol/series-id";

/** Members of a JSON object. */
export type Members = Readonly<Record<string, unknown>>;

/** What came as a panel of a kind that is not known here, from a layout or from a URL. It is kept as it is. */
export type Foreign = { readonly members: Members } | { readonly options: readonly string[]; readonly series: string };

export const usualKind = "chart";
/** Of texts, which have no height to be drawn at. */
export const textKind = "table";

export interface Panel {
  /** Unique within its layout. */
  readonly id: string;
  readonly kind: string;
  /** What its kind has to be set; what is missing is as usual. */
  readonly settings: Members;
  /** Null: the kind is known. */
  readonly foreign: Foreign | null;
  /** "": made from its series. */
  readonly title: string;
  readonly series: readonly SeriesId[];
  /** Its own stretch of the time axis; null: the same as all others. Not part of a layout, which is for other runs, too. */
  readonly range: Range | null;
  /** Columns of the grid that it takes: 1 to 3. */
  readonly width: number;
  /** Heights of a row of the grid: 1 to 3. */
  readonly height: number;
}

export const spanMax = 3;

export interface Layout {
  readonly version: 1;
  readonly axis: TimeAxis;
  readonly windowSeconds: number;
  readonly panels: readonly Panel[];
}

export function makePanel(id: string, series: readonly SeriesId[], part: Partial<Panel> = {}): Panel {
  return { id, kind: usualKind, settings: {}, foreign: null, title: "", series, range: null, width: 1, height: 1, ...part };
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
