// Layouts of a run's page, what of them the run lacks, and the way back from whatever takes panels away.

import { Catalogue } from "../../data/catalogue";
import { freePanelId, Panel, seriesOf } from "../../series/layout";
import { formatPanels, readLayout, writeLayout } from "../../series/layout-codec";
import { openLayouts } from "../../shell/layouts-dialog";
import { notify } from "../../shell/toasts";
import { RunSession } from "./run-session";

/**
 * What panels show and the run has not, each name once. Of a type that is there and has told nothing of its fields yet, all may
 * still come.
 */
export function missingNames(panels: readonly Panel[], catalogue: Pick<Catalogue, "find">): string[] {
  const names = seriesOf(panels).filter(({ channel, type, field }) => {
    const known = catalogue.find(channel, type);
    return !known || (known.fields.size > 0 && !known.fields.has(field));
  }).map(({ channel, type, field }) => `${channel === "" ? "" : `${channel}/`}${type} ${field}`);
  return [...new Set(names)];
}

/** A layout is taken whole: what this run lacks stays in it, for the runs that have it. */
export function openRunLayouts(session: RunSession): void {
  openLayouts({
    current: () => writeLayout(session.layout, session.codecs),
    apply: (json) => {
      const layout = readLayout(json, session.codecs);
      const undo = session.remember();
      session.apply(layout);
      return { missing: missingNames(layout.panels, session.catalogue), undo };
    },
  });
}

/** It can be brought back to its place, whatever has been done with the others since. */
export function removePanel(session: RunSession, id: string): void {
  const place = session.panels.value.findIndex((panel) => panel.id === id);
  const panel = session.panels.value[place];
  if (!panel) return;
  session.choose(session.panels.value.filter((other) => other !== panel));
  const undo = () => {
    const now = session.panels.value;
    const id = now.some((other) => other.id === panel.id) ? freePanelId(now) : panel.id;
    session.choose([...now.slice(0, place), { ...panel, id }, ...now.slice(place)]);
  };
  notify("Panel removed", { words: "Undo", run: undo });
}

export function proposePanels(session: RunSession): void {
  const before = session.panels.value;
  session.chooseNothing();
  if (formatPanels(before, session.codecs) === formatPanels(session.panels.value, session.codecs)) return;
  notify("The panels are the proposed ones", { words: "Undo", run: () => session.choose(before) });
}
