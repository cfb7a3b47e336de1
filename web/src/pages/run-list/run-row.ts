// One row of the run list. It is filled anew as the list scrolls and moves; only what differs is written.

import { element, icon, setAttribute, setText } from "../../base/dom";
import { formatBytes, formatCount, formatRate } from "../../format/numbers";
import { formatDuration, formatExact, formatRelative } from "../../format/times";
import { RunStatus, RunSummary } from "../../wire/run-types";
import { runPath } from "../route";
import { runSeconds, statusMark } from "../status";
import { ColumnId, runColumns } from "./run-columns";
import { ListRow } from "./run-order";

const pencil = "M3 13l.6-2.8L10.8 3l2.2 2.2-7.2 7.2z";
const bin = "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5";
const chevron = "M6 3.5l4.5 4.5L6 12.5";

/** What the user does with a row. */
export interface RowActions {
  edit: (run: RunSummary) => void;
  remove: (run: RunSummary) => void;
  /** "key=value". */
  filterByTag: (tag: string) => void;
}

export class RunRow {
  readonly element: HTMLElement;
  private readonly cells = new Map<ColumnId, HTMLElement>();
  private readonly link = element("a", { "data-link": true, tabindex: "-1" });
  private readonly id = element("span", { class: "run-id" });
  private run: RunSummary | null = null;
  private status: RunStatus | null = null;
  private tagText = "";

  constructor(private readonly actions: RowActions) {
    for (const { id, isNumber } of runColumns) {
      this.cells.set(id, element("div", { role: "gridcell", class: `run-cell column-${id}${isNumber ? " number" : ""}` }));
    }
    this.cell("run").append(this.link, this.id);
    const button = (label: string, path: string, act: (run: RunSummary) => void) => element(
      "button", {
        type: "button", class: "icon-button", tabindex: "-1", "aria-label": label, title: label,
        click: (event) => {
          event.stopPropagation();
          if (this.run) act(this.run);
        },
      }, icon(path),
    );
    const buttons = element(
      "div", { role: "gridcell", class: "run-cell column-actions" },
      button("Name and note", pencil, actions.edit), button("Delete", bin, actions.remove),
    );
    this.element = element("div", { role: "row", class: "run-row", "data-testid": "run-row" }, ...this.cells.values(), buttons);
  }

  private cell(id: ColumnId): HTMLElement {
    return this.cells.get(id) as HTMLElement;
  }

  show(run: RunSummary, nowMs: number): void {
    const isSame = this.run === run;
    this.run = run;
    setText(this.cell("started"), formatRelative(run.startedMs, nowMs));
    setText(this.cell("duration"), formatDuration(runSeconds(run, nowMs)));
    if (!isSame) this.showFacts(run);
  }

  private showFacts(run: RunSummary): void {
    setAttribute(this.element, "data-run", run.runId);
    if (this.status !== run.status) {
      this.cell("status").replaceChildren(statusMark(run.status));
      this.status = run.status;
    }
    setAttribute(this.cell("status"), "title", run.endReason);
    setAttribute(this.link, "href", runPath(run.runId, run.sourceId));
    setText(this.link, run.name || run.runId);
    setText(this.id, run.name ? run.runId : "");
    setAttribute(this.cell("run"), "title", [run.name, run.runId, run.note].filter(Boolean).join("\n"));
    this.showText("source", run.sourceId);
    this.showTags(run);
    this.showText("version", run.engineVersion);
    this.showText("seed", run.seed);
    setAttribute(this.cell("started"), "title", formatExact(run.startedMs));
    setText(this.cell("frames"), formatCount(run.lastFrame));
    setText(this.cell("rate"), run.status === "running" ? formatRate(run.ratePerSecond) : "–");
    setText(this.cell("size"), Number.isNaN(run.bytesOnDisk) ? "–" : `≈ ${formatBytes(run.bytesOnDisk)}`);
    const drops = run.refused + run.lost;
    setText(this.cell("drops"), formatCount(drops));
    setAttribute(this.cell("drops"), "title", `${formatCount(run.refused)} refused, ${formatCount(run.lost)} lost`);
    this.cell("drops").classList.toggle("alarm", drops > 0);
  }

  private showText(id: ColumnId, text: string): void {
    setText(this.cell(id), text || "–");
    setAttribute(this.cell(id), "title", text);
  }

  private showTags(run: RunSummary): void {
    const tags = run.tags.map(([key, value]) => `${key}=${value}`);
    const text = tags.join("\n");
    if (text === this.tagText) return;
    this.tagText = text;
    setAttribute(this.cell("tags"), "title", text);
    this.cell("tags").replaceChildren(...tags.map((tag) => element(
      "button", {
        type: "button", class: "tag", tabindex: "-1", title: `Only runs with ${tag}`,
        click: (event) => {
          event.stopPropagation();
          this.actions.filterByTag(tag);
        },
      }, tag,
    )));
  }
}

/** The head of a group of runs. */
export class GroupRow {
  readonly element: HTMLElement;
  private readonly title = element("span");
  private readonly counts = element("span", { class: "group-counts" });

  constructor() {
    const cell = element("div", { role: "gridcell", class: "run-cell" }, icon(chevron, "icon chevron"), this.title, this.counts);
    this.element = element("div", { role: "row", class: "run-row group-row", "data-testid": "group-row" }, cell);
  }

  show(row: Extract<ListRow, { kind: "group" }>): void {
    setText(this.title, row.title);
    const running = row.running > 0 ? `, ${formatCount(row.running)} running` : "";
    setText(this.counts, `${formatCount(row.count)} ${row.count === 1 ? "run" : "runs"}${running}`);
    setAttribute(this.element, "aria-expanded", String(row.isOpen));
  }
}
