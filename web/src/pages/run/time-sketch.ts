// What the bar of the run shows of one channel: its smallest and largest values over the whole run, and the choice of the channel.

import { element, setAttribute } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { Signal } from "../../base/signal";
import { drawLines } from "../../plot/line-drawing";
import { chartTheme } from "../../plot/theme";
import { Range, SketchAnswer, SketchRequest, TimeAxis } from "../../protocol/protocol";
import { everyKey, formatSeriesId, SeriesId } from "../../protocol/series-id";
import { seriesOf } from "../../series/layout";
import { isTextSeries } from "../../series/names";
import { RunSession } from "./run-session";

/** While a run goes on its sketch is made anew so often at most. */
const intervalMs = 500;
const margin = 2;
/** No channel, as it stands in the URL. */
export const noSketch = "none";

export class TimeSketch {
  readonly canvas = element("canvas", { class: "time-sketch", "data-testid": "time-sketch", "aria-hidden": "true" });
  readonly choice = element("select", { class: "time-sketch-choice", title: "The channel that the bar shows", "aria-label": "Channel in the bar", "data-testid": "sketch-choice" });
  private shown: SketchAnswer | null = null;
  private asked = "";
  private dueMs = 0;
  private chosen = "";
  private listed = "";

  constructor(private readonly session: RunSession, lifetime: Lifetime) {
    this.choice.addEventListener("change", () => { session.sketch.value = this.choice.value; });
    const list = () => this.list();
    for (const signal of [session.panels, session.sketch, session.catalogue.version]) lifetime.add((signal as Signal<unknown>).subscribe(list));
    lifetime.add(chartTheme().subscribe(() => this.draw()));
  }

  /** What is to be asked for the bar with the next frame; null: nothing has changed. */
  request(axis: TimeAxis, range: Range | null): SketchRequest | null {
    const { answer, data, isRunning } = this.session;
    // First of all: it is asked with each frame, and what follows reads the layout.
    const now = performance.now();
    if (isRunning && now < this.dueMs && this.chosen === this.session.sketch.value) return null;
    this.chosen = this.session.sketch.value;
    const series = this.series;
    if (!series) this.asked = "";
    if (!series && this.shown) this.take(null);
    const columns = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (!series || !range || columns === 0) return null;
    const asked = JSON.stringify([series, axis, range, columns, data.changes.value, data.allStored.value, answer.value?.newest?.frame]);
    if (asked === this.asked) return null;
    this.asked = asked;
    this.dueMs = now + intervalMs;
    return { series, axis, range, columns };
  }

  take(sketch: SketchAnswer | null): void {
    this.shown = sketch;
    setAttribute(this.canvas, "data-series", sketch ? formatSeriesId(sketch.series) : "");
    setAttribute(this.canvas, "data-values", sketch ? `${sketch.min}~${sketch.max}` : "");
    this.draw();
  }

  private get plotted(): SeriesId[] {
    return seriesOf(this.session.panels.value).filter((id) => !isTextSeries(id, this.session.catalogue));
  }

  /** The chosen one as long as it is plotted, else the first that is. */
  private get series(): SeriesId | undefined {
    const { plotted } = this;
    const chosen = this.session.sketch.value;
    if (chosen === noSketch) return undefined;
    return plotted.find((id) => formatSeriesId(id) === chosen) ?? plotted[0];
  }

  private list(): void {
    const options: [value: string, words: string][] = [
      ["", "First plotted"], [noSketch, "None"],
      ...this.plotted.map((id): [string, string] => [formatSeriesId(id), [id.type, id.field, id.key === everyKey ? "" : id.key].filter(Boolean).join(" ")]),
    ];
    const listed = JSON.stringify(options);
    if (listed !== this.listed) this.choice.replaceChildren(...options.map(([value, words]) => element("option", { value }, words)));
    this.listed = listed;
    const { value } = this.session.sketch;
    this.choice.value = options.some(([option]) => option === value) ? value : "";
  }

  private draw(): void {
    const { canvas, shown } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((size) => Math.round(size * devicePixelRatio)) as [number, number];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const ctx = canvas.getContext("2d");
    if (!ctx || width === 0) return;
    ctx.clearRect(0, 0, width, height);
    if (!shown) return;
    const { range, min, max, values, marks, buckets, firstBucket, bucketWidth } = shown;
    const perUnit = width / (range.to - range.from);
    const edge = margin * devicePixelRatio;
    const perValue = (height - 2 * edge) / (max - min || 1);
    const toY = (value: number) => (max > min ? height - edge - (value - min) * perValue : height / 2);
    drawLines(ctx, { left: 0, top: 0, width, height }, {
      count: buckets, values, marks, left: ((firstBucket + 0.5) * bucketWidth - range.from) * perUnit, step: bucketWidth * perUnit,
    }, [{ colour: chartTheme().value.axis, dash: [], weight: "usual", index: 0, toY }], devicePixelRatio, true);
  }
}
