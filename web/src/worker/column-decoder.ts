// Reads binary messages of the live stream (docs/live-protocol.md). Nothing in them is trusted: what does not add up is an
// error, and no array reaches beyond the message.

export interface ColumnField {
  name: string;
  kind: string;
  /** Values per row. */
  count: number;
  key: boolean;
  optional: boolean;
  unit: string;
  labels: string[];
}

export interface ColumnSchema {
  id: number;
  sourceId: string;
  channel: string;
  type: string;
  fields: ColumnField[];
}

/** One field of a block. */
export interface ColumnValues {
  /** `rows × count` numbers. */
  values: ArrayLike<number>;
  /** Of 64-bit keys, all their digits: two of them may be one number. Null for all others. */
  wide: BigInt64Array | BigUint64Array | null;
  /** 1 where the row has a value; null: everywhere. */
  present: Uint8Array | null;
  /** Of a reduced block, per pair of rows: how many values of its stretch were no finite numbers. */
  notFinite: Uint8Array | null;
}

export interface ColumnBlock {
  schema: ColumnSchema;
  /** Names the ring: instance and writer. */
  ring: string;
  isReduced: boolean;
  rows: number;
  sourceRows: number;
  sequences: Float64Array;
  frames: Float64Array;
  simTimes: Float64Array;
  /** NaN where it is not known. */
  wallTimes: Float64Array;
  columns: ColumnValues[];
}

export interface ColumnMessage {
  cursor: string;
  sentMs: number;
  blocks: ColumnBlock[];
}

export class DecodeError extends Error {}

const bytesOf: Record<string, number> = {
  i8: 1, u8: 1, bool: 1, i16: 2, u16: 2, i32: 4, u32: 4, f32: 4, i64: 8, u64: 8, f64: 8,
};
const headBytes = 16;
const blockHeadBytes = 32;
const high = 4294967296;

/** Numbers of a message may be beyond 32 bits once they are multiplied: no bit operations here. */
function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Null for kinds of messages that this page does not know. */
export function decodeColumns(data: ArrayBuffer, schemas: ReadonlyMap<number, ColumnSchema>): ColumnMessage | null {
  const view = new DataView(data);
  if (data.byteLength < headBytes) throw new DecodeError("a message is shorter than its head");
  if (view.getUint8(0) !== 1 || view.getUint8(1) !== 1) return null;
  const cursorBytes = view.getUint16(2, true);
  const blockCount = view.getUint32(4, true);
  const sentMs = Number(view.getBigInt64(8, true)) / 1000;
  let at = headBytes + padded(cursorBytes);
  if (at > data.byteLength) throw new DecodeError("a cursor reaches beyond its message");
  const cursor = new TextDecoder().decode(new Uint8Array(data, headBytes, cursorBytes));
  const blocks: ColumnBlock[] = [];
  for (let index = 0; index < blockCount; index += 1) {
    if (at + blockHeadBytes > data.byteLength) throw new DecodeError("a block's head reaches beyond its message");
    const bytes = view.getUint32(at, true);
    if (bytes < blockHeadBytes || bytes % 8 !== 0 || at + bytes > data.byteLength) {
      throw new DecodeError("a block reaches beyond its message");
    }
    const schema = schemas.get(view.getUint32(at + 4, true));
    if (!schema) throw new DecodeError("a block of a type that was not announced");
    blocks.push(decodeBlock(data, view, at, bytes, schema));
    at += bytes;
  }
  return { cursor, sentMs, blocks };
}

function decodeBlock(data: ArrayBuffer, view: DataView, begin: number, bytes: number, schema: ColumnSchema): ColumnBlock {
  const end = begin + bytes;
  const instance = view.getBigUint64(begin + 8, true).toString(16);
  const isReduced = (view.getUint16(begin + 18, true) & 1) === 1;
  const rows = view.getUint32(begin + 20, true);
  let at = begin + blockHeadBytes;
  const take = (length: number): number => {
    const start = at;
    at += padded(length);
    if (at > end) throw new DecodeError("a column reaches beyond its block");
    return start;
  };
  const sequences = readUnsigned(data, take(rows * 8), rows);
  const frames = readUnsigned(data, take(rows * 8), rows);
  const simTimes = new Float64Array(data, take(rows * 8), rows);
  const wallTimes = readWallTimes(data, take(rows * 8), rows);
  const columns = schema.fields.map((field): ColumnValues => {
    const size = bytesOf[field.kind];
    if (size === undefined) throw new DecodeError(`a field of the unknown kind ${field.kind}`);
    const [start, count] = [take(size * field.count * rows), field.count * rows];
    const values = readColumn(data, start, field.kind, count);
    const wide = !field.key ? null : field.kind === "i64" ? new BigInt64Array(data, start, count)
      : field.kind === "u64" ? new BigUint64Array(data, start, count) : null;
    const present = field.optional ? new Uint8Array(data, take(rows), rows) : null;
    const pairs = Math.floor(rows / 2);
    return { values, wide, present, notFinite: isReduced ? new Uint8Array(data, take(pairs), pairs) : null };
  });
  return {
    schema, ring: `${instance}/${view.getUint16(begin + 16, true)}`, isReduced, rows,
    sourceRows: view.getUint32(begin + 24, true), sequences, frames, simTimes, wallTimes, columns,
  };
}

/** 64-bit integers as doubles: exact up to 2^53. */
function readUnsigned(data: ArrayBuffer, at: number, count: number): Float64Array {
  const halves = new Uint32Array(data, at, count * 2);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    values[index] = (halves[2 * index] as number) + (halves[2 * index + 1] as number) * high;
  }
  return values;
}

function readSigned(data: ArrayBuffer, at: number, count: number): Float64Array {
  const lows = new Uint32Array(data, at, count * 2);
  const highs = new Int32Array(data, at, count * 2);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    values[index] = (lows[2 * index] as number) + (highs[2 * index + 1] as number) * high;
  }
  return values;
}

function readWallTimes(data: ArrayBuffer, at: number, count: number): Float64Array {
  const values = readSigned(data, at, count);
  const unknown = -(2 ** 63);
  for (let index = 0; index < count; index += 1) if (values[index] === unknown) values[index] = NaN;
  return values;
}

function readColumn(data: ArrayBuffer, at: number, kind: string, count: number): ArrayLike<number> {
  switch (kind) {
    case "f64": return new Float64Array(data, at, count);
    case "f32": return new Float32Array(data, at, count);
    case "i32": return new Int32Array(data, at, count);
    case "u32": return new Uint32Array(data, at, count);
    case "i16": return new Int16Array(data, at, count);
    case "u16": return new Uint16Array(data, at, count);
    case "i8": return new Int8Array(data, at, count);
    case "i64": return readSigned(data, at, count);
    case "u64": return readUnsigned(data, at, count);
    default: return new Uint8Array(data, at, count);
  }
}
