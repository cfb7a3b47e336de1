// Which columns the run list has: a choice of this browser.

import { KeptChoice } from "../../base/kept-choice";
import { element } from "../../base/dom";
import { openDialog } from "../../shell/dialog";
import { ColumnId, formatColumns, parseColumns, runColumns, usualColumns } from "./run-columns";

export const chosenColumns = new KeptChoice<readonly ColumnId[]>("teltel-run-columns", usualColumns, parseColumns, formatColumns);

interface ColumnBox {
  id: ColumnId;
  box: HTMLInputElement;
  label: HTMLElement;
}

export function openColumnChooser(): void {
  const boxes: ColumnBox[] = runColumns.filter(({ id }) => id !== "run").map(({ id, title, explanation }) => {
    const box = element("input", { type: "checkbox", "data-testid": `column-${id}`, change: () => choose() });
    const label = element("label", {}, box, element("span", {}, title), explanation !== "" && element("span", { class: "dialog-note" }, explanation));
    return { id, box, label };
  });
  const choose = () => chosenColumns.choose(["run", ...boxes.filter(({ box }) => box.checked).map(({ id }) => id)]);
  const show = () => {
    for (const { id, box } of boxes) box.checked = chosenColumns.value.includes(id);
  };
  show();
  const usual = element("button", { type: "button", class: "button", click: () => {
    chosenColumns.choose(usualColumns);
    show();
  } }, "Usual columns");
  openDialog({
    title: "Columns", testId: "columns", className: "column-chooser",
    content: [
      element("div", { class: "column-choices" }, ...boxes.map(({ label }) => label)),
      element("div", { class: "dialog-actions" }, usual),
    ],
  });
}
