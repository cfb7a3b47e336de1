// The names and values of a panel's lines: at the pointer, else at the first cursor, else the newest; with two cursors, what the
// values between them come to.

import { element, setAttribute, setText } from "../../base/dom";
import { formatAllDigits, formatValue } from "../../format/numbers";
import { lineClass } from "../../plot/theme";
import { FrameAnswer, LineAnswer, PanelAnswer, shownValue } from "../../protocol/protocol";
import { Panel } from "../../series/layout";
import { commonUnit, lineName, unitOf } from "../../series/names";
import { RunSession } from "./run-session";
import { differenceOf, showValue } from "./shown-value";

/** Values change so often at most, or nobody could read them. */
const intervalMs = 100;

interface Row {
  row: HTMLElement;
  value: HTMLElement;
  cells: HTMLElement[];
}

const roughWords = "Of the rows that are loaded; storage is being asked for all";
const columnNames = ["Second", "Δ", "Min", "Max", "Mean"];

export class Legend {
  readonly element: HTMLElement;
  private readonly head: HTMLElement;
  private readonly body = element("tbody");
  private rows: Row[] = [];
  private shown = "";
  private dueMs = 0;
  private seen = "";
  /** Of the lines, in their order. */
  names: readonly string[] = [];

  /** @param onPoint called with the line that is pointed at here; -1: none */
  constructor(private readonly session: RunSession, private panel: Panel, private readonly onPoint: (index: number) => void) {
    this.head = element(
      "thead", { hidden: true }, element(
        "tr", {}, element("th", { scope: "col" }, element("span", { class: "for-screen-readers" }, "Line")),
        element("th", { scope: "col" }, "First"), element("th", { scope: "col" }, element("span", { class: "for-screen-readers" }, "Unit")),
        ...columnNames.map((name) => element("th", { scope: "col" }, name)),
      ),
    );
    this.element = element("div", { class: "legend", "data-testid": "legend", tabindex: "0", role: "group", "aria-label": "Legend" },
      element("table", {}, this.head, this.body));
  }

  update(panel: Panel): void {
    this.panel = panel;
    this.shown = "";
  }

  draw(answer: PanelAnswer, frame: FrameAnswer, nowMs: number): void {
    // Pointer and cursors are followed at once, rows that come by themselves not.
    const places = `${frame.hover?.frame} ${frame.hover?.simTime} ${frame.cursors.map((place) => place?.frame).join()}`;
    const isMoved = frame.hover !== null || frame.cursors[0] !== null ? places !== this.seen : false;
    if (nowMs < this.dueMs && !isMoved) return;
    this.seen = places;
    this.dueMs = nowMs + intervalMs;
    this.arrange(answer);
    const hasTwo = frame.cursors.length === 2 && !frame.cursors.includes(null);
    this.head.hidden = !hasTwo;
    this.element.classList.toggle("has-two", hasTwo);
    answer.lines.forEach((line, index) => this.fill(this.rows[index], line, hasTwo));
  }

  private fill(row: Row | undefined, line: LineAnswer, hasTwo: boolean): void {
    if (!row) return;
    const isWhole = this.session.fullPrecision.value;
    // The columns say of which cursor they are: the pointer has no part in them.
    if (line.text) this.put(row.value, line.text.value);
    else showValue(row.value, hasTwo ? line.atFirst : shownValue(line), isWhole);
    for (const cell of row.cells) cell.hidden = !hasTwo;
    if (!hasTwo) return;
    const { atFirst, atSecond, between } = line;
    const [second, ...others] = row.cells as [HTMLElement, ...HTMLElement[]];
    showValue(second, atSecond, isWhole);
    const difference = differenceOf(atFirst, atSecond);
    const isRough = between !== null && !between.isExact;
    // Nothing was measured between the cursors, or nobody knows yet: that is no NaN.
    const known = between && between.count > 0 ? between : undefined;
    const values: [number | undefined, boolean][] = [
      [difference.value, difference.isRough], [known?.min, isRough], [known?.max, isRough], [known?.mean, isRough],
    ];
    values.forEach(([value, isAbout], place) => {
      const cell = others[place] as HTMLElement;
      this.put(cell, value, isAbout ? roughWords : undefined);
      cell.classList.toggle("is-rough", isAbout);
    });
  }

  /** Six digits in the cell, all of them when they are asked for and in its title, if that has nothing else to say. */
  private put(cell: HTMLElement, value: number | string | undefined, title = value === undefined ? "" : formatAllDigits(value)): void {
    const isWhole = typeof value === "string" || (this.session.fullPrecision.value && value !== undefined);
    setText(cell, isWhole ? formatAllDigits(value) : formatValue(value));
    setAttribute(cell, "title", title);
  }

  private arrange(answer: PanelAnswer): void {
    const { catalogue } = this.session;
    // The unit that all lines share stands in the panel's title.
    const isMixed = commonUnit(this.panel, catalogue) === "";
    const names = answer.lines.map((line): [name: string, unit: string] => {
      const id = this.panel.series[line.series];
      if (!id) return ["", ""];
      const name = lineName(this.panel, id, line.key, catalogue.find(id.channel, id.type)?.keyFields ?? []);
      return [name, isMixed ? unitOf(id, catalogue) : ""];
    });
    const shown = JSON.stringify(names);
    if (shown === this.shown) return;
    this.shown = shown;
    this.names = names.map(([name]) => name);
    this.rows = names.map(([name, unit], index) => this.makeRow(name, unit, index));
    this.body.replaceChildren(...this.rows.map(({ row }) => row));
  }

  private makeRow(name: string, unit: string, index: number): Row {
    const value = element("td", { class: "legend-value", "data-testid": "legend-value" });
    const cells = columnNames.map((column) => element("td", { class: "legend-value", "data-testid": `legend-${column.toLowerCase()}` }));
    const row = element(
      "tr", { "data-testid": "legend-line", mouseenter: () => this.onPoint(index), mouseleave: () => this.onPoint(-1) },
      element("th", { scope: "row" }, element("span", { class: `mark ${lineClass(index)}` }), element("span", { class: "legend-name", title: name }, name)),
      value, element("td", { class: "legend-unit" }, unit), ...cells,
    );
    return { row, value, cells };
  }
}
