import { formatRunQuery, parseRoute, parseRunQuery, runPath } from "../../../web/src/pages/route";
import { Selection } from "../../../web/src/series/selection";
import { equal, test } from "./harness";

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
  const selection = Selection.fromText("c/t/%2A/f,c/t/*/g");
  const state = { sourceId: "a,b", selection, windowSeconds: 30, zoom: { from: 1.25, to: 2.5 } };
  const read = parseRunQuery(formatRunQuery(state));
  equal([read.sourceId, read.windowSeconds, read.zoom, read.selection?.toText()],
    ["a,b", 30, { from: 1.25, to: 2.5 }, selection.toText()]);
});

test("an empty choice differs from none", () => {
  const base = { sourceId: "", windowSeconds: 10, zoom: null };
  equal([null, new Selection()].map((selection) => formatRunQuery({ ...base, selection })), ["", "?series="]);
  equal([parseRunQuery("").selection, parseRunQuery("?series=").selection?.size], [null, 0]);
});

test("a URL written by hand cannot break the page", () => {
  const read = parseRunQuery("?window=7&from=5&to=2&source=%E0%A4%A&series&&=x");
  equal([read.windowSeconds, read.zoom, read.sourceId, read.selection], [10, null, "%E0%A4%A", null]);
});
