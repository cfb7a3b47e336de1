// The values beside the ticks of the tree: at the pointer, else at the first cursor, else the newest. Those of plotted series alone,
// which the panels have anyway.

import { element, setAttribute, setText } from "../../base/dom";
import { FrameAnswer, LineAnswer, shownValue } from "../../protocol/protocol";
import { everyKey, formatSeriesId, SeriesId } from "../../protocol/series-id";
import { Panel } from "../../series/layout";
import { showValue } from "./shown-value";

/** There are many, and each that changes is laid out: values that come by themselves are shown less often than in a legend. */
const intervalMs = 250;

export class TreeValues {
  private readonly places = new Map<string, HTMLElement>();
  private filled = new Set<HTMLElement>();
  /** Making a name anew for each line, ten times a second, would be felt. */
  private readonly names = new WeakMap<SeriesId, Map<string, string>>();
  private dueMs = 0;
  private seen = "";

  /** A place for the value of one series; several instances or fields at once have none. */
  placeFor(series: readonly SeriesId[]): HTMLElement | null {
    const [id] = series;
    if (!id || series.length > 1 || id.key === everyKey) return null;
    const place = element("span", { class: "field-value", "data-testid": "field-value" });
    this.places.set(formatSeriesId(id), place);
    this.dueMs = 0;
    return place;
  }

  clear(): void {
    this.places.clear();
    this.filled.clear();
  }

  private nameOf(id: SeriesId, key: string): string {
    let byKey = this.names.get(id);
    if (!byKey) this.names.set(id, byKey = new Map<string, string>());
    let name = byKey.get(key);
    if (name === undefined) byKey.set(key, name = formatSeriesId(id.key === everyKey ? { ...id, key } : id));
    return name;
  }

  show(answer: FrameAnswer, panels: readonly Panel[], isWhole: boolean): void {
    const now = performance.now();
    const seen = `${answer.hover?.frame} ${answer.cursors[0]?.frame} ${isWhole}`;
    if (this.places.size === 0 || (now < this.dueMs && seen === this.seen)) return;
    [this.seen, this.dueMs] = [seen, now + intervalMs];
    const before = this.filled;
    this.filled = new Set();
    for (const panel of answer.panels) {
      const series = panels.find(({ id }) => id === panel.id)?.series ?? [];
      for (const line of panel.lines) {
        const id = series[line.series];
        const place = id && this.places.get(this.nameOf(id, line.key));
        if (!place || this.filled.has(place)) continue;
        fill(place, line, isWhole);
        this.filled.add(place);
      }
    }
    for (const place of before) if (!this.filled.has(place)) setText(place, "");
  }
}

function fill(place: HTMLElement, line: LineAnswer, isWhole: boolean): void {
  if (!line.text) {
    showValue(place, shownValue(line), isWhole);
    return;
  }
  setText(place, line.text.value);
  setAttribute(place, "title", line.text.value);
}
