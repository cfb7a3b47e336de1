import { parseRoute, runPath } from "../../../web/src/pages/route";
import { panelKinds } from "../../../web/src/pages/run/panel-kinds";
import { formatRunQuery as format, parseRunQuery as parse, RunQuery } from "../../../web/src/pages/run/run-query";
import { parsePanels } from "../../../web/src/series/layout-codec";
import { equal, test } from "./harness";

const parseRunQuery = (query: string) => parse(query, panelKinds);
const formatRunQuery = (query: RunQuery) => format(query, panelKinds);

test("paths name pages", () => {
  equal(parseRoute("/", ""), { page: "list" });
  equal(parseRoute("/runs/a%2Fb%20%3Cimg%3E", "?source=x%26y"), { page: "run", runId: "a/b <img>", sourceId: "x&y" });
  for (const path of ["/runs/", "/runs", "/other", "/runs/%E0%A4%A"]) equal(parseRoute(path, ""), { page: "unknown" });
});

test("links lead to the run they were made for", () => {
  for (const runId of ["test 1", "a/b?c#d", "<img src=x onerror=alert(1)>", "100 %", "日本"]) {
    const url = new URL(runPath(runId, "s & t"), "http://localhost");
    equal(parseRoute(url.pathname, url.search), { page: "run", runId, sourceId: "s & t" });
  }
});

test("a page's state survives the URL", () => {
  const panels = parsePanels("chart!log!x=12.5~80:c/t/%2A/f,c/t/*/g;table:c/t//h", panelKinds);
  const state: RunQuery = {
    sourceId: "a,b", panels, axis: "simTime" as const, isAxisChosen: true, windowSeconds: 30, range: { from: 1.25, to: 2.5 }, cursors: [7, 9],
    sketch: "plant/tank//level",
  };
  equal(parseRunQuery(formatRunQuery(state)), state);
  equal([panels[0]?.range, panels[1]?.range], [{ from: 12.5, to: 80 }, null]);
  // Frames are what there is without a choice, and may be chosen where there are none.
  const base = parseRunQuery("");
  equal([formatRunQuery(base), formatRunQuery({ ...base, isAxisChosen: true })], ["", "?axis=frame"]);
});

test("a stretch is written in short numbers that move nothing", () => {
  const base = parseRunQuery("");
  const text = (from: number, to: number) => formatRunQuery({ ...base, range: { from, to } });
  equal(text(585.3559999999999, 785.3559999999999), "?from=585.356&to=785.356");
  equal(text(0.1 + 0.2, 0.7), "?from=0.3&to=0.7");
  equal(text(12345.678, 9_012_345.678), "?from=12346&to=9012346");
  equal(text(1_700_000_000_000.25, 1_700_000_000_001.5), "?from=1700000000000.25&to=1700000000001.5");
  equal(text(1e-7, 3e-7), "?from=1e-7&to=3e-7");
});

test("an empty choice differs from none", () => {
  const base = parseRunQuery("");
  equal([null, []].map((panels) => formatRunQuery({ ...base, panels })), ["", "?panels="]);
  equal([parseRunQuery("").panels, parseRunQuery("?panels=").panels], [null, []]);
});

test("a URL written by hand cannot break the page", () => {
  const read = parseRunQuery("?window=7&from=5&to=2&source=%E0%A4%A&series&&=x&cursor=-1&cursor2=x&axis=y");
  equal([read.windowSeconds, read.range, read.sourceId, read.panels, read.cursors, read.axis],
    [10, null, "%E0%A4%A", null, [null, null], "frame"]);
});
