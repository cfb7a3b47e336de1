// One row of the run list. It is filled anew as the list scrolls and moves; only what differs is written.

import { element, icon, setAttribute, setHidden, setText } from "../../base/dom";
import { showInMiddle } from "../../base/middle-text";
import { formatCount } from "../../format/numbers";
import { RunStatus, RunSummary } from "../../wire/run-types";
import { runPath } from "../route";
import { statusIcon, statusMark, statusWords } from "../status";
import { tagRoom } from "./column-widths";
import { runStatuses } from "./list-query";
import { ColumnId, endedBadly, RunColumn } from "./run-columns";
import { ListRow } from "./run-order";
import { binShape, deleteObstacle, pencilShape } from "../run-dialogs";
import { TextRuler } from "./text-ruler";

const chevron = "M6 3.5l4.5 4.5L6 12.5";
/** Chips stand so far apart; each has so much room at least, and the word for those that do not fit has this. */
const chips = { gap: 4, least: 94, more: 34 };
/** Of a tag that is shortened its value stays. */
const wholeTagMax = 10;

/** What the user does with a row. */
export interface RowActions {
  edit: (run: RunSummary) => void;
  remove: (run: RunSummary) => void;
  /** "key=value". */
  filterByTag: (tag: string) => void;
}

/** What a row has to know beside its run. */
export interface RowContext {
  readonly nowMs: number;
  /** The tag that the list is grouped by, which stands in the head of the group; "" for none. */
  readonly group: string;
  /** What the tags have to themselves. */
  readonly tagsWidth: number;
  readonly tagRuler: TextRuler;
}

/** The tags that a row shows, each as "key=value". */
export function shownTags(run: RunSummary, group: string): string[] {
  return run.tags.filter(([key]) => key !== group || group === "").map(([key, value]) => `${key}=${value}`);
}

export class RunRow {
  readonly element: HTMLElement;
  private readonly cells = new Map<ColumnId, HTMLElement>();
  private readonly link = element("a", { "data-link": true, tabindex: "-1" });
  private readonly id = element("span", { class: "run-id" });
  /** Why it ended, below its name, unless that has a column. */
  private readonly reason: HTMLElement | null;
  private readonly bin: HTMLButtonElement;
  private run: RunSummary | null = null;
  private status: RunStatus | null = null;
  private tagsText = "";

  constructor(private readonly actions: RowActions, private readonly columns: readonly RunColumn[]) {
    for (const { id, isNumber } of columns) {
      this.cells.set(id, element("div", { role: "gridcell", class: `run-cell column-${id}${isNumber ? " number" : ""}` }));
    }
    this.cells.get("run")?.append(this.link, this.id);
    this.reason = this.cells.has("reason") ? null : element("div", { role: "gridcell", class: "row-reason", "data-testid": "run-reason" });
    this.bin = this.button("Delete", binShape, (run) => actions.remove(run));
    const buttons = element(
      "div", { role: "gridcell", class: "run-cell column-actions" }, this.button("Name and note", pencilShape, (run) => actions.edit(run)), this.bin,
    );
    this.element = element("div", { role: "row", class: "run-row", "data-testid": "run-row" }, ...this.cells.values(), this.reason, buttons);
  }

  private button(label: string, path: string, act: (run: RunSummary) => void): HTMLButtonElement {
    return element(
      "button", {
        type: "button", class: "icon-button", tabindex: "-1", "aria-label": label, title: label,
        click: (event) => {
          event.stopPropagation();
          if (this.run) act(this.run);
        },
      }, icon(path),
    );
  }

  show(run: RunSummary, context: RowContext): void {
    const isSame = this.run === run;
    this.run = run;
    for (const { id, text, isNumber } of this.columns) {
      // Of what is as it was only times move.
      if (isSame && id !== "started" && id !== "duration") continue;
      const cell = this.cells.get(id);
      if (!cell || id === "status" || id === "run" || id === "tags") continue;
      if (isNumber) setText(cell, text(run, context.nowMs));
      else showInMiddle(cell, text(run, context.nowMs));
    }
    if (!isSame) this.showFacts(run);
    this.showTags(run, context);
  }

  private showFacts(run: RunSummary): void {
    setAttribute(this.element, "data-run", run.runId);
    setAttribute(this.element, "data-status", run.status);
    for (const { id, tooltip } of this.columns) {
      const cell = this.cells.get(id);
      if (cell && id !== "tags") setAttribute(cell, "title", tooltip(run));
    }
    if (this.status !== run.status) {
      this.cells.get("status")?.replaceChildren(statusMark(run.status));
      this.status = run.status;
    }
    const name = run.name || run.runId;
    setAttribute(this.link, "href", runPath(run.runId, run.sourceId));
    // Shortened names are two parts: read out, they are one.
    setAttribute(this.link, "aria-label", name);
    showInMiddle(this.link, name);
    showInMiddle(this.id, run.name ? run.runId : "");
    setHidden(this.id, run.name === "");
    this.cells.get("drops")?.classList.toggle("alarm", run.refused + run.lost > 0);
    const obstacle = deleteObstacle(run);
    setAttribute(this.bin, "aria-disabled", String(obstacle !== ""));
    setAttribute(this.bin, "title", obstacle || "Delete");
    if (!this.reason) return;
    setHidden(this.reason, !endedBadly(run));
    setText(this.reason, endedBadly(run) ? run.endReason : "");
    setAttribute(this.reason, "title", run.endReason);
  }

  private showTags(run: RunSummary, { group, tagsWidth, tagRuler }: RowContext): void {
    const cell = this.cells.get("tags");
    if (!cell) return;
    const tags = shownTags(run, group);
    const widths = tags.map((tag) => tagRuler.width(tag));
    const { count, widthMax } = tagRoom(widths, tagsWidth, chips);
    const text = [...tags, count, widthMax].join("\n");
    if (text === this.tagsText) return;
    this.tagsText = text;
    setAttribute(cell, "title", tags.join("\n"));
    const made: HTMLElement[] = tags.slice(0, count).map((tag) => this.tag(tag, widthMax));
    const rest = tags.slice(count);
    if (rest.length > 0) made.push(element("span", { class: "more-tags", title: rest.join("\n") }, `+${rest.length}`));
    cell.replaceChildren(...made);
  }

  private tag(tag: string, widthMax: number): HTMLElement {
    const name = element("span");
    showInMiddle(name, tag, wholeTagMax);
    const made = element(
      "button", {
        type: "button", class: "tag", tabindex: "-1", title: `${tag}\nShow only runs with it`, "aria-label": tag,
        click: (event) => {
          event.stopPropagation();
          this.actions.filterByTag(tag);
        },
      }, name,
    );
    if (Number.isFinite(widthMax)) made.style.maxWidth = `${widthMax}px`;
    return made;
  }
}

/** The head of a group of runs: how many there are, and how they ended. */
export class GroupRow {
  readonly element: HTMLElement;
  private readonly title = element("span", { class: "group-title" });
  private readonly total = element("span", { class: "group-counts" });
  private readonly bar = element("span", { class: "group-bar", "aria-hidden": "true" });
  private readonly counts = element("span", { class: "group-counts" });
  private shown = "";

  constructor() {
    const cell = element(
      "div", { role: "gridcell", class: "run-cell" }, icon(chevron, "icon chevron"), this.title, this.total, this.bar, this.counts,
    );
    this.element = element("div", { role: "row", class: "run-row group-row", "data-testid": "group-row" }, cell);
  }

  show(row: Extract<ListRow, { kind: "group" }>): void {
    setText(this.title, row.title);
    setAttribute(this.title, "title", row.title);
    setText(this.total, `${formatCount(row.count)} ${row.count === 1 ? "run" : "runs"}`);
    setAttribute(this.element, "aria-expanded", String(row.isOpen));
    const text = JSON.stringify(row.byStatus);
    if (text === this.shown) return;
    this.shown = text;
    const present = runStatuses.filter((status) => row.byStatus[status] > 0);
    this.bar.replaceChildren(...present.map((status) => {
      const part = element("span", { class: `bar-${status}` });
      part.style.flexGrow = String(row.byStatus[status]);
      return part;
    }));
    this.counts.replaceChildren(...present.map((status) => element(
      "span", { class: `status status-${status}`, title: `${formatCount(row.byStatus[status])} ${statusWords[status].toLowerCase()}` },
      statusIcon(status), formatCount(row.byStatus[status]), element("span", { class: "for-screen-readers" }, ` ${statusWords[status].toLowerCase()}`),
    )));
  }
}
