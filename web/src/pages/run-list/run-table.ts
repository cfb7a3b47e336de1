// The table of runs: a grid of which only the rows on the screen are in the document. It takes the focus as a whole and points
// at the row chosen, so that rows may come and go. Rows are placed one by one and not by a table's layout: what scrolls in
// costs the layout of its own row and of no other.

import { oncePerFrame } from "../../base/coalesce";
import { element, icon, setAttribute } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { RunSummary } from "../../wire/run-types";
import { navigate, runPath } from "../route";
import { SortOrder } from "./list-query";
import { ColumnId, RunColumn, runColumns } from "./run-columns";
import { ListRow } from "./run-order";
import { GroupRow, RowActions, RunRow } from "./run-row";
import { rowByKey, scrollToShow, visibleRows } from "./visible-rows";

/** As in run-list.css. */
const rowHeight = 38;
const headHeight = 38;
const arrowUp = "M8 13V3.5M4 7l4-4 4 4";
const arrowDown = "M8 3v9.5M4 9l4 4 4-4";

export interface TableActions extends RowActions {
  sortBy: (column: ColumnId) => void;
  /** Of a group: opens it, or closes it. */
  toggleGroup: (key: string) => void;
}

export class RunTable {
  /** Scrolls, in both directions. */
  readonly element: HTMLElement;
  private readonly grid: HTMLElement;
  private readonly body = element("div", { role: "rowgroup", class: "run-rows" });
  private readonly heads = new Map<ColumnId, HTMLElement>();
  private runRows = new Map<string, RunRow>();
  private groupRows = new Map<string, GroupRow>();
  private readonly rowOfElement = new WeakMap<Element, ListRow>();
  private rows: readonly ListRow[] = [];
  /** Of the row that keys act on. */
  private chosenKey: string | null = null;

  constructor(private readonly actions: TableActions, lifetime: Lifetime) {
    for (const column of runColumns) this.heads.set(column.id, this.head(column));
    const actionsHead = element(
      "div", { role: "columnheader", class: "column-actions" }, element("span", { class: "for-screen-readers" }, "Actions"),
    );
    const headRow = element("div", { role: "row", class: "list-head", "aria-rowindex": "1" }, ...this.heads.values(), actionsHead);
    this.grid = element(
      "div", {
        class: "runs", role: "grid", tabindex: "0", "aria-label": "Runs", "data-testid": "run-list",
        "aria-colcount": String(runColumns.length + 1), keydown: (event) => this.press(event as KeyboardEvent),
        focus: () => this.focusCame(),
      },
      element("div", { role: "rowgroup", class: "list-head-group" }, headRow), this.body,
    );
    const draw = oncePerFrame(() => this.draw());
    this.element = element("div", { class: "run-scroller", scroll: draw }, this.grid);
    this.body.addEventListener("click", (event) => this.click(event));
    const observer = new ResizeObserver(draw);
    observer.observe(this.element);
    lifetime.add(() => observer.disconnect());
  }

  /** The run that keys and commands act on. */
  get chosenRun(): RunSummary | null {
    const row = this.rows.find(({ key }) => key === this.chosenKey);
    return row?.kind === "run" ? row.run : null;
  }

  get hasFocus(): boolean {
    return this.element.contains(document.activeElement);
  }

  focus(): void {
    this.grid.focus();
    this.chooseAny();
  }

  /** By key, that is: a mouse says itself which row it means. */
  private focusCame(): void {
    if (this.grid.matches(":focus-visible")) this.chooseAny();
  }

  private chooseAny(): void {
    if (!this.rows.some(({ key }) => key === this.chosenKey) && this.rows.length > 0) this.choose(0);
  }

  show(rows: readonly ListRow[], sort: SortOrder | null): void {
    this.rows = rows;
    for (const [id, head] of this.heads) {
      const order = sort?.column !== id ? "none" : sort.isDescending ? "descending" : "ascending";
      setAttribute(head, "aria-sort", order);
    }
    // The head is a row, too.
    setAttribute(this.grid, "aria-rowcount", String(rows.length + 1));
    this.refresh();
  }

  /** The same rows: only times have moved. */
  refresh(): void {
    placeInOrder(this.body, this.draw());
  }

  private head({ id, title, explanation, isNumber }: RunColumn): HTMLElement {
    return element(
      "div", {
        role: "columnheader", "aria-sort": "none", class: `column-${id}${isNumber ? " number" : ""}`, title: explanation || undefined,
      },
      element(
        "button", { type: "button", class: "sort-button", click: () => this.actions.sortBy(id) },
        element("span", {}, title), icon(arrowUp, "icon sort-up"), icon(arrowDown, "icon sort-down"),
      ),
    );
  }

  private get rowsHeight(): number {
    return Math.max(rowHeight, this.element.clientHeight - headHeight);
  }

  /** Brings the rows on the screen into the document, and only these; gives them in their order, which the document may lack. */
  private draw(): HTMLElement[] {
    const { begin, end } = visibleRows(this.element.scrollTop, this.rowsHeight, rowHeight, this.rows.length);
    const nowMs = Date.now();
    const shown = this.rows.slice(begin, end);
    const kept = new Set(shown.map(({ key }) => key));
    const oldGroups = this.groupRows;
    const oldRuns = this.runRows;
    const spare = [...oldRuns].filter(([key]) => !kept.has(key)).map(([, row]) => row);
    this.runRows = new Map();
    this.groupRows = new Map();
    const elements = shown.map((row, place) => {
      const made = row.kind === "run"
        ? this.drawRun(row, oldRuns.get(row.key) ?? spare.pop(), nowMs) : this.drawGroup(row, oldGroups.get(row.key));
      this.rowOfElement.set(made, row);
      this.place(made, begin + place, row.key === this.chosenKey);
      return made;
    });
    for (const row of spare) row.element.remove();
    for (const [key, row] of oldGroups) if (!kept.has(key)) row.element.remove();
    setStyle(this.body, "height", `${this.rows.length * rowHeight}px`);
    const chosen = this.rows.findIndex(({ key }) => key === this.chosenKey);
    if (chosen >= begin && chosen < end) setAttribute(this.grid, "aria-activedescendant", `run-row-${chosen}`);
    else this.grid.removeAttribute("aria-activedescendant");
    return elements;
  }

  private place(made: HTMLElement, row: number, isChosen: boolean): void {
    setStyle(made, "top", `${row * rowHeight}px`);
    setAttribute(made, "aria-rowindex", String(row + 2));
    setAttribute(made, "id", `run-row-${row}`);
    setAttribute(made, "aria-selected", String(isChosen));
    if (made.parentNode !== this.body) this.body.append(made);
  }

  private drawRun(row: Extract<ListRow, { kind: "run" }>, old: RunRow | undefined, nowMs: number): HTMLElement {
    const made = old ?? new RunRow(this.actions);
    made.show(row.run, nowMs);
    this.runRows.set(row.key, made);
    return made.element;
  }

  private drawGroup(row: Extract<ListRow, { kind: "group" }>, old: GroupRow | undefined): HTMLElement {
    const made = old ?? new GroupRow();
    made.show(row);
    this.groupRows.set(row.key, made);
    return made.element;
  }

  // What the user does

  private choose(place: number): void {
    this.chosenKey = this.rows[place]?.key ?? null;
    const top = scrollToShow(place, this.element.scrollTop, this.rowsHeight, rowHeight);
    if (top !== this.element.scrollTop) this.element.scrollTop = top;
    this.draw();
  }

  private open(row: ListRow | undefined): void {
    if (row?.kind === "run") navigate(runPath(row.run.runId, row.run.sourceId));
    if (row?.kind === "group") this.actions.toggleGroup(row.key);
  }

  private press(event: KeyboardEvent): void {
    // Keys of the buttons in the head are theirs.
    if (event.target !== this.grid || event.ctrlKey || event.metaKey || event.altKey || this.rows.length === 0) return;
    const chosen = this.rows.findIndex(({ key }) => key === this.chosenKey);
    const row = this.rows[chosen];
    if (event.key === "Enter") this.open(row);
    else if (row?.kind === "group" && (event.key === (row.isOpen ? "ArrowLeft" : "ArrowRight"))) this.open(row);
    else if (/^(Arrow(Up|Down)|Page(Up|Down)|Home|End)$/.test(event.key)) {
      const page = Math.max(1, Math.floor(this.rowsHeight / rowHeight) - 1);
      // Down from nowhere is the first row.
      this.choose(chosen < 0 && event.key === "ArrowDown" ? 0 : rowByKey(event.key, Math.max(0, chosen), this.rows.length, page));
    } else return;
    event.preventDefault();
  }

  private click(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    const made = target?.closest(".run-row");
    const row = made ? this.rowOfElement.get(made) : undefined;
    if (!row) return;
    this.chosenKey = row.key;
    // The link does it itself, and a click that ends the marking of text opens nothing.
    if (target?.closest("a, button") || String(window.getSelection()) !== "") return;
    this.open(row);
  }
}

function setStyle(made: HTMLElement, name: "top" | "height", value: string): void {
  if (made.style[name] !== value) made.style[name] = value;
}

/** In the order in which they are read out; what is in its place already is not touched. */
function placeInOrder(parent: HTMLElement, elements: HTMLElement[]): void {
  elements.forEach((made, place) => {
    if (parent.children[place] !== made) parent.insertBefore(made, parent.children[place] ?? null);
  });
}
