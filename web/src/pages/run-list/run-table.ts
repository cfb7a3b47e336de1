// The table of runs: a grid of which only the rows on the screen are in the document. It takes the focus as a whole and points
// at the row chosen, so that rows may come and go. Rows are placed one by one and not by a table's layout: what scrolls in
// costs the layout of its own row and of no other. On a phone each run is a card of two lines.

import { oncePerFrame } from "../../base/coalesce";
import { density } from "../../base/density";
import { element, icon, setAttribute } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { navigate } from "../../base/navigation";
import { RunSummary } from "../../wire/run-types";
import { runPath } from "../route";
import { ColumnLayout } from "./column-layout";
import { heightOf, listMetrics } from "./list-metrics";
import { SortOrder } from "./list-query";
import { rowByKey, RowPlaces } from "./row-places";
import { ColumnId, RunColumn } from "./run-columns";
import { ListRow } from "./run-order";
import { GroupRow, RowActions, RowContext, RunRow, shownTags } from "./run-row";

const arrowUp = "M8 13V3.5M4 7l4-4 4 4";
const arrowDown = "M8 3v9.5M4 9l4 4 4-4";
/** So many rows before the last one more are asked for: a slow scroll does not see the end. */
const rowsAhead = 50;

export interface TableActions extends RowActions {
  sortBy: (column: ColumnId) => void;
  /** Of a group: opens it, or closes it. */
  toggleGroup: (key: string) => void;
  /** The user is about to see the last row, if not all of them: whoever has more rows should bring them. */
  nearEnd: () => void;
  goToEnd: () => void;
}

/** What the table shows. */
export interface TableContent {
  readonly rows: readonly ListRow[];
  /** All that are known: the widths of columns depend on them. */
  readonly runs: readonly RunSummary[];
  readonly columns: readonly RunColumn[];
  readonly sort: SortOrder | null;
  readonly group: string;
}

/** Where the user is in the table. Kept by the page: who comes back finds it so. */
export interface TablePlace {
  /** Of the row that keys act on. */
  chosenKey: string | null;
  scrollTop: number;
}

export class RunTable {
  /** Scrolls, in both directions. */
  readonly element: HTMLElement;
  private readonly grid: HTMLElement;
  private readonly headRow = element("div", { role: "row", class: "list-head", "aria-rowindex": "1" });
  private readonly body = element("div", { role: "rowgroup", class: "run-rows" });
  private readonly layout: ColumnLayout;
  private readonly heads = new Map<ColumnId, HTMLElement>();
  private readonly phone = window.matchMedia("(width <= 760px)");
  private runRows = new Map<string, RunRow>();
  private groupRows = new Map<string, GroupRow>();
  private readonly rowOfElement = new WeakMap<Element, ListRow>();
  private content: TableContent = { rows: [], runs: [], columns: [], sort: null, group: "" };
  private places = new RowPlaces([]);
  private isRestored = false;

  constructor(private readonly actions: TableActions, private readonly at: TablePlace, lifetime: Lifetime) {
    this.grid = element(
      "div", {
        class: "runs", role: "grid", tabindex: "0", "aria-label": "Runs", "data-testid": "run-list",
        keydown: (event) => this.press(event as KeyboardEvent), focus: () => this.focusCame(),
      },
      element("div", { role: "rowgroup", class: "list-head-group" }, this.headRow), this.body,
    );
    this.layout = new ColumnLayout(this.grid);
    const draw = oncePerFrame(() => this.draw());
    this.element = element("div", { class: "run-scroller", scroll: draw }, this.grid);
    this.body.addEventListener("click", (event) => this.click(event));
    const observer = new ResizeObserver(oncePerFrame(() => this.place()));
    observer.observe(this.element);
    lifetime.add(() => observer.disconnect());
    lifetime.add(density.signal.subscribe(() => {
      this.layout.forget();
      this.place();
    }));
  }

  get rows(): readonly ListRow[] {
    return this.content.rows;
  }

  /** The run that keys and commands act on. */
  get chosenRun(): RunSummary | null {
    const row = this.rows.find(({ key }) => key === this.at.chosenKey);
    return row?.kind === "run" ? row.run : null;
  }

  focus(): void {
    this.grid.focus();
    this.chooseAny();
  }

  /** A key that was pressed elsewhere on the page: the focus comes here with it. */
  takeKey(key: string | undefined): void {
    const isFresh = !this.rows.some((row) => row.key === this.at.chosenKey);
    this.focus();
    // Down from nowhere is the first row, which the focus has chosen.
    if (key !== undefined && !(isFresh && key === "ArrowDown")) this.act(key);
  }

  /** By key, that is: a mouse says itself which row it means. */
  private focusCame(): void {
    if (this.grid.matches(":focus-visible")) this.chooseAny();
  }

  private chooseAny(): void {
    if (!this.rows.some(({ key }) => key === this.at.chosenKey) && this.rows.length > 0) this.choose(0);
  }

  show(content: TableContent): void {
    const isSameColumns = content.columns.map(({ id }) => id).join() === this.content.columns.map(({ id }) => id).join();
    this.content = content;
    if (!isSameColumns) this.makeColumns();
    for (const [id, head] of this.heads) {
      const { sort } = content;
      setAttribute(head, "aria-sort", sort?.column !== id ? "none" : sort.isDescending ? "descending" : "ascending");
    }
    // The head is a row, too.
    setAttribute(this.grid, "aria-rowcount", String(content.rows.length + 1));
    this.place();
  }

  /** The same rows: only times have moved. */
  refresh(): void {
    placeInOrder(this.body, this.draw());
  }

  private makeColumns(): void {
    const { columns } = this.content;
    this.heads.clear();
    for (const column of columns) this.heads.set(column.id, this.head(column));
    const actionsHead = element(
      "div", { role: "columnheader", class: "column-actions" }, element("span", { class: "for-screen-readers" }, "Actions"),
    );
    this.headRow.replaceChildren(...this.heads.values(), actionsHead);
    setAttribute(this.grid, "aria-colcount", String(columns.length + 1));
    // Rows know their columns from the start.
    for (const row of this.runRows.values()) row.element.remove();
    this.runRows.clear();
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

  // Where things lie

  private get metrics() {
    return listMetrics(density.value);
  }

  private get rowsHeight(): number {
    const head = this.phone.matches ? 0 : this.metrics.rowHeight;
    return Math.max(this.metrics.rowHeight, this.element.clientHeight - head);
  }

  /** Gives columns and rows their places, and shows them. */
  private place(): void {
    const { rows, runs, columns } = this.content;
    const look = { isCards: this.phone.matches, hasReasonColumn: columns.some(({ id }) => id === "reason") };
    this.grid.classList.toggle("is-cards", look.isCards);
    setVariable(this.grid, "--row-height", `${this.metrics.rowHeight}px`);
    if (!look.isCards) this.layout.place(columns, runs, this.element.clientWidth, Date.now());
    this.places = new RowPlaces(rows.map((row) => heightOf(row, this.metrics, look)));
    setStyle(this.body, "height", `${this.places.totalHeight}px`);
    if (!this.isRestored && this.element.clientHeight > 0 && rows.length > 0) {
      this.isRestored = true;
      this.element.scrollTop = this.at.scrollTop;
    }
    this.refresh();
  }

  /** Brings the rows on the screen into the document, and only these; gives them in their order, which the document may lack. */
  private draw(): HTMLElement[] {
    if (this.isRestored && this.element.isConnected) this.at.scrollTop = this.element.scrollTop;
    this.element.toggleAttribute("data-more", this.element.scrollLeft + this.element.clientWidth < this.element.scrollWidth - 1);
    const { begin, end } = this.places.visible(this.element.scrollTop, this.rowsHeight);
    if (this.rows.length > 0 && end + rowsAhead >= this.rows.length) this.actions.nearEnd();
    const shown = this.rows.slice(begin, end);
    const context = this.context(shown);
    const kept = new Set(shown.map(({ key }) => key));
    const oldGroups = this.groupRows;
    const oldRuns = this.runRows;
    const spare = [...oldRuns].filter(([key]) => !kept.has(key)).map(([, row]) => row);
    this.runRows = new Map();
    this.groupRows = new Map();
    const elements = shown.map((row, place) => {
      const made = row.kind === "run"
        ? this.drawRun(row, oldRuns.get(row.key) ?? spare.pop(), context) : this.drawGroup(row, oldGroups.get(row.key));
      this.rowOfElement.set(made, row);
      this.put(made, begin + place, row.key === this.at.chosenKey);
      return made;
    });
    for (const row of spare) row.element.remove();
    for (const [key, row] of oldGroups) if (!kept.has(key)) row.element.remove();
    const chosen = this.rows.findIndex(({ key }) => key === this.at.chosenKey);
    if (chosen >= begin && chosen < end) setAttribute(this.grid, "aria-activedescendant", `run-row-${chosen}`);
    else this.grid.removeAttribute("aria-activedescendant");
    return elements;
  }

  private context(shown: readonly ListRow[]): RowContext {
    const { group, columns } = this.content;
    const { tagRuler, tagsWidth } = this.layout;
    if (columns.some(({ id }) => id === "tags")) {
      tagRuler.prepare(shown.flatMap((row) => (row.kind === "run" ? shownTags(row.run, group) : [])));
    }
    return { nowMs: Date.now(), group, tagsWidth, tagRuler };
  }

  private put(made: HTMLElement, row: number, isChosen: boolean): void {
    setStyle(made, "top", `${this.places.top(row)}px`);
    setStyle(made, "height", `${this.places.height(row)}px`);
    setAttribute(made, "aria-rowindex", String(row + 2));
    setAttribute(made, "id", `run-row-${row}`);
    setAttribute(made, "aria-selected", String(isChosen));
    if (made.parentNode !== this.body) this.body.append(made);
  }

  private drawRun(row: Extract<ListRow, { kind: "run" }>, old: RunRow | undefined, context: RowContext): HTMLElement {
    const made = old ?? new RunRow(this.actions, this.content.columns);
    made.show(row.run, context);
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

  private choose(row: number): void {
    this.at.chosenKey = this.rows[row]?.key ?? null;
    const top = this.places.scrollToShow(row, this.element.scrollTop, this.rowsHeight);
    if (top !== this.element.scrollTop) this.element.scrollTop = top;
    this.draw();
  }

  private open(row: ListRow | undefined): void {
    if (row?.kind === "run") navigate(runPath(row.run.runId, row.run.sourceId));
    if (row?.kind === "group") this.actions.toggleGroup(row.key);
  }

  /** What a key does in the table, wherever the focus is; whether it did anything. */
  act(key: string): boolean {
    if (this.rows.length === 0) return false;
    const chosen = this.rows.findIndex((row) => row.key === this.at.chosenKey);
    const row = this.rows[chosen];
    if (key === "Enter") this.open(row);
    else if (row?.kind === "group" && key === (row.isOpen ? "ArrowLeft" : "ArrowRight")) this.open(row);
    else if (key === "ArrowLeft" || key === "ArrowRight") this.element.scrollLeft += key === "ArrowLeft" ? -120 : 120;
    else if (/^(Arrow(Up|Down)|Page(Up|Down)|Home|End)$/.test(key)) {
      const page = Math.max(1, Math.floor(this.rowsHeight / (this.places.totalHeight / this.rows.length)) - 1);
      if (key === "End") this.actions.goToEnd();
      // Down from nowhere is the first row.
      this.choose(chosen < 0 && key === "ArrowDown" ? 0 : rowByKey(key, Math.max(0, chosen), this.rows.length, page));
    } else return false;
    return true;
  }

  private press(event: KeyboardEvent): void {
    // Keys of the buttons in the head are theirs.
    if (event.target !== this.grid || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.act(event.key)) event.preventDefault();
  }

  private click(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    const made = target?.closest(".run-row");
    const row = made ? this.rowOfElement.get(made) : undefined;
    if (!row) return;
    this.at.chosenKey = row.key;
    // The link does it itself, and a click that ends the marking of text opens nothing.
    if (target?.closest("a, button") || String(window.getSelection()) !== "") return;
    this.open(row);
  }
}

function setStyle(made: HTMLElement, name: "top" | "height", value: string): void {
  if (made.style[name] !== value) made.style[name] = value;
}

function setVariable(made: HTMLElement, name: string, value: string): void {
  if (made.style.getPropertyValue(name) !== value) made.style.setProperty(name, value);
}

/** In the order in which they are read out; what is in its place already is not touched. */
function placeInOrder(parent: HTMLElement, elements: HTMLElement[]): void {
  elements.forEach((made, place) => {
    if (parent.children[place] !== made) parent.insertBefore(made, parent.children[place] ?? null);
  });
}
