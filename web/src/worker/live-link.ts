// The WebSocket to the collector: opens it again after a loss, repeats the subscription, and goes on behind the newest cursor,
// so that a reconnect leaves no gap and repeats nothing.

import { ConnectionState, WantedType } from "../protocol/protocol";
import { typeId } from "../protocol/series-id";
import { ColumnBlock, ColumnSchema, decodeColumns } from "./column-decoder";
import { Tail } from "./live-rows";
import { LiveTexts } from "./texts";

const paceDefault = 60;
const retryDelayMsMin = 250;
const retryDelayMsMax = 5000;
/** What the live buffer holds of a run at most. */
const tailEvents = 10_000;
/** Messages a second: as many as the page draws frames, in steps, so that the rate seldom changes. */
const paces = [10, 15, 20, 30, 45, 60];
/** More rows a second of one series than this are thinned out by the collector: no screen shows them, and bursts stay whole. */
const rowsPerSecond = 20_000;

export interface LinkEvents {
  onState: (state: ConnectionState) => void;
  onSchema: (schema: ColumnSchema) => void;
  onBlock: (block: ColumnBlock) => void;
  onTexts: (texts: LiveTexts) => void;
  /** A subscription begins with the newest rows: what came before them, by type. */
  onTail: (tail: Tail) => void;
  /** Events that did not reach this page; 0: nobody knows how many. */
  onMissing: (kind: "skipped" | "gap", count: number) => void;
}

export class LiveLink {
  readonly counters = { messages: 0, malformed: 0, skipped: 0 };
  private socket: WebSocket | null = null;
  /** Announced anew by each subscription; what the one before still sends is told by its own until then. */
  private schemas = new Map<number, ColumnSchema>();
  private wanted = "";
  private subscription: Record<string, unknown> | null = null;
  private pace = paceDefault;
  /** How far the stream has come under the present subscription. */
  private cursor = "";
  private retryTimer = 0;
  private retryDelayMs = retryDelayMsMin;

  constructor(private readonly events: LinkEvents) {}

  /** Replaces the subscription; with no types the connection is closed. */
  subscribe(runId: string, sourceId: string, types: readonly WantedType[]): void {
    const fields: Record<string, string[]> = {};
    for (const { type, fields: names } of types) {
      fields[type] = [...new Set([...(fields[type] ?? []), ...(names ?? [])])].sort();
    }
    // Who names fields gets no type without any: while one is wanted whole, all are.
    const isWhole = types.some((type) => type.fields === null);
    const texts = Object.fromEntries(types.filter((type) => type.texts.length > 0)
      .map(({ type, texts: names, keyFields }) => [type, { fields: names, keys: keyFields }]));
    const subscription = {
      format: "columns", version: 1, runId, ...(sourceId === "" ? {} : { sourceId }),
      types: Object.keys(fields).sort(), ...(isWhole ? {} : { fields }),
      ...(Object.keys(texts).length > 0 ? { texts } : {}), notices: true, cursor: true, rowsPerSecond,
    };
    const wanted = JSON.stringify(subscription);
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.subscription = subscription;
    this.cursor = "";
    if (types.length === 0) this.close();
    else if (this.socket?.readyState === WebSocket.OPEN) this.send();
    else if (!this.socket && this.retryTimer === 0) this.connect();
  }

  /** The page draws so many frames a second: more messages would only be put together again here. */
  follow(framesPerSecond: number): void {
    // A little above a step is still that step: rates are measured.
    const pace = paces.find((step) => step * 1.1 >= framesPerSecond) ?? paceDefault;
    if (pace === this.pace) return;
    this.pace = pace;
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ pace: { messagesPerSecond: pace } }));
  }

  close(): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = 0;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.events.onState("closed");
  }

  private connect(): void {
    this.retryTimer = 0;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws`);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    if (this.retryDelayMs === retryDelayMsMin) this.events.onState("connecting");
    socket.addEventListener("open", () => {
      if (socket !== this.socket) return;
      this.retryDelayMs = retryDelayMsMin;
      this.schemas = new Map();
      this.events.onState("open");
      this.send();
    });
    socket.addEventListener("message", (message: MessageEvent<unknown>) => {
      if (socket !== this.socket) return;
      if (message.data instanceof ArrayBuffer) this.takeColumns(message.data);
      else if (typeof message.data === "string") this.takeText(message.data);
    });
    socket.addEventListener("close", () => {
      if (socket === this.socket) this.retryLater();
    });
  }

  private retryLater(): void {
    this.socket = null;
    this.events.onState("lost");
    // Jitter: after a restart of the collector not all open pages come back in the same instant.
    const delay = this.retryDelayMs * (0.75 + Math.random() / 2);
    this.retryDelayMs = Math.min(retryDelayMsMax, this.retryDelayMs * 2);
    this.retryTimer = setTimeout(() => this.connect(), delay) as unknown as number;
  }

  private send(): void {
    if (!this.subscription || this.socket?.readyState !== WebSocket.OPEN) return;
    const begin = this.cursor === "" ? { tail: tailEvents } : { after: this.cursor };
    this.socket.send(JSON.stringify({ ...this.subscription, ...begin, messagesPerSecond: this.pace }));
  }

  private takeColumns(data: ArrayBuffer): void {
    this.counters.messages += 1;
    try {
      const message = decodeColumns(data, this.schemas);
      if (!message) return;
      if (message.cursor !== "") this.cursor = message.cursor;
      for (const block of message.blocks) this.events.onBlock(block);
    } catch {
      // Counted and shown: a message that does not add up is the collector's bug, and the charts go on without it.
      this.counters.malformed += 1;
    }
  }

  private takeText(text: string): void {
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      this.counters.malformed += 1;
      return;
    }
    if (message?.schema) this.takeSchema(message.schema);
    else if (message?.texts) this.events.onTexts(readTexts(message.texts));
    else if (message?.notice === "tail") this.events.onTail(readTail(message));
    else if (message?.notice === "dropped") this.takeMissing("skipped", Number(message.count) || 0);
    else if (message?.notice === "gap") this.takeMissing("gap", 0);
    // Too many rings for a cursor: after a loss of the connection the live buffer is all there is.
    else if (message?.notice === "cursor-ended") this.cursor = "";
  }

  private takeSchema(json: Record<string, unknown>): void {
    const fields = Array.isArray(json["fields"]) ? json["fields"] : [];
    const schema: ColumnSchema = {
      id: Number(json["id"]), sourceId: String(json["sourceId"] ?? ""), channel: String(json["channel"] ?? ""),
      type: String(json["type"] ?? ""),
      fields: fields.map((field) => ({
        name: String(field?.name ?? ""), kind: String(field?.kind ?? ""), count: Math.max(1, Number(field?.count) || 1),
        key: field?.key === true, optional: field?.optional === true, unit: String(field?.unit ?? ""),
        labels: Array.isArray(field?.labels) ? field.labels.map(String) : [],
      })),
    };
    this.schemas.set(schema.id, schema);
    this.events.onSchema(schema);
  }

  private takeMissing(kind: "skipped" | "gap", count: number): void {
    this.counters.skipped += count;
    this.events.onMissing(kind, count);
  }
}

function readTail(json: Record<string, unknown>): Tail {
  const earlier = new Map<string, number>();
  for (const kind of Array.isArray(json["earlier"]) ? json["earlier"] : []) {
    const id = typeId(String(kind?.channel ?? ""), String(kind?.type ?? ""));
    earlier.set(id, Math.max(earlier.get(id) ?? -1, Number(kind?.frame)));
  }
  return { earlier, isUnknown: json["isUnknown"] === true };
}

function readTexts(json: Record<string, unknown>): LiveTexts {
  const rows = Array.isArray(json["rows"]) ? json["rows"] : [];
  return {
    channel: String(json["channel"] ?? ""), type: String(json["type"] ?? ""),
    rows: rows.map((row) => ({
      key: String(row?.key ?? ""), sample: { frame: Number(row?.frame), simTime: Number(row?.simTime) },
      values: Object.entries(row?.values ?? {}).map(([field, value]): [string, string] => [field, String(value)]),
    })),
  };
}
