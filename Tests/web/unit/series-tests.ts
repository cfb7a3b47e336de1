import { Catalogue } from "../../../web/src/data/catalogue";
import { everyKey, SeriesId } from "../../../web/src/protocol/series-id";
import { searchChannels } from "../../../web/src/series/channel-search";
import { makePanel, movePanel, Panel, splitPanel } from "../../../web/src/series/layout";
import { commonUnit, groupPrefix, lineName, panelPath, panelTitle } from "../../../web/src/series/names";
import { isShown, presetPanels, without, withSeries } from "../../../web/src/series/presets";
import { FieldInfo, TypeInfo } from "../../../web/src/wire/run-types";
import { equal, isTrue, test } from "./harness";

function series(type: string, field: string, key = ""): SeriesId {
  return { channel: "c", type, key, field };
}

function describe(type: string, fields: [name: string, unit: string, isKey?: boolean][], channel = "c"): TypeInfo {
  return {
    sourceId: "", channel, type, accepted: 0,
    fields: fields.map(([name, unit, isKey]): FieldInfo => ({ name, unit, isKey: isKey === true, kind: "f64", labels: [] })),
  };
}

function catalogue(...types: TypeInfo[]): Catalogue {
  const made = new Catalogue();
  made.describe(types);
  return made;
}

const vehicle = [
  describe("frame.end", [["dt", "s"], ["perf.cpu_time_ms", "ms"]]),
  describe("body.state", [["rot.qx", ""], ["pos.x", "m"], ["pos.y", "m"], ["vel.x", "m/s"]]),
  describe("wheel.force", [["wheelId", "", true], ["slipRatio", ""], ["normalLoad", "N"]]),
];

const namesOf = (panels: readonly Panel[]) => panels.map((panel) => panel.series.map((id) => `${id.type} ${id.key} ${id.field}`));

test("series go where their group is", () => {
  const known = catalogue(...vehicle);
  const begun = withSeries([], [series("body.state", "pos.x")], known);
  const both = withSeries(begun, [series("body.state", "vel.x"), series("body.state", "pos.y")], known);
  equal(namesOf(both), [["body.state  pos.x", "body.state  pos.y"], ["body.state  vel.x"]]);
});

test("choosing all instances replaces single ones; taking one out leaves the others", () => {
  const known = catalogue(...vehicle);
  known.noteKeys("c", "wheel.force", ["0", "2", "10", "1"]);
  equal(known.find("c", "wheel.force")?.keys, ["0", "1", "2", "10"]);
  const load = (key: string) => series("wheel.force", "normalLoad", key);
  const all = withSeries(withSeries([], [load("1")], known), [load(everyKey)], known);
  equal(namesOf(all), [["wheel.force * normalLoad"]]);
  isTrue(isShown(all, load("3")), "an instance is shown by all instances");
  equal(namesOf(without(all, [load("1")], known)), [["wheel.force 0 normalLoad", "wheel.force 2 normalLoad", "wheel.force 10 normalLoad"]]);
  equal(without(all, [load(everyKey)], known), []);
});

test("panels are moved, split and keep their ids apart", () => {
  const panels = ["a", "b", "c"].map((name) => makePanel(name, [series("t", `${name}1`), series("t", `${name}2`)]));
  equal(movePanel(panels, "c", "a").map((panel) => panel.id), ["c", "a", "b"]);
  equal(movePanel(panels, "a", null).map((panel) => panel.id), ["b", "c", "a"]);
  equal(movePanel(panels, "b", "b").map((panel) => panel.id), ["a", "b", "c"]);
  const split = splitPanel(panels, "b");
  equal(split.map((panel) => panel.series.length), [2, 1, 1, 2]);
  equal(new Set(split.map((panel) => panel.id)).size, 4);
});

test("names of lines are short but not ambiguous", () => {
  const pos = makePanel("p", [series("body.state", "pos.x"), series("body.state", "pos.y")]);
  const load = makePanel("p", [series("wheel.force", "normalLoad", everyKey)]);
  const mixed = makePanel("p", [...pos.series, ...load.series]);
  const [x] = pos.series as [SeriesId];
  const [force] = load.series as [SeriesId];
  equal([panelTitle(pos), panelTitle(load), panelTitle(mixed)], ["pos", "normalLoad", "body.state, wheel.force"]);
  equal(lineName(pos, x, "", []), "x");
  equal(lineName(pos, x, "2", ["id"]), "2 · x");
  equal(lineName(load, force, "3", ["wheelId"]), "wheelId 3");
  equal(lineName(load, force, "3,a", ["wheelId", "side"]), "3,a");
  equal(lineName(mixed, x, "", []), "body.state x");
  equal(lineName(mixed, force, "3", ["wheelId"]), "wheel.force 3 · normalLoad");
  equal([groupPrefix("a.b.c"), groupPrefix("plain")], ["a.b", ""]);
});

test("lines of one type in many channels are told apart, and the title stays short", () => {
  const ids = Array.from({ length: 40 }, (_, index): SeriesId => ({ channel: `ch${index}`, type: index % 2 === 0 ? "state" : `type${index}`, key: "", field: "alpha" }));
  const many = makePanel("p", ids);
  equal(new Set(ids.map((id) => lineName(many, id, "", []))).size, 40);
  equal([ids[0], ids[1]].map((id) => lineName(many, id as SeriesId, "", [])), ["ch0 state alpha", "type1 alpha"]);
  equal([panelTitle(many), panelPath(many)], ["state, type1, type3 and 18 more", "40 channels · 21 types"]);
  const one = makePanel("p", ids.filter(({ type }) => type === "state"));
  equal([panelTitle(one), panelPath(one)], ["alpha", "20 channels · state"]);
  equal(lineName(one, ids[2] as SeriesId, "7", ["id"]), "ch2 7 · alpha");
  equal(panelTitle(makePanel("p", ["a", "b", "c", "d"].map((name) => series("t", name)))), "a, b, c, d");
});

test("the unit in a title is that of all values", () => {
  const known = catalogue(...vehicle);
  const panel = (...ids: SeriesId[]) => commonUnit(makePanel("p", ids), known);
  equal(panel(series("body.state", "pos.x"), series("body.state", "pos.y")), "m");
  equal([panel(series("body.state", "pos.x"), series("body.state", "rot.qx")), panel(series("body.state", "pos.x"), series("body.state", "vel.x"))], ["", ""]);
});

test("the first choice is position, velocity, wheels and the time of frames", () => {
  equal(namesOf(presetPanels(catalogue(...vehicle))), [
    ["body.state  pos.x", "body.state  pos.y"], ["body.state  vel.x"], ["wheel.force * normalLoad"], ["wheel.force * slipRatio"],
    ["frame.end  perf.cpu_time_ms"], ["body.state  rot.qx"],
  ]);
});

test("without known types the first ones are chosen, bookkeeping only if there is nothing else", () => {
  const dull = describe("frame.end", [["dt", "s"]]);
  equal(namesOf(presetPanels(catalogue(dull, describe("tank", [["level", "m"]])))), [["tank  level"]]);
  equal(namesOf(presetPanels(catalogue(dull))), [["frame.end  dt"]]);
  equal(presetPanels(new Catalogue()), []);
});

test("two runs of one program look alike, whatever came first", () => {
  const found = (...names: string[]): FieldInfo[] => names.map((name) => ({ name, kind: "f64", unit: "", isKey: false, labels: [] }));
  const posted = (order: readonly string[]) => {
    const made = new Catalogue();
    for (const type of order) made.describe([describe(type, [])]);
    for (const type of order) for (const name of order) made.discover("c", type, found(name, `${name}10`, `${name}9`));
    return made;
  };
  const [one, other] = [posted(["wheel", "body", "tank"]), posted(["tank", "wheel", "body"])];
  const listed = (made: Catalogue) => made.all().map((type) => [type.type, ...type.fields.keys()]);
  equal(listed(one)[0], ["body", "body", "body9", "body10", "tank", "tank9", "tank10", "wheel", "wheel9", "wheel10"]);
  equal(listed(one), listed(other));
  equal(namesOf(presetPanels(one)), namesOf(presetPanels(other)));
});

test("fields keep the order in which their program has defined them, others follow by name", () => {
  const made = new Catalogue();
  made.discover("c", "t", [{ name: "a", kind: "f64", unit: "", isKey: false, labels: [] }]);
  made.describe([describe("t", [["z", ""], ["m", ""]])]);
  equal([...made.find("c", "t")?.fields.keys() ?? []], ["z", "m", "a"]);
});

test("a search looks at all types, fields and instances, and says what it does not list", () => {
  const many = Array.from({ length: 502 }, (_, index) => describe(`msg.${index}`, [["x", ""]]));
  const wide = describe("wide", Array.from({ length: 2000 }, (_, index): [string, string] => [`f${index}`, "N"]));
  const keyed = describe("wheel", [["id", "", true], ["load", "N"], ["a/b,c;d:e", ""]]);
  const known = catalogue(...many, wide, keyed);
  known.noteKeys("c", "wheel", Array.from({ length: 100 }, (_, index) => String(index)));
  const find = (text: string) => searchChannels(known.all(), text.split(" ").filter(Boolean));
  const all = find("");
  equal([all.shown.length, all.left], [200, 304]);
  equal([find("msg.450").shown.map(({ type }) => type.type), find("nowhere").shown], [["msg.450"], []]);
  const [one] = find("wide").shown;
  equal([one?.instances.shown[0]?.fields.shown.length, one?.instances.shown[0]?.fields.left], [200, 1800]);
  equal(find("f1999").shown.map(({ instances }) => instances.shown[0]?.fields.shown.map(({ name }) => name)), [["f1999"]]);
  const [wheels] = find("wheel load").shown;
  equal([wheels?.instances.shown.length, wheels?.instances.left, wheels?.instances.shown[0]?.key], [33, 68, everyKey]);
  equal(find("load 77").shown[0]?.instances.shown.map(({ key, fields }) => [key, fields.shown.map(({ name }) => name)]), [["77", ["load"]]]);
  equal(find("b,c;d").shown[0]?.instances.shown[0]?.fields.shown.map(({ name }) => name), ["a/b,c;d:e"]);
  const plotted = searchChannels(known.all(), [], (type, key) => type.type === "wheel" && key === "99");
  equal(plotted.shown.map(({ type, instances }) => [type.type, ...instances.shown.map(({ key }) => key)]), [["wheel", "99"]]);
});

test("an array is drawn by its elements, if they are few", () => {
  const made = new Catalogue();
  const field = (name: string, kind: string): FieldInfo => ({ name, kind, unit: "N", isKey: false, labels: [] });
  made.describe([{ sourceId: "", channel: "c", type: "t", accepted: 0, fields: [field("force", "f64[3]"), field("map", "f64[100]"), field("name", "text")] }]);
  equal([...made.find("c", "t")?.fields.keys() ?? []], ["force[0]", "force[1]", "force[2]", "name"]);
});
