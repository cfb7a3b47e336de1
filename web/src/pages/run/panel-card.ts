// One panel: title, chart, legend with values.

import { element, setAttribute, setText } from "../../base/dom";
import { formatValue } from "../../format/numbers";
import { BucketLine, bucketRange, bucketTimes } from "../../plot/bucket-line";
import { LineChart } from "../../plot/line-chart";
import { lineClass } from "../../plot/theme";
import { Panel } from "../../series/panels";
import { View } from "../route";
import { findLines, PanelLines, PlotLine } from "./panel-lines";
import { RunSession } from "./run-session";

/** Values in the legend change so often at most, or nobody could read them. */
const legendIntervalMs = 120;

export interface PanelCardActions {
  onRemove: (panel: Panel) => void;
  onSql: (panel: Panel) => void;
}

interface DrawnLine extends PlotLine {
  buckets: BucketLine;
  value: HTMLElement;
}

export class PanelCard {
  readonly element: HTMLElement;
  isVisible = true;
  private chart: LineChart | null = null;
  private lines: DrawnLine[] = [];
  private linesRevision = NaN;
  private drawn = "";
  private legendDue = 0;
  private readonly title = element("h3", { "data-testid": "panel-title" });
  private readonly plot = element("div", { class: "plot" });
  private readonly note = element("p", { class: "panel-note", role: "status", "data-testid": "panel-note" });
  private readonly legend = element("ul", { class: "legend", "data-testid": "legend" });
  private readonly readout = element("span", { class: "readout" });

  constructor(private readonly session: RunSession, private panel: Panel, actions: PanelCardActions) {
    this.element = element(
      "section", { class: "card panel", "data-testid": "panel" },
      element(
        "div", { class: "panel-head" },
        this.title, element("span", { class: "panel-path" }, [panel.channel, panel.type].filter(Boolean).join(" · ")),
        element("span", { class: "spacer" }), this.readout,
        element("button", {
          type: "button", class: "button-quiet", "data-testid": "panel-sql",
          title: "The query that gives these series from storage",
          click: () => actions.onSql(this.panel),
        }, "SQL"),
        element("button", {
          type: "button", class: "button-quiet", "aria-label": "Remove this panel", title: "Remove this panel",
          click: () => actions.onRemove(this.panel),
        }, "×"),
      ),
      this.plot, this.note, this.legend,
    );
    this.update(panel);
  }

  /** The same group with other series. */
  update(panel: Panel): void {
    this.panel = panel;
    this.linesRevision = NaN;
    this.title.replaceChildren(panel.title, panel.unit !== "" ? element("span", { class: "unit" }, panel.unit) : "");
    setAttribute(this.element, "aria-label", `${panel.type} ${panel.title}`);
    setAttribute(this.element, "data-panel", `${panel.type}/${panel.title}`);
  }

  /** Draws if anything has changed since the last time. */
  draw(view: View | undefined, nowMs: number): void {
    if (this.linesRevision !== this.session.revision) this.findLines();
    if (!view || !this.chart) return;
    const rows = this.lines.reduce((sum, line) => sum + line.stream.nextRow + line.stream.generation, 0);
    const signature = `${view.from} ${view.to} ${rows} ${this.linesRevision} ${this.chart.plotWidth}`;
    if (signature !== this.drawn) {
      this.drawn = signature;
      const range = bucketRange(view.from, view.to, this.chart.plotWidth);
      const values = this.lines.map(({ buckets, stream, column }) => buckets.values(stream, column, range));
      this.chart.draw(bucketTimes(range), values, view.from, view.to);
      setAttribute(this.element, "data-rows", String(rows));
    }
    if (nowMs >= this.legendDue) {
      this.legendDue = nowMs + legendIntervalMs;
      this.fillLegend(view);
    }
  }

  resize(): void {
    if (this.plot.clientWidth > 0) this.chart?.resize(this.plot.clientWidth, this.plot.clientHeight);
  }

  forgetRange(): void {
    this.chart?.forgetRange();
  }

  destroy(): void {
    this.chart?.destroy();
    this.element.remove();
  }

  private findLines(): void {
    // Read first: a load that is started here changes the revision when it ends.
    this.linesRevision = this.session.revision;
    const found = findLines(this.session, this.panel);
    this.showNote(found);
    const isSame = found.lines.length === this.lines.length
      && found.lines.every((line, index) => this.lines[index]?.name === line.name);
    if (isSame) {
      found.lines.forEach((line, index) => Object.assign(this.lines[index] as DrawnLine, line));
      return;
    }
    this.legend.replaceChildren();
    this.lines = found.lines.map((line, index) => this.addLine(line, index));
    this.chart?.destroy();
    this.chart = null;
    if (this.lines.length === 0) return;
    // Before the card is laid out it has no size; the resize that follows gives the real one.
    this.chart = new LineChart(this.plot, this.lines.length, this.plot.clientWidth || 480, this.plot.clientHeight || 168, {
      onZoom: (from, to) => this.session.zoomTo({ from, to }),
      onResetZoom: () => { this.session.zoom.value = null; },
      onCursor: () => { this.legendDue = 0; },
    });
    this.drawn = "";
  }

  private addLine(line: PlotLine, index: number): DrawnLine {
    const value = element("span", { class: "legend-value", "data-testid": "legend-value" });
    this.legend.append(element(
      "li", { "data-testid": "legend-line" },
      element("span", { class: `mark ${lineClass(index)}` }), element("span", { class: "legend-name" }, line.name), value,
    ));
    return { ...line, buckets: new BucketLine(), value };
  }

  private showNote({ lines, hidden, state }: PanelLines): void {
    const notes: string[] = [];
    if (state.kind === "loading") notes.push("Loading …");
    if (state.kind === "failed") notes.push([state.error.message, state.error.hint].filter(Boolean).join(": "));
    if (state.kind === "ready" && lines.length === 0) {
      notes.push(this.session.mode.value === "stored" ? "Storage holds no values of these series." : "Waiting for data …");
    }
    if (hidden > 0) notes.push(`${hidden} more lines are not drawn.`);
    const late = lines.reduce((sum, line) => sum + line.stream.lateRows, 0);
    if (late > 0) notes.push("Some rows came out of order and are not drawn.");
    setText(this.note, notes.join(" "));
    this.note.hidden = notes.length === 0;
    this.element.classList.toggle("is-empty", lines.length === 0);
  }

  /** Values under the pointer, else the newest that are shown: exact ones from the rows, not the reduced ones of the chart. */
  private fillLegend(view: View): void {
    const time = this.chart?.cursorTime ?? null;
    for (const { stream, column, value } of this.lines) {
      const row = stream.nearestRow(time ?? view.to);
      setText(value, formatValue(row < 0 ? undefined : stream.valueAt(row, column)));
    }
    setText(this.readout, time === null ? "" : cursorWords(this.lines[0], time));
  }
}

function cursorWords(line: PlotLine | undefined, time: number): string {
  const row = line ? line.stream.nearestRow(time) : -1;
  if (!line || row < 0) return "";
  return `t ${line.stream.timeAt(row).toFixed(3)} s, frame ${line.stream.frameAt(row)}`;
}
