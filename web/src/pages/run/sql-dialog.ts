// Shows the queries behind a panel, so that they can be taken further in any ClickHouse client.

import { element } from "../../base/dom";
import { pointsPerSeries, StoredField } from "../../data/stored-series";
import { Panel } from "../../series/panels";
import { ApiError, fetchSeries } from "../../wire/api";
import { storedField } from "./panel-lines";
import { RunSession } from "./run-session";

export class SqlDialog {
  private dialog: HTMLDialogElement | null = null;

  constructor(private readonly session: RunSession) {}

  async open(panel: Panel): Promise<void> {
    this.close();
    const content = element("div", { class: "sql-list" }, element("p", {}, "Asking …"));
    const dialog: HTMLDialogElement = element(
      "dialog", { class: "sql-dialog", "data-testid": "sql-dialog", "aria-label": "SQL", close: () => dialog.remove() },
      element(
        "div", { class: "dialog-head" },
        element("h2", {}, `SQL of ${panel.type} ${panel.title}`), element("span", { class: "spacer" }),
        element("button", { type: "button", class: "button", click: () => dialog.close() }, "Close"),
      ),
      content,
    );
    this.dialog = dialog;
    document.body.append(dialog);
    dialog.showModal();
    const answers = await Promise.all(distinct(panel.series.map(storedField)).map((field) => this.ask(field)));
    content.replaceChildren(...answers);
  }

  close(): void {
    this.dialog?.close();
    this.dialog = null;
  }

  private async ask(field: StoredField): Promise<HTMLElement> {
    const { storedRun, stored } = this.session;
    const name = field.key === undefined ? field.field : `${field.field}, ${field.key}`;
    try {
      const state = this.session.mode.value === "stored" ? stored.load(field) : null;
      const known = state?.kind === "ready" ? state : null;
      const { sql } = known ?? await fetchSeries({ ...storedRun, ...field, points: pointsPerSeries });
      return sqlBlock(name, sql || "The collector did not say which query it used.");
    } catch (error) {
      const words = error instanceof ApiError ? [error.message, error.hint].filter(Boolean).join(": ") : String(error);
      return element("section", {}, element("h3", {}, name), element("p", { class: "panel-note" }, words));
    }
  }
}

function sqlBlock(name: string, sql: string): HTMLElement {
  const copy = element("button", { type: "button", class: "button-quiet" }, "Copy");
  const text = element("pre", { tabindex: "0", "data-testid": "sql" }, element("code", {}, sql));
  copy.addEventListener("click", () => {
    navigator.clipboard.writeText(sql).then(
      () => { copy.textContent = "Copied"; },
      // Not allowed here (no secure context): marking the text leaves one key press to the user.
      () => window.getSelection()?.selectAllChildren(text),
    );
  });
  const head = element("div", { class: "dialog-head" }, element("h3", {}, name), element("span", { class: "spacer" }), copy);
  return element("section", {}, head, text);
}

function distinct(fields: StoredField[]): StoredField[] {
  return [...new Map(fields.map((field) => [JSON.stringify(field), field])).values()];
}
