// One kind of panels as a value: its name, its settings, how it stands in layouts and URLs, what it shows, what it asks of the worker.

import { Catalogue } from "../../data/catalogue";
import { PanelRequest } from "../../protocol/protocol";
import { Members, Panel } from "../../series/layout";
import { PanelCodec } from "../../series/layout-codec";
import { isTextSeries } from "../../series/names";
import { PanelContent, PanelGestures } from "./panel-content";
import { RunSession } from "./run-session";

export type PanelQuestion = Pick<PanelRequest, "series" | "texts" | "columns">;

/** What a panel's frame has to know of what is in it. */
export interface PanelLook {
  /** It has a time axis, whose stretch may be another one than that of the other panels. */
  readonly hasTime: boolean;
  /** What is said in a panel that has no series. */
  readonly emptyWords: string;
  readonly makeContent: (session: RunSession, panel: Panel, gestures: PanelGestures) => PanelContent;
  /** Null: nothing. */
  readonly ask: (panel: Panel, content: PanelContent, catalogue: Catalogue) => PanelQuestion | null;
}

export interface PanelKind extends PanelLook, PanelCodec {
  /** What such a panel shows, for who chooses among kinds. */
  readonly title: string;
  /** How one is added. One that is not empty has the series of the active panel. */
  readonly command: { readonly title: string; readonly keys: readonly string[]; readonly isEmpty: boolean };
  /** What of it can be set, for the dialog; `change` takes all settings. */
  readonly settingRows: (settings: Members, change: (settings: Members) => void) => HTMLElement[];
}

/** Most kinds have nothing to be set. */
export const withoutSettings: Omit<PanelCodec, "name"> & Pick<PanelKind, "settingRows"> = {
  readMembers: () => ({}), writeMembers: () => ({}), readOptions: () => ({}), writeOptions: () => [], settingRows: () => [],
};

export const seriesWanted = "Drag channels here, or choose them in the tree.";

/** The values of all its series, as lines if its content has columns of pixels. */
export function askForSeries({ series }: Panel, { columns }: PanelContent, catalogue: Catalogue): PanelQuestion {
  return { series: [...series], texts: series.flatMap((id, index) => (isTextSeries(id, catalogue) ? [index] : [])), columns };
}
