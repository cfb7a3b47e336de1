// What can be done with one run, from the list and from its page: name it, note something, delete it.

import { element } from "../base/dom";
import { confirm } from "../shell/confirm";
import { openDialog } from "../shell/dialog";
import { notify, showError } from "../shell/toasts";
import { changeRun, deleteRun } from "../wire/run-list";
import { RunSummary } from "../wire/run-types";

export const pencilShape = "M3 13l.6-2.8L10.8 3l2.2 2.2-7.2 7.2z";
export const binShape = "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5";

const nameBytesMax = 255;
const noteBytesMax = 16 * 1024;

function byteCount(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** `onSaved` is told once the collector has it. */
export function openRunNotes(run: RunSummary, onSaved: () => void): void {
  const name = element("input", { type: "text", autofocus: true, autocomplete: "off", "data-testid": "run-name", placeholder: run.runId });
  const note = element("textarea", { rows: "5", "data-testid": "run-note" });
  name.value = run.name;
  note.value = run.note;
  const check = () => {
    name.setCustomValidity(byteCount(name.value) > nameBytesMax ? `A name has at most ${nameBytesMax} bytes.` : "");
    note.setCustomValidity(byteCount(note.value) > noteBytesMax ? `A note has at most ${noteBytesMax / 1024} KiB.` : "");
  };
  name.addEventListener("input", check);
  note.addEventListener("input", check);
  const form = element(
    "form", { class: "run-form" },
    element("label", {}, "Name", name), element("label", {}, "Note", note),
    element("div", { class: "dialog-actions" }, element("button", { type: "submit", class: "button button-main" }, "Save")),
  );
  const dialog = openDialog({ title: `Run ${run.runId}`, testId: "run-notes", className: "run-notes", content: [form] });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    changeRun(run.runId, { name: name.value.trim(), note: note.value.trim() }).then(
      () => {
        dialog.close();
        onSaved();
      },
      (error: unknown) => showError(error, `The name and note of ${run.runId} cannot be saved`),
    );
  });
}

/** Why a run cannot be deleted now; "" if it can. */
export function deleteObstacle({ status }: Pick<RunSummary, "status">): string {
  if (status !== "running") return "";
  return "It is still running. It ends with its engine; if its events are posted, with a run.end, or when none has come for a while.";
}

/** Asks first. `onDeleted` is told once nothing of the run is left. */
export async function askToDelete(run: RunSummary, onDeleted: () => void): Promise<void> {
  const what = `${run.runId} cannot be deleted`;
  const obstacle = deleteObstacle(run);
  if (obstacle !== "") {
    showError(new Error(obstacle), what);
    return;
  }
  const title = `Delete ${run.name || run.runId}?`;
  const content = [element("p", {}, "Its events, its counts and its notes go for good, for everybody who uses this collector.")];
  if (!await confirm({ title, content, action: "Delete" })) return;
  try {
    await deleteRun(run.runId);
    notify(`${run.runId} is deleted`);
    onDeleted();
  } catch (error) {
    showError(error, what);
  }
}
