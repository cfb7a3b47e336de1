// What can be done with a run as a whole, from its own page: name it, note something, delete it.

import { element, icon, setAttribute } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { navigate } from "../../base/navigation";
import { registerCommand } from "../../shell/commands";
import { RunDetail } from "../../wire/run-types";
import { askToDelete, binShape, deleteObstacle, openRunNotes, pencilShape } from "../run-dialogs";
import { RunSession } from "./run-session";

/** The buttons; the palette has the same. */
export function runActions(session: RunSession, lifetime: Lifetime): HTMLElement {
  const withRun = (act: (run: RunDetail) => void) => () => {
    if (session.detail.value) act(session.detail.value);
  };
  const edit = withRun((run) => openRunNotes(run, () => session.ask()));
  const remove = withRun((run) => void askToDelete(run, () => navigate("/")));
  const button = (label: string, path: string, testId: string, act: () => void) => element(
    "button", { type: "button", class: "icon-button", "aria-label": label, title: label, "data-testid": testId, click: act }, icon(path),
  );
  const editButton = button("Name and note", pencilShape, "edit-run", edit);
  const deleteButton = button("Delete", binShape, "delete-run", remove);
  const place = element("span", { class: "run-actions", role: "group", "aria-label": "This run" }, editButton, deleteButton);
  lifetime.add(session.detail.subscribe((run) => {
    place.hidden = !run;
    if (!run) return;
    const obstacle = deleteObstacle(run);
    setAttribute(deleteButton, "aria-disabled", String(obstacle !== ""));
    setAttribute(deleteButton, "title", obstacle || "Delete");
  }));
  const isEnabled = () => session.detail.value !== null;
  registerCommand(lifetime, { id: "run.edit", title: "Name this run, or note something", section: "Run", run: edit, isEnabled });
  registerCommand(lifetime, { id: "run.delete", title: "Delete this run", section: "Run", run: remove, isEnabled });
  return place;
}
