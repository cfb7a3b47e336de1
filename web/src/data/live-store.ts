// Turns the text frames of the live stream into rows. Holds one `Stream` per (channel, type, key) within one memory budget.

import { Catalogue, CatalogueType, isDrawable, typeId } from "./catalogue";
import { leafAt, numericLeaves, toNumber } from "./payload";
import { MemoryBudget, Stream } from "./stream";

const bytesMax = 96 * 1024 * 1024;
/** 60 s at 2 kHz; faster streams show a shorter past. */
const rowsPerStreamMax = 131_072;
/** Payloads are searched for unknown fields at the first event of an instance and then once in so many events. */
const discoverEvery = 64;

interface Extractor {
  name: string;
  path: string[];
  labels: string[];
  column: number;
}

interface Instance {
  stream: Stream;
  extractors: Extractor[];
  /** What came before a new subscription may come again: rows up to here are skipped, once. */
  replayTime: number;
  replayFrame: number;
}

interface TypeStreams {
  entry: CatalogueType;
  keyFields: string[];
  keyPaths: string[][];
  instances: Map<string, Instance>;
  events: number;
}

export interface LiveCounters {
  /** Frames of the socket that were no event and no notice. */
  malformed: number;
  /** Events that the server did not send because this page was too slow. */
  droppedByServer: number;
  /** Events of instances beyond the limit per type. */
  instancesRefused: number;
}

export class LiveStore {
  readonly counters: LiveCounters = { malformed: 0, droppedByServer: 0, instancesRefused: 0 };
  /** Simulation time of the newest row of all streams, NaN before the first. */
  newestTime = NaN;
  /** Grows whenever a stream or a column was added or taken away. */
  revision = 0;
  private readonly budget = new MemoryBudget(bytesMax);
  private readonly types = new Map<string, TypeStreams>();

  constructor(private readonly catalogue: Catalogue) {}

  /** One text frame of the socket. */
  take(text: string): void {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      // Counted and shown: a frame that is no JSON is the server's bug, and the charts go on without it.
      this.counters.malformed += 1;
      return;
    }
    if (message?.notice === "dropped") this.counters.droppedByServer += Number(message.count) || 0;
    else if (typeof message?.type === "string") this.takeEvent(message);
    else if (message?.notice === undefined) this.counters.malformed += 1;
  }

  /** Whether an event of the type has been seen. */
  knows(channel: string, type: string): boolean {
    return this.types.has(typeId(channel, type));
  }

  /** Keys and streams of one type. */
  streamsOf(channel: string, type: string): [string, Stream][] {
    const found = this.types.get(typeId(channel, type));
    return found ? [...found.instances].map(([key, instance]) => [key, instance.stream]) : [];
  }

  /** From now on events that are held already may arrive again. */
  expectReplay(): void {
    for (const type of this.types.values()) {
      for (const instance of type.instances.values()) {
        instance.replayTime = instance.stream.newestTime;
        instance.replayFrame = instance.stream.newestFrame;
      }
    }
  }

  private takeEvent(event: Record<string, unknown>): void {
    const channel = typeof event["channel"] === "string" ? event["channel"] : "";
    const streams = this.streamsFor(channel, event["type"] as string, event["payload"]);
    const key = streams.keyPaths.map((path) => String(leafAt(event["payload"], path) ?? "")).join(",");
    const instance = streams.instances.get(key) ?? this.addInstance(streams, key, event["payload"]);
    if (!instance) return;
    const time = Number(event["simTime"]) || 0;
    const frame = Number(event["frameIndex"]) || 0;
    const generation = instance.stream.generation;
    if (isReplay(instance, time, frame) || !instance.stream.append(time, frame)) return;
    for (const { path, labels, column } of instance.extractors) {
      instance.stream.set(column, toNumber(leafAt(event["payload"], path), labels));
    }
    // A clock that was set back takes the window with it; a slower stream next to a faster one does not.
    if (!(time <= this.newestTime) || instance.stream.generation !== generation) this.newestTime = time;
  }

  private streamsFor(channel: string, type: string, payload: unknown): TypeStreams {
    const id = typeId(channel, type);
    let streams = this.types.get(id);
    if (!streams) {
      this.catalogue.discover(channel, type, numericLeaves(payload));
      const entry = this.catalogue.find(channel, type) as CatalogueType;
      streams = { entry, keyFields: [], keyPaths: [], instances: new Map(), events: 0 };
      this.types.set(id, streams);
    }
    streams.events += 1;
    if (streams.events % discoverEvery === 0) this.extend(streams, payload);
    if (streams.keyFields !== streams.entry.keyFields) this.splitAnew(streams);
    return streams;
  }

  /** Which fields tell instances apart is known only now, or has changed: the rows so far were mixed. */
  private splitAnew(streams: TypeStreams): void {
    for (const instance of streams.instances.values()) instance.stream.release();
    streams.instances.clear();
    this.revision += 1;
    streams.keyFields = streams.entry.keyFields;
    streams.keyPaths = streams.keyFields.map((name) => name.split("."));
  }

  private addInstance(streams: TypeStreams, key: string, payload: unknown): Instance | undefined {
    const { channel, type } = streams.entry;
    const isKeyed = streams.keyPaths.length > 0;
    if (isKeyed && !this.catalogue.noteKey(channel, type, key)) {
      this.counters.instancesRefused += 1;
      return undefined;
    }
    this.catalogue.discover(channel, type, numericLeaves(payload));
    const stream = new Stream(rowsPerStreamMax, this.budget);
    const instance: Instance = { stream, extractors: [], replayTime: NaN, replayFrame: NaN };
    this.addColumns(instance, streams.entry);
    streams.instances.set(key, instance);
    this.revision += 1;
    return instance;
  }

  private extend(streams: TypeStreams, payload: unknown): void {
    this.catalogue.discover(streams.entry.channel, streams.entry.type, numericLeaves(payload));
    for (const instance of streams.instances.values()) this.addColumns(instance, streams.entry);
  }

  private addColumns(instance: Instance, entry: CatalogueType): void {
    for (const field of entry.fields.values()) {
      if (!isDrawable(field) || instance.stream.column(field.name) >= 0) continue;
      if (!instance.stream.addColumn(field.name)) return;
      const column = instance.stream.column(field.name);
      this.revision += 1;
      instance.extractors.push({ name: field.name, path: field.name.split("."), labels: field.labels, column });
    }
  }
}

function isReplay(instance: Instance, time: number, frame: number): boolean {
  if (Number.isNaN(instance.replayTime)) return false;
  if (time < instance.replayTime || (time === instance.replayTime && frame <= instance.replayFrame)) return true;
  instance.replayTime = NaN;
  return false;
}
