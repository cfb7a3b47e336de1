// The inside of panels that show newest values instead of lines: a table, or numbers large enough to be read from afar.

import { element, setAttribute, setText } from "../../base/dom";
import { formatAllDigits, formatCount, formatValue } from "../../format/numbers";
import { FrameAnswer, LineAnswer, PanelAnswer, shownValue } from "../../protocol/protocol";
import { Panel } from "../../series/layout";
import { lineName, unitOf } from "../../series/names";
import { PanelContent } from "./panel-content";
import { RunSession } from "./run-session";

const intervalMs = 100;

abstract class ValuePanel implements PanelContent {
  abstract readonly element: HTMLElement;
  readonly columns = 0;
  private dueMs = 0;
  private seen = "";
  protected shown = "";

  constructor(protected readonly session: RunSession, protected panel: Panel) {}

  update(panel: Panel): void {
    this.panel = panel;
    this.shown = "";
  }

  draw(answer: PanelAnswer, frame: FrameAnswer, nowMs: number): void {
    const place = `${frame.hover?.frame} ${frame.cursors[0]?.frame}`;
    if (nowMs < this.dueMs && place === this.seen) return;
    this.seen = place;
    this.dueMs = nowMs + intervalMs;
    const names = answer.lines.map((line) => this.nameOf(line));
    const shown = JSON.stringify(names);
    if (shown !== this.shown) this.arrange(names, answer);
    this.shown = shown;
    this.fill(answer);
  }

  resize(): void {}

  destroy(): void {}

  protected abstract arrange(names: string[], answer: PanelAnswer): void;
  protected abstract fill(answer: PanelAnswer): void;

  protected nameOf(line: LineAnswer): string {
    const id = this.panel.series[line.series];
    return id ? lineName(this.panel, id, line.key, this.session.catalogue.find(id.channel, id.type)?.keyFields ?? []) : "";
  }

  protected unitOf(line: LineAnswer): string {
    const id = this.panel.series[line.series];
    return id ? unitOf(id, this.session.catalogue) : "";
  }

  /** A number at the cursor, else the newest one; or a text. */
  protected valueOf(line: LineAnswer | undefined): number | string | undefined {
    return line?.text?.value ?? (line && shownValue(line).sample?.value);
  }

  protected put(place: HTMLElement, value: number | string | undefined): void {
    const isWhole = typeof value === "string" || (this.session.fullPrecision.value && value !== undefined);
    setText(place, isWhole ? formatAllDigits(value) : formatValue(value));
    setAttribute(place, "title", value === undefined ? "" : formatAllDigits(value));
  }
}

export class TablePanel extends ValuePanel {
  readonly element: HTMLElement;
  private readonly body = element("tbody");
  private rows: { value: HTMLElement; frame: HTMLElement; time: HTMLElement }[] = [];

  constructor(session: RunSession, panel: Panel) {
    super(session, panel);
    const isNumber = (name: string) => name === "Value" || name === "Frame" || name === "Sim time";
    const heads = ["Series", "Value", "Unit", "Frame", "Sim time"].map((name) => element("th", { scope: "col", ...(isNumber(name) ? { class: "number" } : {}) }, name));
    this.element = element(
      "div", { class: "panel-content value-table", tabindex: "0", role: "group", "aria-label": "Values" },
      element("table", {}, element("thead", {}, element("tr", {}, ...heads)), this.body),
    );
  }

  protected override arrange(names: string[], answer: PanelAnswer): void {
    this.rows = [];
    const rows = names.map((name, index) => {
      const [value, frame, time] = [element("td", { class: "number", "data-testid": "table-value" }), element("td", { class: "number" }),
        element("td", { class: "number" })];
      this.rows.push({ value, frame, time });
      const unit = this.unitOf(answer.lines[index] as LineAnswer);
      return element("tr", { "data-testid": "table-row" }, element("th", { scope: "row" }, name), value, element("td", {}, unit), frame, time);
    });
    this.body.replaceChildren(...rows);
  }

  protected override fill(answer: PanelAnswer): void {
    answer.lines.forEach((line, index) => {
      const row = this.rows[index];
      const sample = line.text ?? shownValue(line).sample;
      if (!row) return;
      this.put(row.value, this.valueOf(line));
      row.value.classList.toggle("number", line.text === null);
      setText(row.frame, sample ? formatCount(sample.frame) : "–");
      setText(row.time, sample ? `${sample.simTime.toFixed(3)} s` : "–");
    });
  }
}

/** Tiles beyond this are a table's job. */
const tilesMax = 12;

export class NumberPanel extends ValuePanel {
  readonly element = element("div", { class: "panel-content number-tiles" });
  private values: HTMLElement[] = [];

  protected override arrange(names: string[], answer: PanelAnswer): void {
    this.values = [];
    const tiles = names.slice(0, tilesMax).map((name, index) => {
      const value = element("span", { class: "number-value", "data-testid": "number-value" });
      this.values.push(value);
      const unit = this.unitOf(answer.lines[index] as LineAnswer);
      return element(
        "div", { class: "number-tile", "data-testid": "number-tile" }, element("span", { class: "number-name" }, name),
        element("span", {}, value, unit !== "" && element("span", { class: "unit" }, unit)),
      );
    });
    this.element.replaceChildren(...tiles);
  }

  protected override fill(answer: PanelAnswer): void {
    this.values.forEach((place, index) => {
      const line = answer.lines[index];
      this.put(place, this.valueOf(line));
    });
  }
}
