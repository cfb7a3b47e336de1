// The table of runs. Rows are kept and only their changed cells are written, so that a list that updates each second neither
// flickers nor loses focus.

import { element, setAttribute, setText } from "../../base/dom";
import { formatCount, formatRate } from "../../format/numbers";
import { formatDuration, formatExact, formatRelative } from "../../format/times";
import { runKey, RunStatus, RunSummary } from "../../wire/run-types";
import { navigate, runPath } from "../route";
import { runSeconds, statusMark } from "../status";

const columns: [title: string, isNumber: boolean, explanation: string][] = [
  ["Status", false, ""],
  ["Run", false, ""],
  ["Source", false, ""],
  ["Started", false, ""],
  ["Duration", true, "Wall time from start to end"],
  ["Events", true, "Events accepted into the rings"],
  ["Rate /s", true, "Events per second, now"],
  ["Refused", true, "Events that the engine's library or the collector refused: see the run for the reasons"],
  ["Lost", true, "Accepted events that will never reach storage"],
];

interface Row {
  element: HTMLTableRowElement;
  cells: HTMLTableCellElement[];
  link: HTMLAnchorElement;
  status: RunStatus | null;
}

export class RunTable {
  readonly element: HTMLTableElement;
  private readonly body = element("tbody");
  private readonly rows = new Map<string, Row>();

  constructor() {
    const head = columns.map(([title, isNumber, explanation]) => element(
      "th", { scope: "col", ...(isNumber ? { class: "number" } : {}), ...(explanation ? { title: explanation } : {}) }, title,
    ));
    this.element = element(
      "table", { class: "runs", "data-testid": "run-list" },
      element("thead", {}, element("tr", {}, ...head)), this.body,
    );
  }

  /** Shows exactly these runs in this order. */
  show(runs: RunSummary[], nowMs: number): void {
    const wanted = new Set(runs.map(runKey));
    for (const [key, row] of this.rows) {
      if (wanted.has(key)) continue;
      row.element.remove();
      this.rows.delete(key);
    }
    runs.forEach((run, place) => {
      const row = this.rows.get(runKey(run)) ?? this.addRow(run);
      this.fill(row, run, nowMs);
      const there = this.body.children[place];
      if (there !== row.element) this.body.insertBefore(row.element, there ?? null);
    });
  }

  private addRow(run: RunSummary): Row {
    const path = runPath(run.runId, run.sourceId);
    const link = element("a", { href: path, "data-link": true }, run.runId);
    const cells = columns.map(([, isNumber]) => element("td", isNumber ? { class: "number" } : {}));
    const open = (event: Event) => {
      // The link does it itself, and a click that ends the marking of text opens nothing.
      if (event.target === link || String(window.getSelection()) !== "") return;
      navigate(path);
    };
    const made = element("tr", { "data-testid": "run-row", "data-run": run.runId, click: open }, ...cells);
    (cells[1] as HTMLElement).append(link);
    const row: Row = { element: made, cells, link, status: null };
    this.rows.set(runKey(run), row);
    return row;
  }

  private fill(row: Row, run: RunSummary, nowMs: number): void {
    const cell = (place: number) => row.cells[place] as HTMLTableCellElement;
    if (row.status !== run.status) {
      cell(0).replaceChildren(statusMark(run.status));
      row.status = run.status;
    }
    setAttribute(cell(0), "title", run.endReason);
    setText(cell(2), run.sourceId || "–");
    setText(cell(3), formatRelative(run.startedMs, nowMs));
    setAttribute(cell(3), "title", formatExact(run.startedMs));
    setText(cell(4), formatDuration(runSeconds(run, nowMs)));
    setText(cell(5), formatCount(run.accepted));
    setText(cell(6), run.status === "running" ? formatRate(run.ratePerSecond) : "–");
    [run.refused, run.lost].forEach((count, index) => {
      setText(cell(7 + index), formatCount(count));
      cell(7 + index).classList.toggle("zero", count === 0);
      cell(7 + index).classList.toggle("alarm", count > 0);
    });
  }
}
