// All kinds of panels: one line each.

import { Panel } from "../../series/layout";
import { chartKind } from "./chart-kind";
import { PanelKind, PanelLook } from "./panel-kind";
import { unknownKind } from "./unknown-kind";
import { numberKind, tableKind } from "./value-kinds";

/** In the order in which they are offered; the first one is the usual one. */
export const panelKinds: readonly PanelKind[] = [
  chartKind,
  tableKind,
  numberKind,
];

export function lookOf({ kind, foreign }: Panel): PanelLook {
  return (foreign ? undefined : panelKinds.find(({ name }) => name === kind)) ?? unknownKind(kind);
}
