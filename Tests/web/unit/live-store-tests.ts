import { Catalogue } from "../../../web/src/data/catalogue";
import { LiveStore } from "../../../web/src/data/live-store";
import { leafAt, numericLeaves, toNumber } from "../../../web/src/data/payload";
import { Stream } from "../../../web/src/data/stream";
import { equal, isTrue, test } from "./harness";

function event(type: string, frame: number, payload: unknown, simTime = frame / 100): string {
  return `${JSON.stringify({ v: 1, runId: "r", sourceId: "s", channel: "c", type, frameIndex: frame, simTime, payload })}\n`;
}

function store(): { live: LiveStore; catalogue: Catalogue } {
  const catalogue = new Catalogue();
  return { live: new LiveStore(catalogue), catalogue };
}

function column(stream: Stream, name: string): number[] {
  const values: number[] = [];
  for (let row = stream.oldestRow; row < stream.nextRow; row += 1) values.push(stream.valueAt(row, stream.column(name)));
  return values;
}

const key = { name: "id", kind: "u32", unit: "", isKey: true, labels: [] };

test("leaves are found by dotted names, also in arrays", () => {
  const payload = { pos: { x: 1, y: "NaN" }, gear: [true, false], name: "a", deep: null };
  equal(numericLeaves(payload), ["pos.x", "pos.y", "gear.0", "gear.1"]);
  equal([leafAt(payload, ["gear", "0"]), leafAt(payload, ["pos", "z"]), leafAt(null, ["x"])], [true, undefined, undefined]);
});

test("odd payloads have no leaves and do no harm", () => {
  for (const payload of [null, 5, "text", [], {}, undefined]) equal(numericLeaves(payload), []);
  let nested: unknown = 1;
  for (let depth = 0; depth < 50; depth += 1) nested = { a: nested };
  equal(numericLeaves(nested), []);
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`f${index}`, index]));
  equal(numericLeaves(wide).length, 1024);
  equal(toNumber(leafAt({}, ["constructor"])), NaN);
});

test("words for numbers, booleans and names of an enum", () => {
  const leaves = [1.5, true, false, "NaN", "Infinity", "-Infinity", "cruise", "else", null];
  equal(leaves.map((leaf) => toNumber(leaf, ["climb", "cruise"])), [1.5, 1, 0, NaN, Infinity, -Infinity, 1, NaN, NaN]);
});

test("events become rows", () => {
  const { live } = store();
  live.take(event("body.state", 1, { pos: { x: 1 } }));
  live.take(event("body.state", 2, { pos: { x: "NaN" } }));
  const [[key, stream]] = live.streamsOf("c", "body.state") as [[string, Stream]];
  equal([key, column(stream, "pos.x"), live.newestTime], ["", [1, NaN], 0.02]);
});

test("a key field splits a type into instances and is no series", () => {
  const { live, catalogue } = store();
  const field = (name: string, isKey: boolean) => ({ name, kind: "f64", unit: "N", isKey, labels: [] });
  catalogue.describe([{ channel: "c", type: "motor", accepted: 0, fields: [field("id", true), field("load", false)] }]);
  for (const id of [10, 2]) live.take(event("motor", 1, { id, load: id * 5 }));
  equal(catalogue.find("c", "motor")?.keys, ["2", "10"]);
  equal(live.streamsOf("c", "motor").map(([key, stream]) => [key, column(stream, "load")]), [["10", [50]], ["2", [10]]]);
  equal(live.streamsOf("c", "motor")[0]?.[1].column("id"), -1);
});

test("wheels are told apart even if nobody has declared their key", () => {
  const { live, catalogue } = store();
  for (const wheelId of [0, 1]) live.take(event("wheel.force", 1, { wheelId, normalLoad: 1 }));
  equal(catalogue.find("c", "wheel.force")?.keys, ["0", "1"]);
});

test("a key that becomes known later separates what was mixed", () => {
  const { live, catalogue } = store();
  live.take(event("motor", 1, { id: 1, load: 1 }));
  catalogue.describe([{ channel: "c", type: "motor", accepted: 0, fields: [key] }]);
  live.take(event("motor", 2, { id: 7, load: 3 }));
  equal(live.streamsOf("c", "motor").map(([key, stream]) => [key, stream.nextRow]), [["7", 1]]);
});

test("instances beyond the limit are counted", () => {
  const { live, catalogue } = store();
  catalogue.describe([{ channel: "c", type: "p", accepted: 0, fields: [key] }]);
  for (let id = 0; id < 300; id += 1) live.take(event("p", 1, { id, v: 1 }));
  equal([live.streamsOf("c", "p").length, live.counters.instancesRefused], [256, 44]);
});

test("a replay after a new subscription adds nothing twice", () => {
  const { live } = store();
  for (let frame = 1; frame <= 5; frame += 1) live.take(event("t", frame, { v: frame }));
  live.expectReplay();
  for (let frame = 3; frame <= 7; frame += 1) live.take(event("t", frame, { v: frame }));
  const [[, stream]] = live.streamsOf("c", "t") as [[string, Stream]];
  equal([column(stream, "v"), stream.lateRows], [[1, 2, 3, 4, 5, 6, 7], 0]);
});

test("a slower type next to a faster one does not take the window back", () => {
  const { live } = store();
  live.take(event("fast", 100, { v: 1 }));
  live.take(event("slow", 50, { v: 1 }));
  equal(live.newestTime, 1);
  live.take(event("fast", 101, { v: 1 }, 0));
  equal(live.newestTime, 0);
});

test("fields that appear later are found", () => {
  const { live, catalogue } = store();
  for (let frame = 0; frame < 130; frame += 1) live.take(event("t", frame, frame < 60 ? { a: 1 } : { a: 1, b: 2 }));
  const [[, stream]] = live.streamsOf("c", "t") as [[string, Stream]];
  equal(stream.valueAt(129, stream.column("b")), 2);
  isTrue(catalogue.find("c", "t")?.fields.has("b") === true, "in the catalogue");
});

test("notices and rubbish are counted", () => {
  const { live } = store();
  live.take('{"notice":"dropped","count":12}');
  live.take('{"notice":"gap"}');
  for (const text of ["", "{", "[]", "5", "null", "{}"]) live.take(text);
  equal(live.counters, { malformed: 6, droppedByServer: 12, instancesRefused: 0 });
});
