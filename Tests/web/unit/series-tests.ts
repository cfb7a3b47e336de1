import { Catalogue } from "../../../web/src/data/catalogue";
import { defaultSelection, groupIntoPanels, groupPrefix, lineName } from "../../../web/src/series/panels";
import { everyKey, formatSeriesId, parseSeriesId, Selection, SeriesId } from "../../../web/src/series/selection";
import { FieldInfo, TypeInfo } from "../../../web/src/wire/run-types";
import { equal, test } from "./harness";

function series(type: string, field: string, key = ""): SeriesId {
  return { channel: "c", type, key, field };
}

function describe(type: string, fields: [name: string, unit: string, isKey?: boolean][], channel = "c"): TypeInfo {
  return {
    channel, type, accepted: 0,
    fields: fields.map(([name, unit, isKey]): FieldInfo => ({ name, unit, isKey: isKey === true, kind: "f64", labels: [] })),
  };
}

function catalogue(...types: TypeInfo[]): Catalogue {
  const made = new Catalogue();
  made.describe(types);
  return made;
}

const vehicle = [
  describe("frame.end", [["dt", "s"]]),
  describe("body.state", [["rot.qx", ""], ["pos.x", "m"], ["pos.y", "m"], ["vel.x", "m/s"]]),
  describe("wheel.force", [["wheelId", "", true], ["slipRatio", ""], ["normalLoad", "N"]]),
];

test("names of any kind survive the URL", () => {
  const odd: SeriesId = { channel: "", type: "a/b,c", key: "*", field: "päß & <x>%" };
  equal(parseSeriesId(formatSeriesId(odd)), { ...odd, key: "*" });
  const literal: SeriesId = { channel: "c", type: "t", key: "a*b", field: "f" };
  equal(formatSeriesId(literal), "c/t/a%2Ab/f");
  equal(Selection.fromText(new Selection([odd, literal]).toText()).ids, [odd, literal]);
});

test("text that names no series is left out", () => {
  equal(Selection.fromText("x,%E0%A4%A/a/b/c,c/t//f,///").ids, [{ channel: "c", type: "t", key: "", field: "f" }]);
  equal(Selection.fromText("").size, 0);
});

test("choosing all instances replaces single ones; taking one out leaves the others", () => {
  const single = new Selection([series("w", "load", "1"), series("w", "slip", "1")]);
  const all = single.with(series("w", "load", everyKey));
  equal(all.ids.map((id) => `${id.field} ${id.key}`), ["slip 1", "load *"]);
  equal(all.covers(series("w", "load", "3")), true);
  const rest = all.without(series("w", "load", "1"), ["0", "1", "2"]);
  equal(rest.ids.map((id) => `${id.field} ${id.key}`), ["slip 1", "load 0", "load 2"]);
  equal(all.without(series("w", "load", everyKey)).ids.map((id) => id.field), ["slip"]);
});

test("a common prefix or a common unit makes a panel", () => {
  const made = catalogue(describe("aero", [["lift", "N"], ["drag", "N"], ["cl", ""], ["cd", ""], ["w.x", "m"], ["w.y", "m"]]));
  const chosen = new Selection(["lift", "cl", "w.x", "drag", "cd", "w.y"].map((field) => series("aero", field)));
  equal(groupIntoPanels(chosen, made).map((panel) => [panel.title, panel.unit]),
    [["lift, drag", "N"], ["cl", ""], ["w", "m"], ["cd", ""]]);
});

test("one field of a group is called by its full name", () => {
  const made = catalogue(...vehicle);
  equal(groupIntoPanels(new Selection([series("body.state", "pos.x")]), made).map((panel) => panel.title), ["pos.x"]);
});

test("names of lines are short but not ambiguous", () => {
  const made = catalogue(...vehicle);
  const [pos] = groupIntoPanels(new Selection([series("body.state", "pos.x"), series("body.state", "pos.y")]), made);
  const [load] = groupIntoPanels(new Selection([series("wheel.force", "normalLoad", everyKey)]), made);
  if (!pos || !load) throw new Error("no panels");
  equal(lineName(pos, "pos.x", "", []), "x");
  equal(lineName(pos, "pos.x", "2", ["id"]), "2 · x");
  equal(lineName(load, "normalLoad", "3", ["wheelId"]), "wheelId 3");
  equal(lineName(load, "normalLoad", "3,a", ["wheelId", "side"]), "3,a");
  equal([groupPrefix("a.b.c"), groupPrefix("plain")], ["a.b", ""]);
});

test("the first choice is position, velocity and wheel loads", () => {
  const chosen = defaultSelection(catalogue(...vehicle));
  equal(chosen.ids.map((id) => `${id.type} ${id.key} ${id.field}`), [
    "body.state  pos.x", "body.state  pos.y", "body.state  vel.x", "wheel.force * normalLoad", "body.state  rot.qx",
  ]);
});

test("without known types the first ones are chosen, bookkeeping only if there is nothing else", () => {
  const tank = catalogue(vehicle[0] as TypeInfo, describe("tank", [["level", "m"]]));
  equal(defaultSelection(tank).ids.map((id) => id.type), ["tank"]);
  equal(defaultSelection(catalogue(vehicle[0] as TypeInfo)).ids.map((id) => id.type), ["frame.end"]);
  equal(defaultSelection(new Catalogue()).size, 0);
});
