// What one run's page knows and has chosen: the run's description, the live stream, stored series, and the URL's state.
//
// Data comes from the live stream while the run goes on, and from storage once it has ended and everything is stored. If
// storage does not answer, the page stays with what the collector's memory still holds.

import { oncePerTask } from "../../base/coalesce";
import { Lifetime } from "../../base/lifetime";
import { Signal } from "../../base/signal";
import { Catalogue, isDrawable } from "../../data/catalogue";
import { LiveStore } from "../../data/live-store";
import { StoredSeries } from "../../data/stored-series";
import { Stream } from "../../data/stream";
import { defaultSelection } from "../../series/panels";
import { Selection } from "../../series/selection";
import { ApiError, fetchRun } from "../../wire/api";
import { LiveSocket } from "../../wire/live-socket";
import { isStorageOff, readiness } from "../../wire/readiness";
import { RunDetail } from "../../wire/run-types";
import { formatRunQuery, parseRunQuery, replaceQuery, View, windowChoices } from "../route";

const pollMs = 1000;
const tailEvents = 10_000;
/** So many types at once are asked for an event that shows their fields. */
const undescribedTypesMax = 64;
/** So long after its end a run is read from storage even if the counters say that something is still on its way. */
const storagePatienceMs = 10_000;

export type DataMode = "waiting" | "live" | "stored";

export class RunSession {
  readonly detail = new Signal<RunDetail | null>(null);
  readonly error = new Signal<ApiError | null>(null);
  readonly mode = new Signal<DataMode>("waiting");
  /** Why an ended run is not shown from storage. */
  readonly storageError = new Signal<ApiError | null>(null);
  readonly selection: Signal<Selection>;
  readonly windowSeconds: Signal<number>;
  /** The stretch of time that the user marked; null = all of it, or the newest window. */
  readonly zoom: Signal<View | null>;
  readonly paused = new Signal(false);
  readonly catalogue = new Catalogue();
  readonly live = new LiveStore(this.catalogue);
  readonly stored: StoredSeries;
  readonly socket: LiveSocket;
  /** Types that the tree has shown open, whose instances had to be asked for. */
  private readonly openTypes = new Set<string>();
  private isChosen: boolean;
  private changes = 0;
  private subscribed = "";
  private endSeenMs = NaN;
  /** Events of the run that were stored when its series were loaded. */
  private storedCount = 0;
  private held: { time: number; streams: Map<Stream, Stream> } | null = null;

  constructor(readonly runId: string, readonly sourceId: string, private readonly lifetime: Lifetime) {
    const query = parseRunQuery(location.search);
    this.isChosen = query.selection !== null;
    this.selection = new Signal(query.selection ?? new Selection());
    this.windowSeconds = new Signal(query.windowSeconds);
    this.zoom = new Signal(query.zoom);
    this.stored = new StoredSeries(() => this.storedRun, this.catalogue, () => this.afterLoad());
    this.socket = new LiveSocket((text) => this.live.take(text), () => this.live.expectReplay());
    lifetime.add(() => this.socket.close());
    lifetime.add(() => this.stored.close());
    lifetime.repeat(pollMs, () => this.poll());
    const react = oncePerTask(() => this.afterChange());
    for (const signal of [this.catalogue.version, this.selection, this.windowSeconds, this.zoom, this.mode]) {
      lifetime.add((signal as Signal<unknown>).subscribe(react));
    }
  }

  /** What stored series are asked for: without a source in the URL, the run's first one. */
  get storedRun(): { runId: string; sourceId: string } {
    return { runId: this.runId, sourceId: this.sourceId || (this.detail.value?.sourceId ?? "") };
  }

  /** Grows whenever charts may have other lines than before. */
  get revision(): number {
    return this.changes + this.live.revision + this.catalogue.version.value;
  }

  /** The stretch of time that all charts show; undefined while there is no data. */
  get view(): View | undefined {
    if (this.mode.value === "stored") return this.zoom.value ?? this.stored.extent();
    if (this.zoom.value) return this.zoom.value;
    const time = this.time;
    if (time === undefined) return undefined;
    // Simulation time has no negative side: a young run fills its window from the left.
    const to = Math.max(time, this.windowSeconds.value);
    return { from: to - this.windowSeconds.value, to };
  }

  /** The newest time that is shown or held. */
  get time(): number | undefined {
    if (this.mode.value === "stored") return this.stored.extent()?.to;
    const time = this.held ? this.held.time : this.live.newestTime;
    return Number.isNaN(time) ? undefined : time;
  }

  choose(selection: Selection): void {
    this.isChosen = true;
    this.selection.value = selection;
  }

  /** Holds what is shown: charts read from a copy, while the live streams go on. */
  pause(): void {
    const time = this.time;
    if (this.held || this.mode.value !== "live" || time === undefined) return;
    const streams = new Map<Stream, Stream>();
    const longest = Math.max(...windowChoices);
    for (const { channel, type } of this.catalogue.all()) {
      for (const [, stream] of this.live.streamsOf(channel, type)) streams.set(stream, stream.copy(time - longest, time));
    }
    this.held = { time, streams };
    this.changes += 1;
    this.paused.value = true;
  }

  resume(): void {
    this.held = null;
    this.changes += 1;
    this.zoom.value = null;
    this.paused.value = false;
    this.updateMode();
  }

  /** Marking a stretch of a live chart holds it first: nobody can look closely at something that moves. */
  zoomTo(view: View): void {
    this.pause();
    this.zoom.value = view;
  }

  /** Streams of a type as charts should read them: the held copies while paused. */
  liveStreams(channel: string, type: string): [string, Stream][] {
    const held = this.held;
    return this.live.streamsOf(channel, type).map(([key, stream]) => [key, held?.streams.get(stream) ?? stream]);
  }

  /** Says that the tree shows the instances of a type: they are known only from its data, which is asked for here. */
  openType(channel: string, type: string): void {
    const entry = this.catalogue.find(channel, type);
    const field = entry && [...entry.fields.values()].find(isDrawable);
    if (!field || entry.keys.length > 0) return;
    if (this.mode.value === "stored") this.stored.load({ channel, type, field: field.name });
    this.openTypes.add(type);
    this.subscribeAnew();
  }

  private async poll(): Promise<void> {
    try {
      const detail = await fetchRun(this.runId, this.sourceId);
      if (this.lifetime.isOver) return;
      this.catalogue.describe(detail.types);
      this.detail.value = detail;
      this.error.value = null;
      this.updateMode();
    } catch (error) {
      this.error.value = error instanceof ApiError ? error : new ApiError(0, "", String(error), "");
    }
  }

  private updateMode(): void {
    const detail = this.detail.value;
    if (!detail) return;
    if (detail.status === "running") {
      // A zoom from the URL marks a time that the newest window has long left.
      if (!this.paused.value) this.zoom.value = null;
      this.mode.value = "live";
      this.endSeenMs = NaN;
      return;
    }
    if (this.mode.value === "stored") {
      // Rows have come since the series were loaded: storage was late.
      if (detail.stored > this.storedCount) this.stored.reload();
      this.storedCount = detail.stored;
      return;
    }
    if (this.paused.value) return;
    if (isStorageOff()) {
      this.storageError.value = new ApiError(0, "storage-off", "Storage is off.", "");
      this.mode.value = "live";
      return;
    }
    // Unknown for a moment after the start: the next poll decides.
    if (readiness.value === undefined) return;
    if (this.mode.value === "waiting" && this.storageError.value) {
      this.mode.value = "live";
      return;
    }
    if (Number.isNaN(this.endSeenMs)) this.endSeenMs = performance.now();
    const isComplete = detail.stored + detail.lost >= detail.accepted;
    const isLate = performance.now() - this.endSeenMs > storagePatienceMs;
    if (!this.storageError.value && (isComplete || isLate)) {
      this.storedCount = detail.stored;
      this.mode.value = "stored";
    }
  }

  /** Storage that is off answers 404 or 503 to everything: then memory is all there is. */
  private afterLoad(): void {
    this.changes += 1;
    const failure = this.stored.firstFailure();
    if (failure && this.mode.value === "stored" && [0, 404, 503].includes(failure.status) && !this.stored.extent()) {
      this.storageError.value = failure;
      this.mode.value = "live";
    }
  }

  private afterChange(): void {
    if (this.lifetime.isOver) return;
    this.changes += 1;
    if (!this.isChosen) {
      const proposed = defaultSelection(this.catalogue);
      if (proposed.toText() !== this.selection.value.toText()) this.selection.value = proposed;
    }
    replaceQuery(formatRunQuery({
      sourceId: this.sourceId,
      selection: this.isChosen ? this.selection.value : null,
      windowSeconds: this.windowSeconds.value,
      zoom: this.zoom.value,
    }));
    this.subscribeAnew();
  }

  /** Types of which nobody has said what fields they have: an event of each has to tell. */
  private undescribedTypes(): string[] {
    const empty = this.catalogue.all().filter(({ fields }) => fields.size === 0);
    const unknown = empty.filter(({ channel, type }) => !this.live.knows(channel, type));
    return unknown.slice(0, undescribedTypesMax).map(({ type }) => type);
  }

  private subscribeAnew(): void {
    const isLive = this.mode.value === "live";
    const chosen = this.selection.value.ids.map((id) => id.type);
    const wanted = new Set(isLive ? [...chosen, ...this.openTypes, ...this.undescribedTypes()] : []);
    const types = [...wanted].sort();
    const signature = JSON.stringify(types);
    if (signature === this.subscribed) return;
    this.subscribed = signature;
    const source = this.sourceId === "" ? {} : { sourceId: this.sourceId };
    this.socket.subscribe({ runId: this.runId, ...source, types, tail: tailEvents, notices: true });
  }
}
