// Measures the columns of the run list and tells the style sheet their widths.

import { RunSummary } from "../../wire/run-types";
import { cellPadding, columnPatterns, columnWidths } from "./column-widths";
import { RunColumn } from "./run-columns";
import { TextRuler } from "./text-ruler";

/** Of the two buttons at the end of a row, with their padding; as in run-list.css. */
const actionsWidth = 68;

export class ColumnLayout {
  /** Of the tags in a row. */
  readonly tagRuler: TextRuler;
  /** What the tags have to themselves. */
  tagsWidth = 0;
  private readonly cellRuler: TextRuler;
  private readonly nameRuler: TextRuler;
  private readonly titleRuler: TextRuler;
  private written = "";

  /** @param grid gets the widths as custom properties, and is in the style in which its cells are written */
  constructor(private readonly grid: HTMLElement) {
    this.tagRuler = new TextRuler(grid, "tag");
    this.cellRuler = new TextRuler(grid, "");
    this.nameRuler = new TextRuler(grid, "list-name");
    this.titleRuler = new TextRuler(grid, "sort-button");
  }

  /** Letters have another size. */
  forget(): void {
    for (const ruler of [this.tagRuler, this.cellRuler, this.nameRuler, this.titleRuler]) ruler.forget();
  }

  /** Widths depend on all runs that are known, not on those that were found: columns must not move while somebody searches. */
  place(columns: readonly RunColumn[], runs: readonly RunSummary[], available: number, nowMs: number): void {
    const patterns = new Map(columns.map((column) => [column.id, columnPatterns(column, runs, nowMs)]));
    this.titleRuler.prepare(columns.map(({ title }) => title));
    this.nameRuler.prepare(patterns.get("run") ?? []);
    this.cellRuler.prepare(columns.flatMap(({ id }) => (id === "run" ? [] : patterns.get(id) ?? [])));
    const measured = columns.map((column) => ({
      column, titleWidth: this.titleRuler.width(column.title),
      textWidth: (column.id === "run" ? this.nameRuler : this.cellRuler).widest(patterns.get(column.id) ?? []),
    }));
    const widths = columnWidths(measured, available - actionsWidth);
    const nameBegin = widths.slice(0, columns.findIndex(({ id }) => id === "run")).reduce((sum, width) => sum + width, 0);
    this.tagsWidth = (widths[columns.findIndex(({ id }) => id === "tags")] ?? 0) - cellPadding;
    const text = [...widths, actionsWidth].map((width) => `${width}px`).join(" ");
    if (text === this.written) return;
    this.written = text;
    this.grid.style.setProperty("--columns", text);
    this.grid.style.setProperty("--name-begin", `${nameBegin}px`);
    this.grid.style.setProperty("--columns-width", `${widths.reduce((sum, width) => sum + width, actionsWidth)}px`);
  }
}
