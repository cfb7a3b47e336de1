// Panels of newest values: a table, or numbers large enough to be read from afar.

import { textKind } from "../../series/layout";
import { askForSeries, PanelKind, seriesWanted, withoutSettings } from "./panel-kind";
import { NumberPanel, TablePanel } from "./value-panels";

export const tableKind: PanelKind = {
  ...withoutSettings,
  name: textKind,
  title: "Table of newest values",
  command: { title: "Add a table of newest values", keys: [], isEmpty: false },
  hasTime: false,
  emptyWords: seriesWanted,
  makeContent: (session, panel) => new TablePanel(session, panel),
  ask: askForSeries,
};

export const numberKind: PanelKind = {
  ...withoutSettings,
  name: "number",
  title: "Numbers",
  command: { title: "Add numbers", keys: [], isEmpty: false },
  hasTime: false,
  emptyWords: seriesWanted,
  makeContent: (session, panel) => new NumberPanel(session, panel),
  ask: askForSeries,
};
