// Panels as text, in URLs and layouts, and the kinds that they are of.

import { panelKinds } from "../../../web/src/pages/run/panel-kinds";
import { chartSettings } from "../../../web/src/pages/run/chart-settings";
import { everyKey, formatSeriesId, parseSeriesId, SeriesId } from "../../../web/src/protocol/series-id";
import { makePanel, Members, Panel, textKind, usualKind } from "../../../web/src/series/layout";
import { formatPanels, parsePanels, PanelCodec, readLayout, writeLayout } from "../../../web/src/series/layout-codec";
import { equal, isTrue, test } from "./harness";

const level: SeriesId = { channel: "c", type: "t", key: "", field: "f" };
const parse = (text: string) => parsePanels(text, panelKinds);
const format = (panels: readonly Panel[]) => formatPanels(panels, panelKinds);
const layoutOf = (...panels: unknown[]) => ({ version: 1, axis: "simTime", windowSeconds: 30, panels });
const read = (...panels: unknown[]) => readLayout(layoutOf(...panels), panelKinds).panels;
/** As it is saved: a text, and read again. */
const written = (panels: readonly Panel[]) => {
  const layout = writeLayout({ version: 1, axis: "frame", windowSeconds: 1, panels }, panelKinds);
  return (JSON.parse(JSON.stringify(layout)) as { panels: Members[] }).panels;
};

test("names of any kind survive the URL", () => {
  const odd: SeriesId = { channel: "", type: "a/b,c", key: "*", field: "päß & <x>%" };
  equal(parseSeriesId(formatSeriesId(odd)), { ...odd, key: "*" });
  const literal: SeriesId = { channel: "c", type: "t", key: "a*b", field: "f" };
  equal(formatSeriesId(literal), "c/t/a%2Ab/f");
  const settings = { scale: "log", fixed: { from: -1.5, to: 2e9 } };
  const panels = [makePanel("p1", [odd, literal], { title: "a;b!c:d~e,f", settings, width: 2, height: 3 }),
    makePanel("p2", [], { kind: "table" }), makePanel("p3", [literal], { kind: "number" })];
  equal(parse(format(panels)), panels);
});

test("text that names no series or panel is left out", () => {
  equal(parse("chart:x,%E0%A4%A/a/b/c,c/t//f,///").map((panel) => panel.series), [[level]]);
  equal(parse(""), []);
  equal(parse("!w9!y=5~2!x=3~1!t=%E0%A4%A:").map(({ kind, width, settings, range, title }) => [kind, width, settings, range, title]),
    [["chart", 3, {}, null, "%E0%A4%A"]]);
});

test("a layout from elsewhere is read with distrust", () => {
  const panels = [makePanel("p1", [{ ...level, key: everyKey }], { settings: { fixed: { from: 0, to: 1 } } }), makePanel("p2", [level], { kind: "table" })];
  equal(read(...written(panels)), panels);
  equal(read({ series: [], scale: 3, fixed: { from: "x" }, title: {}, width: -1 }), [makePanel("p1", [])]);
  const fails = (json: unknown) => {
    try {
      readLayout(json, panelKinds);
      return "";
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
  };
  equal(fails(null), "this is no layout");
  equal(fails({ version: 2, panels: [] }), "layouts of version 2 are not known here");
  equal(fails({ version: 1 }), "the layout has no panels");
  equal(fails(layoutOf(5)), "panel 1 is none");
  equal(fails(layoutOf({ series: [{ type: 1 }] })), "panel 1 names a series without type or field");
  equal(fails(layoutOf({ kind: "table" })), "panel 1 has no series");
});

test("a panel's own time is in the URL, and in no layout", () => {
  const [panel] = parse("chart!x=12.5~80:c/t//f");
  equal(panel?.range, { from: 12.5, to: 80 });
  equal(written([panel as Panel]), [{ kind: "chart", title: "", width: 1, height: 1, series: [level], scale: "linear", fixed: null }]);
});

test("each kind has a name of its own, and what it has to be set comes back from a URL and from a layout", () => {
  equal(new Set(panelKinds.map(({ name }) => name)).size, panelKinds.length);
  isTrue([usualKind, textKind].every((kind) => panelKinds.some(({ name }) => name === kind)), "the kinds that the page proposes are known");
  const settings = { scale: "log", fixed: { from: 1, to: 2 } };
  for (const { name, readMembers } of panelKinds) {
    const panel = makePanel("p1", [level], { kind: name, settings: readMembers(settings) });
    equal([parse(format([panel])), read(...written([panel]))], [[panel], [panel]]);
  }
  equal(chartSettings({ scale: "cubic", fixed: { from: 2, to: 2 } }), { scale: "linear", fixed: null });
});

// As a later version may have it.
const track = { kind: "track map", title: "Where", width: 2, height: 1, series: [[level]], style: { zoom: [1, "~;:!&#%"] } };

test("a panel of a kind that is not known is saved as it was", () => {
  equal(written(read(track)), [track]);
  equal(read(track).map(({ kind, title, width, series, foreign }) => [kind, title, width, series, foreign !== null]), [["track map", "Where", 2, [], true]]);
  // Whatever it has none of, also what this version would think odd.
  for (const odd of [{ kind: "x" }, { kind: "x", width: 9, title: 5, series: 0, id: "p7", range: [] }]) equal(written(read(odd)), [odd]);
});

test("what is done to a panel of a kind that is not known is saved with it", () => {
  const [panel] = read(track) as [Panel];
  equal(written([{ ...panel, title: "There", height: 3 }]), [{ ...track, title: "There", height: 3 }]);
  equal(written(parse(format([{ ...panel, title: "", width: 1 }]))), [{ ...track, title: "", width: 1 }]);
});

test("a panel of a kind that is not known goes through the URL", () => {
  equal(written(parse(format(read(track)))), [track]);
  const text = "track%20map!style=dark!w2!x=1~2!t=a%3Bb:c/t//f|c/t//g;chart:c/t//f";
  equal(parse(text).map(({ kind, width, range, title, series }) => [kind, width, range, title, series.length]),
    [["track map", 2, { from: 1, to: 2 }, "a;b", 0], ["chart", 1, null, "", 1]]);
  equal(format(parse(text)), text);
  // From there into a layout, and back.
  equal(format(read(...written(parse(text)))), text.replace("!x=1~2", ""));
});

test("the version that knows the kind finds all of it, whichever way it came", () => {
  const track: PanelCodec = {
    name: "track", readMembers: ({ zoom }) => ({ zoom }), writeMembers: (settings) => settings,
    readOptions: (options) => ({ zoom: Number(/^z(\d+)$/.exec(options.join())?.[1]) }), writeOptions: ({ zoom }) => [`z${String(zoom)}`],
  };
  const later = [...panelKinds, track];
  const panels = [makePanel("p1", [level], { kind: "track", settings: { zoom: 7 }, title: "a", width: 2 })];
  const byURL = parse(formatPanels(panels, later));
  const byLayout = read(...(writeLayout({ version: 1, axis: "frame", windowSeconds: 1, panels }, later) as { panels: unknown[] }).panels);
  for (const here of [byURL, byLayout]) {
    equal(here[0]?.foreign !== null, true);
    equal(parsePanels(format(here), later), panels);
    equal(readLayout(layoutOf(...written(here)), later).panels, panels);
  }
});

test("what a hostile layout says of a URL stays within its panel", () => {
  for (const fromURL of ["a:b;chart:c/t//f", "a:b&run=x", "none", "%:%", 5]) {
    const [panel, ...others] = parse(format(read({ kind: "x", fromURL })));
    equal([panel?.kind, others.length], ["x", 0]);
  }
  equal(parse("x!j=%7B:;chart!j=%5B%5D:c/t//f").map(({ kind, series }) => [kind, series.length]), [["x", 0], ["chart", 1]]);
});
