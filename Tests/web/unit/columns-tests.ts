import { FoundType } from "../../../web/src/protocol/protocol";
import { typeId } from "../../../web/src/protocol/series-id";
import { ColumnSchema, decodeColumns, DecodeError } from "../../../web/src/worker/column-decoder";
import { LiveRows, Tail } from "../../../web/src/worker/live-rows";
import { equal, isTrue, test } from "./harness";

interface Sent {
  sequences: number[];
  frames: number[];
  wheels: number[];
  loads: number[];
  isReduced?: boolean;
  notFinite?: number[];
}

const schema: ColumnSchema = {
  id: 7, sourceId: "s", channel: "c", type: "wheel.force",
  fields: [
    { name: "wheelId", kind: "u8", count: 1, key: true, optional: false, unit: "", labels: [] },
    { name: "load", kind: "f64", count: 1, key: false, optional: false, unit: "N", labels: [] },
  ],
};
const schemas = new Map([[7, schema]]);

/** One message with one block, as docs/live-protocol.md describes it. */
function message({ sequences, frames, wheels, loads, isReduced = false, notFinite = [] }: Sent, cursor = "abc"): ArrayBuffer {
  const rows = sequences.length;
  const padded = (bytes: number) => Math.ceil(bytes / 8) * 8;
  const reduced = isReduced ? padded(rows / 2) : 0;
  const block = 32 + rows * 8 * 4 + padded(rows) + reduced + rows * 8 + reduced;
  const data = new ArrayBuffer(16 + padded(cursor.length) + block);
  const view = new DataView(data);
  view.setUint8(0, 1);
  view.setUint8(1, 1);
  view.setUint16(2, cursor.length, true);
  view.setUint32(4, 1, true);
  view.setBigInt64(8, 5_000_000n, true);
  [...cursor].forEach((letter, at) => view.setUint8(16 + at, letter.charCodeAt(0)));
  let at = 16 + padded(cursor.length);
  view.setUint32(at, block, true);
  view.setUint32(at + 4, 7, true);
  view.setBigUint64(at + 8, 0xabcn, true);
  view.setUint16(at + 16, 2, true);
  view.setUint16(at + 18, isReduced ? 1 : 0, true);
  view.setUint32(at + 20, rows, true);
  view.setUint32(at + 24, rows, true);
  at += 32;
  sequences.forEach((value, row) => view.setBigUint64(at + row * 8, BigInt(value), true));
  at += rows * 8;
  frames.forEach((value, row) => view.setBigUint64(at + row * 8, BigInt(value), true));
  at += rows * 8;
  frames.forEach((value, row) => view.setFloat64(at + row * 8, value / 100, true));
  at += rows * 8;
  frames.forEach((_, row) => view.setBigInt64(at + row * 8, row === 0 ? -(2n ** 63n) : BigInt(row), true));
  at += rows * 8;
  wheels.forEach((value, row) => view.setUint8(at + row, value));
  at += padded(rows) + reduced;
  loads.forEach((value, row) => view.setFloat64(at + row * 8, value, true));
  at += rows * 8;
  notFinite.forEach((value, pair) => view.setUint8(at + pair, value));
  return data;
}

const plain: Sent = { sequences: [100, 200, 300], frames: [1, 1, 2 ** 40], wheels: [0, 1, 0], loads: [1.5, -0, NaN] };

function liveRows(): { live: LiveRows; found: FoundType[] } {
  const found: FoundType[] = [];
  return { live: new LiveRows((type) => found.push(type), () => undefined), found };
}

function take(live: LiveRows, sent: Sent): void {
  for (const block of decodeColumns(message(sent), schemas)?.blocks ?? []) live.take(block);
}

test("a message is read as it is documented", () => {
  const read = decodeColumns(message(plain), schemas);
  const block = read?.blocks[0];
  equal([read?.cursor, read?.sentMs, block?.ring, block?.rows, block?.isReduced], ["abc", 5000, "abc/2", 3, false]);
  equal([Array.from(block?.sequences ?? []), Array.from(block?.frames ?? [])], [[100, 200, 300], [1, 1, 2 ** 40]]);
  equal([Array.from(block?.wallTimes ?? []), Array.from(block?.columns[1]?.values ?? [])], [[NaN, 1, 2], [1.5, -0, NaN]]);
});

test("kinds of messages that are not known are left out", () => {
  const other = message(plain);
  new DataView(other).setUint8(1, 9);
  equal(decodeColumns(other, schemas), null);
});

test("no message, however broken, is read beyond its end", () => {
  const whole = new Uint8Array(message(plain));
  for (let length = 0; length < whole.length; length += 1) {
    let words = "";
    try {
      decodeColumns(whole.slice(0, length).buffer, schemas);
    } catch (error) {
      words = error instanceof DecodeError ? "refused" : String(error);
    }
    equal([length, words], [length, "refused"]);
  }
  for (let at = 16; at < whole.length; at += 1) {
    const changed = whole.slice();
    changed[at] = 255;
    try {
      decodeColumns(changed.buffer, schemas);
    } catch (error) {
      isTrue(error instanceof DecodeError, `byte ${at}: ${String(error)}`);
    }
  }
});

test("instances are told apart by their key, and nothing is taken twice", () => {
  const { live } = liveRows();
  take(live, plain);
  take(live, plain);
  take(live, { sequences: [200, 300, 400], frames: [1, 2 ** 40, 2 ** 40 + 1], wheels: [1, 0, 1], loads: [9, 9, 4] });
  take(live, plain);
  const instances = live.find("c", "wheel.force")?.instances;
  equal([...instances?.keys() ?? []], ["0", "1"]);
  const rows = instances?.get("1");
  equal([rows?.nextRow, rows?.valueAt(0, 0), rows?.valueAt(1, 0)], [2, -0, 4]);
  equal(live.counters.rows, 4);
});

test("keys of 64 bits are told apart by all their digits", () => {
  const { live } = liveRows();
  const [block] = decodeColumns(message(plain), schemas)?.blocks ?? [];
  if (!block) throw new Error("no block");
  const wide = new BigUint64Array([2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n]);
  const [keys, loads] = block.columns as [typeof block.columns[0], typeof block.columns[0]];
  live.take({ ...block, columns: [{ ...keys, values: Array.from(wide, Number), wide }, loads] });
  equal([...live.find("c", "wheel.force")?.instances.keys() ?? []], ["9007199254740992", "9007199254740993", "18446744073709551615"]);
});

test("a thinned-out block for each key is taken whole", () => {
  const { live } = liveRows();
  take(live, { sequences: [100, 900], frames: [1, 9], wheels: [0, 0], loads: [1, 2], isReduced: true, notFinite: [0] });
  take(live, { sequences: [200, 800], frames: [2, 8], wheels: [1, 1], loads: [3, 4], isReduced: true, notFinite: [0] });
  equal([...live.find("c", "wheel.force")?.instances.values() ?? []].map((rows) => rows.nextRow), [2, 2]);
});

test("rows that were given up may come again", () => {
  const { live } = liveRows();
  take(live, plain);
  live.forget("c", "wheel.force");
  equal([live.find("c", "wheel.force"), live.bytesHeld], [undefined, 0]);
  take(live, plain);
  equal(live.find("c", "wheel.force")?.instances.size, 2);
});

test("a stretch that hides a NaN keeps a row for it", () => {
  const { live } = liveRows();
  take(live, { sequences: [1, 9, 10, 19], frames: [1, 9, 10, 19], wheels: [0, 0, 0, 0], loads: [1, 5, 2, 6], isReduced: true, notFinite: [0, 3] });
  const rows = live.find("c", "wheel.force")?.instances.get("0");
  const values = Array.from({ length: rows?.nextRow ?? 0 }, (_, row) => rows?.valueAt(row, 0));
  equal([values.filter(Number.isNaN).length, values.filter(Number.isFinite)], [1, [1, 5, 2, 6]]);
});

test("what an announcement says of a type is passed on, arrays by their elements", () => {
  const { live, found } = liveRows();
  live.announce({ ...schema, fields: [...schema.fields, { name: "f", kind: "f64", count: 2, key: false, optional: false, unit: "N", labels: [] }] });
  equal(found[0]?.fields.map((field) => field.name), ["wheelId", "load", "f[0]", "f[1]"]);
});

const wheels = typeId("c", "wheel.force");
const from = (live: LiveRows) => live.completeFrom("c", "wheel.force");
const tail = (frame: number | null, isUnknown = false): Tail => ({ earlier: new Map(frame === null ? [] : [[wheels, frame]]), isUnknown });
const rowsOf = (frames: number[], sequence: number): Sent => ({
  sequences: frames.map((_, index) => sequence + index), frames, wheels: frames.map(() => 0), loads: frames.map(() => 1),
});

test("memory is complete behind the latest frame that came before the tail", () => {
  const { live } = liveRows();
  equal(from(live), undefined);
  live.beginTail(tail(11));
  take(live, rowsOf([6, 7, 12, 13], 100));
  equal(from(live), 12);
  equal(live.completeFrom("c", "a type that comes later"), 0);
  // A further subscription: its tail lies within what is here, and then behind a hole.
  live.beginTail(tail(12));
  equal(from(live), 12);
  live.beginTail(tail(20));
  equal(from(live), 21);
  live.clear();
  equal(from(live), undefined);
});

test("rows of a type that was forgotten come again, also those that had come before the new tail", () => {
  const { live } = liveRows();
  live.beginTail(tail(null));
  take(live, rowsOf([1, 2, 3], 100));
  equal(from(live), 0);
  live.forget("c", "wheel.force");
  // Of the subscription before.
  take(live, rowsOf([4], 103));
  equal(from(live), undefined);
  live.beginTail(tail(1));
  take(live, rowsOf([2, 3, 4, 5], 101));
  equal([from(live), live.find("c", "wheel.force")?.instances.get("0")?.nextRow], [2, 4]);
});

test("where the collector does not know what came before, nothing is taken for complete", () => {
  const { live } = liveRows();
  live.beginTail(tail(3, true));
  take(live, rowsOf([4, 5], 100));
  equal([from(live), live.isPatchy], [undefined, true]);
});
