// What one run's page knows and has chosen: the run's description, panels, the stretch of time, cursors. All of it that a user
// chose stands in the URL.
//
// Rows lie in the page's worker: live ones while the run goes on, stored ones before them and once the run has ended.

import { oncePerTask } from "../../base/coalesce";
import { EverMoreSeldom } from "../../base/ever-more-seldom";
import { Lifetime } from "../../base/lifetime";
import { queryChangedEvent } from "../../base/navigation";
import { Signal } from "../../base/signal";
import { Catalogue } from "../../data/catalogue";
import { DataWorker } from "../../data/data-worker";
import { LossLog } from "../../data/loss-log";
import { FailureTold, FrameAnswer, Range, Sample, TimeAxis, WantedType } from "../../protocol/protocol";
import { Layout, makePanel, Panel, seriesOf } from "../../series/layout";
import { PanelCodec } from "../../series/layout-codec";
import { isTextSeries } from "../../series/names";
import { presetPanels } from "../../series/presets";
import { ApiError, fetchRun } from "../../wire/api";
import { isStorageOff, readiness } from "../../wire/readiness";
import { eventsUnderway, RunDetail } from "../../wire/run-types";
import { fetchStoredFields, StoredField } from "../../wire/series";
import { KeptUrl } from "./kept-url";
import { RunQuery } from "./run-query";
import { SizeOnDisk } from "./size-on-disk";
import { TimeView } from "./time-view";

const pollMs = 1000;
/** So many types at once are asked for an event that shows their fields. */
const undescribedTypesMax = 64;
const undescribedPollsMax = 4;
/** Then others are asked for, if there are more. */
const pollsPerLook = 3;
/** So often in a row storage is asked for the fields of such types, then ever more seldom. */
const eagerPolls = 6;
/** Rows that were on their way when a run ended are here after so long: then what is shown is held. */
const lastRowsMs = 1500;
/** So long after its end a run is read from storage even if the counters say that something is still on its way. */
const storagePatienceMs = 10_000;

export class RunSession {
  readonly detail = new Signal<RunDetail | null>(null);
  readonly error = new Signal<ApiError | null>(null);
  readonly panels: Signal<readonly Panel[]>;
  readonly time: TimeView;
  readonly catalogue = new Catalogue();
  readonly losses = new LossLog();
  readonly data: DataWorker;
  /** The newest answer of the worker. */
  readonly answer = new Signal<FrameAnswer | null>(null);
  readonly size: SizeOnDisk;
  /** Storage has said which fields there are, as far as nobody else has. */
  readonly hasAskedForFields = new Signal(false);
  readonly failure = new Signal<FailureTold | null>(null);
  /** The panel that fills the page; "": none does. */
  readonly maximised = new Signal("");
  /** Values with all their digits. */
  readonly fullPrecision = new Signal(false);
  /** The channel that the bar of the run shows, as the URL has it; "": the first that is plotted. */
  readonly sketch: Signal<string>;
  /** The panel that takes what the tree adds by Shift+Enter, and that keys act on. */
  readonly activePanel = new Signal("");
  /** Types that the tree has shown open, whose instances had to be asked for. */
  private readonly openTypes = new Set<string>();
  private isChosen: boolean;
  private wanted = "";
  private readonly url: KeptUrl;
  private endSeenMs = NaN;
  /** The run has been followed, and has ended a moment ago. */
  private isEnding = false;
  /** The user has chosen an axis; else the page takes the one that shows something. */
  private isAxisChosen: boolean;
  /** The worker knows of the run. */
  private isTold = false;
  private undescribedPolls = 0;
  private readonly refusals = new EverMoreSeldom(pollMs);
  /** Asks for the run's description at once. */
  readonly ask: () => void;

  /** @param codecs of the kinds of panels that are known */
  constructor(readonly runId: string, readonly sourceId: string, readonly codecs: readonly PanelCodec[], private readonly lifetime: Lifetime) {
    this.url = new KeptUrl(codecs, () => this.query, lifetime);
    const query = this.url.read();
    this.isChosen = query.panels !== null;
    this.isAxisChosen = query.isAxisChosen;
    this.panels = new Signal<readonly Panel[]>(query.panels ?? []);
    this.time = new TimeView(query, (range, from, to) => this.data.moveRange(range, from, to));
    this.size = new SizeOnDisk(runId);
    this.sketch = new Signal(query.sketch);
    this.data = new DataWorker(this.catalogue, {
      onAnswer: (answer) => this.takeAnswer(answer),
      onLoss: (loss) => this.losses.add(loss),
      onFailure: (failure) => { this.failure.value = failure; },
    }, lifetime);
    this.ask = lifetime.repeat(pollMs, () => this.poll());
    lifetime.add(readiness.subscribe(() => {
      if (!this.isTold && this.detail.value) this.tellRun(this.detail.value);
    }));
    // Who comes back to the page wants to know how it is now.
    lifetime.listen("focus", () => { if (this.error.value) this.ask(); });
    const react = oncePerTask(() => this.afterChange());
    for (const signal of [this.catalogue.version, this.panels, this.sketch, ...this.time.signals]) {
      lifetime.add((signal as Signal<unknown>).subscribe(react));
    }
    lifetime.listen(queryChangedEvent as keyof WindowEventMap, () => this.restore(this.url.read()));
  }

  get isRunning(): boolean {
    return this.detail.value?.status === "running";
  }

  /** What is shown moves along with the newest rows. */
  get isFollowing(): boolean {
    return this.isRunning || this.isEnding;
  }

  /** The newest row that is shown. */
  get newest(): Sample | null {
    return this.answer.value?.newest ?? null;
  }

  /** What series are asked for: without a source in the URL, the run's first one. */
  get series(): { runId: string; sourceId: string } {
    return { runId: this.runId, sourceId: this.sourceId || (this.detail.value?.sourceId ?? "") };
  }

  choose(panels: readonly Panel[]): void {
    this.isChosen = true;
    this.panels.value = panels;
  }

  /** Back to what the page proposes by itself. */
  chooseNothing(): void {
    this.isChosen = false;
    this.panels.value = presetPanels(this.catalogue);
  }

  get layout(): Layout {
    return { version: 1, axis: this.time.axis.value, windowSeconds: this.time.windowSeconds.value, panels: this.panels.value };
  }

  apply(layout: Layout): void {
    this.time.windowSeconds.value = layout.windowSeconds;
    void this.setAxis(layout.axis);
    this.choose(layout.panels.map((panel, index) => makePanel(`p${index + 1}`, panel.series, { ...panel, id: `p${index + 1}` })));
  }

  /** Takes note of what is shown; the function brings it back. */
  remember(): () => void {
    const { query } = this;
    return () => this.restore(query);
  }

  /** While something is tried out the URL stays as it was; the function lets it say what has come of it. */
  holdUrl(): () => void {
    return this.url.hold();
  }

  /** A gesture begins; until the function is called all of it is one step back, of the page's Back and of the browser's. */
  holdGesture(): () => void {
    const [end, writeUrl] = [this.time.hold(), this.url.hold()];
    return () => {
      end();
      writeUrl();
    };
  }

  /** Holds what is shown, while rows go on to come. */
  pause(): void {
    const { range, newest, axis } = this.answer.value ?? {};
    if (!range || !newest || this.time.range.value) return;
    // A young run does not fill its window yet: what would still come into it is not part of what is held.
    const place = axis === "simTime" ? newest.simTime : axis === "wallTime" ? newest.wallTime : newest.frame;
    this.time.show({ from: range.from, to: place > range.from ? Math.min(range.to, place) : range.to });
  }

  follow(): void {
    this.isEnding = false;
    this.time.follow();
  }

  /** Shows the same on another axis. */
  async setAxis(axis: TimeAxis): Promise<void> {
    this.isAxisChosen = true;
    const from = this.time.axis.value;
    if (axis === from) return;
    // Panels with a time of their own have it on that axis.
    const own = this.panels.value.flatMap(({ id, range }) => (range ? [{ id, range }] : []));
    const moved = new Map(await Promise.all(own.map(async ({ id, range }) => [id, await this.data.moveRange(range, from, axis)] as const)));
    await this.time.setAxis(axis);
    if (own.length > 0) this.panels.value = this.panels.value.map((panel) => (panel.range ? { ...panel, range: moved.get(panel.id) ?? null } : panel));
  }

  /** Says that the tree shows the instances of a type: they are known only from its data, which is asked for here. */
  openType(type: string): void {
    this.openTypes.add(type);
    this.wantTypes();
  }

  private takeAnswer(answer: FrameAnswer): void {
    const before = this.answer.value;
    if (!this.isAxisChosen && answer.bestAxis !== answer.axis && answer.axis === "frame") this.takeAxis(answer.bestAxis);
    this.time.limits = this.limitsOf(answer);
    this.answer.value = answer;
    if (before) this.data.giveBack(before);
  }

  /** Of a run whose sender counts no frames, all lies on frame 0: its time is shown. */
  private takeAxis(axis: TimeAxis): void {
    this.time.range.value = null;
    this.time.axis.value = axis;
    this.url.correct();
  }

  /** From where to where there is anything on the axis; null: nobody knows. */
  private limitsOf({ axis, extent, whole }: FrameAnswer): Range | null {
    const rows = axis === "frame" ? extent : whole;
    if (!rows) return null;
    let { from, to } = rows;
    // What lies before the rows that are here is in storage, and nobody has said where it begins.
    if (this.isRunning && axis === "simTime") from = Math.min(from, 0);
    if (this.isRunning && axis === "wallTime") from = Math.min(from, this.detail.value?.startedMs || from);
    if (axis === "frame") for (const loss of this.losses.ranges.value) [from, to] = [Math.min(from, loss.from), Math.max(to, loss.to)];
    return { from, to };
  }

  /** The end of a run that was followed moves nothing: what is shown is held once its last rows are here. */
  private holdAtEnd(): void {
    const { range } = this.answer.value ?? {};
    if (!this.isEnding || performance.now() - this.endSeenMs < lastRowsMs) return;
    this.isEnding = false;
    if (this.time.range.value || !range) return;
    this.time.range.value = range;
    this.url.correct();
  }

  // MARK: the run

  /** A run that is not there may still begin, and who is not logged in may still do so: it is asked again, but not for ever. */
  private async poll(): Promise<number | void> {
    try {
      const detail = await fetchRun(this.runId, this.sourceId);
      if (this.lifetime.isOver) return;
      this.refusals.reset();
      // Each source has frames and clocks of its own: what is shown is of one.
      const shown = this.sourceId || detail.sourceId;
      this.catalogue.describe(detail.types.filter(({ sourceId }) => sourceId === "" || sourceId === shown));
      this.losses.noteRun(detail);
      if (detail.status === "running") this.isEnding = false;
      else if (this.isRunning && this.time.range.value === null) this.isEnding = true;
      this.detail.value = detail;
      this.error.value = null;
      this.tellRun(detail);
      this.wantTypes();
      void this.size.ask(detail.stored);
      // Of posted events nobody has said what they are made of: numbers tell it as they come, texts only in storage.
      if (detail.types.every(({ fields }) => fields.length > 0)) this.undescribedPolls = 0;
      else this.undescribedPolls += 1;
      // What comes live tells of fields sooner than storage; of an ended run nothing comes.
      const isPatient = !this.isRunning || this.undescribedTypes().length === 0 || this.undescribedPolls > undescribedPollsMax;
      // Types that have no fields at all would be asked for without end: ever more seldom.
      const isDue = this.undescribedPolls <= eagerPolls || (this.undescribedPolls & (this.undescribedPolls - 1)) === 0;
      if (this.undescribedPolls > 0 && isPatient && isDue && detail.stored > 0) await this.askForFields();
    } catch (error) {
      this.error.value = error instanceof ApiError ? error : new ApiError(0, "", String(error), "");
      if (this.error.value.status === 404 || this.error.value.status === 401) return this.refusals.next();
    }
  }

  private tellRun(detail: RunDetail): void {
    if (detail.status === "running") this.endSeenMs = NaN;
    else if (Number.isNaN(this.endSeenMs)) this.endSeenMs = performance.now();
    this.holdAtEnd();
    // Whether all of a run that is over can be read from storage is not known yet: what memory still has of it would pass for the run.
    if (detail.status !== "running" && readiness.value === undefined) return;
    this.isTold = true;
    const isComplete = eventsUnderway(detail) === 0;
    // While nothing at all is stored there is nothing to read: storage may be busy with others.
    const isLate = detail.stored > 0 && performance.now() - this.endSeenMs > storagePatienceMs;
    this.data.setRun({
      runId: this.runId, sourceId: this.sourceId, storedSourceId: this.series.sourceId,
      isRunning: detail.status === "running",
      isStored: detail.status !== "running" && (isComplete || isLate),
      canAskStorage: !isStorageOff() && readiness.value?.storageState === "ok",
      storedEvents: detail.stored, lastFrame: detail.lastFrame,
    });
  }

  /** Storage knows the fields of types whose senders have described nothing, also when no event of them comes any more. */
  private async askForFields(): Promise<void> {
    if (readiness.value?.storageState !== "ok") return;
    const types = new Map<string, { channel: string; type: string; fields: StoredField[] }>();
    const { runId, sourceId } = this.series;
    for (const field of await fetchStoredFields(runId, sourceId)) {
      // Other sources of the run have types, and fields, of their own.
      if (!this.catalogue.find(field.channel, field.type)) continue;
      const id = JSON.stringify([field.channel, field.type]);
      const known = types.get(id) ?? { channel: field.channel, type: field.type, fields: [] };
      known.fields.push(field);
      types.set(id, known);
    }
    for (const { channel, type, fields } of types.values()) {
      // Texts never come by themselves, and of many numbers only some come live: what is known already stays as it is.
      this.catalogue.discover(channel, type, fields.map(({ field, isText }) => ({
        name: field, kind: isText ? "text" : "f64", unit: "", isKey: false, labels: [],
      })));
    }
    this.hasAskedForFields.value = true;
  }

  /** Types of which nobody has said what fields they have: an event of each has to tell. */
  private undescribedTypes(): string[] {
    const all = this.catalogue.all().filter(({ fields }) => fields.size === 0).map(({ type }) => type);
    if (all.length <= undescribedTypesMax) return all;
    // Some may never tell, having texts only: the others must not wait for them.
    const first = (Math.floor(this.undescribedPolls / pollsPerLook) * undescribedTypesMax) % all.length;
    return [...all, ...all].slice(first, first + undescribedTypesMax).sort();
  }

  private wantTypes(): void {
    const fields = new Map<string, Set<string> | null>();
    const texts = new Map<string, Set<string>>();
    for (const id of seriesOf(this.panels.value)) {
      if (isTextSeries(id, this.catalogue)) {
        texts.set(id.type, (texts.get(id.type) ?? new Set<string>()).add(id.field));
        if (!fields.has(id.type)) fields.set(id.type, new Set());
        continue;
      }
      const known = fields.get(id.type) ?? new Set<string>();
      // An element of an array comes with its array.
      fields.set(id.type, known.add(id.field.replace(/\[\d+\]$/, "")));
    }
    for (const type of this.openTypes) if (!fields.has(type)) fields.set(type, new Set());
    for (const type of this.undescribedTypes()) fields.set(type, null);
    const types = this.catalogue.all().flatMap(({ channel, type, keyFields }): WantedType[] => {
      const names = fields.get(type);
      if (names === undefined) return [];
      return [{ channel, type, keyFields, texts: [...texts.get(type) ?? []].sort(), fields: names ? [...new Set([...names, ...keyFields])].sort() : null }];
    });
    const text = JSON.stringify(types);
    if (text === this.wanted) return;
    this.wanted = text;
    this.data.want(types);
  }

  // MARK: the URL

  private afterChange(): void {
    if (this.lifetime.isOver) return;
    if (!this.isChosen) {
      const proposed = presetPanels(this.catalogue);
      if (JSON.stringify(proposed) !== JSON.stringify(this.panels.value)) this.panels.value = proposed;
    }
    this.wantTypes();
    this.url.change();
  }

  private get query(): RunQuery {
    return {
      isAxisChosen: this.isAxisChosen, sourceId: this.sourceId, panels: this.isChosen ? this.panels.value : null, axis: this.time.axis.value,
      windowSeconds: this.time.windowSeconds.value, range: this.time.range.value, cursors: this.time.cursors.value,
      sketch: this.sketch.value,
    };
  }

  private restore(query: RunQuery): void {
    this.isChosen = query.panels !== null;
    this.isAxisChosen = query.isAxisChosen;
    this.panels.value = query.panels ?? presetPanels(this.catalogue);
    this.sketch.value = query.sketch;
    this.time.restore(query);
  }
}
