import { emptyQuery, formatListQuery, ListQuery, nextSort, parseListQuery, toggled } from "../../../web/src/pages/run-list/list-query";
import { ColumnId } from "../../../web/src/pages/run-list/run-columns";
import { frequentTags, listRows, matchesQuery, matchesSearch, mergeRuns, sortRuns, tagKeys } from "../../../web/src/pages/run-list/run-order";
import { rowByKey, scrollToShow, visibleRows } from "../../../web/src/pages/run-list/visible-rows";
import { readRunSummary, readStoredRun, RunSummary } from "../../../web/src/wire/run-types";
import { equal, isTrue, test } from "./harness";

function run(runId: string, more: object = {}): RunSummary {
  return readRunSummary({ runId, sourceId: "s", status: "completed", tags: { tyre: "soft" }, ...more });
}
const ids = (runs: readonly RunSummary[]) => runs.map(({ runId }) => runId);
const sorted = (runs: RunSummary[], column: ColumnId, isDescending = false) => ids(sortRuns(runs, { column, isDescending }, 0));

// Order

test("running first, then the newest, unknown age last", () => {
  const runs = [
    run("old", { created: "2026-01-01T00:00:00Z" }), run("unknown"), run("new", { created: "2026-02-01T00:00:00Z" }),
    run("early", { created: "2025-01-01T00:00:00Z", status: "running" }),
  ];
  equal(ids(sortRuns(runs, null, 0)), ["early", "new", "old", "unknown"]);
});

test("digits in names sort as numbers", () => equal(sorted([run("run-10"), run("run-9")], "run"), ["run-9", "run-10"]));
test("a run sorts by its name, if it has one", () => equal(sorted([run("a", { name: "z" }), run("b")], "run"), ["b", "a"]));
test("seeds of any size sort as numbers", () => {
  const runs = [run("a", { seed: "18446744073709551615" }), run("b", { seed: "9" }), run("c", { seed: "10" })];
  equal(sorted(runs, "seed", true), ["a", "c", "b"]);
});
test("what has no value comes last in both directions", () => {
  const runs = [run("none"), run("two", { engineVersion: "2" }), run("one", { engineVersion: "1" })];
  equal(sorted(runs, "version"), ["one", "two", "none"]);
  equal(sorted(runs, "version", true), ["two", "one", "none"]);
});
test("drops are what was refused and what was lost", () => {
  const runs = [run("a", { refused: 3, lost: 3 }), run("b", { refused: 5 }), run("c", { lost: 4 })];
  equal(sorted(runs, "drops", true), ["a", "b", "c"]);
});

test("what the collector says of a run wins over storage", () => {
  const stored = ["a", "b"].map((name) => readStoredRun({ run_id: name, source_id: "s", total_events: "7" }));
  const merged = mergeRuns([run("a", { status: "failed" })], stored);
  equal(merged.map((entry) => [entry.runId, entry.status]), [["a", "failed"], ["b", "running"]]);
});

test("a run that only storage knows has its tags, seed and frames", () => {
  const row = { run_id: "r", status: "completed", seed: "18446744073709551615", tags: '{"track":"wet"}', max_frame_index: "70" };
  const stored = readStoredRun(row);
  equal([stored.seed, stored.tags, stored.lastFrame], ["18446744073709551615", [["track", "wet"]], 70]);
  for (const tags of [undefined, "", "no json", "[1]", "null"]) equal(readStoredRun({ run_id: "r", tags }).tags, []);
});

// Filters

test("a search needs all its words", () => {
  const entry = run("Vehicle-7", { name: "Wet Track", note: "left wheel", seed: 99 });
  equal(["", "vehicle", "tyre=soft vehicle", "completed 7", "wet", "LEFT 99", "other"].map((search) => matchesSearch(entry, search)),
    [true, true, true, true, true, true, false]);
});
test("any of the statuses, all of the tags", () => {
  const entry = run("r", { status: "failed", tags: { a: "1", b: "2" } });
  const matches = (change: Partial<ListQuery>) => matchesQuery(entry, { ...emptyQuery, ...change });
  equal([matches({ statuses: ["failed", "running"] }), matches({ statuses: ["running"] })], [true, false]);
  equal([matches({ tags: ["a=1", "b=2"] }), matches({ tags: ["a=1", "b=1"] }), matches({ tags: ["a=1", "c=1"] })], [true, false, false]);
});

// Groups

const grouped = [run("x", { tags: { c: "10" } }), run("y", { tags: {} }), run("z", { tags: { c: "9" }, status: "running" })];
test("groups are sorted by value, runs without the tag last", () => {
  const rows = listRows(grouped, "c", new Set());
  equal(rows.map((row) => (row.kind === "group" ? `${row.title} ${row.count} ${row.running}` : row.run.runId)),
    ["c = 9 1 1", "z", "c = 10 1 0", "x", "without c 1 0", "y"]);
});
test("a closed group hides its runs", () => {
  const [first] = listRows(grouped, "c", new Set());
  const rows = listRows(grouped, "c", new Set([first?.key ?? ""]));
  equal(rows.slice(0, 2).map((row) => row.kind), ["group", "group"]);
});
test("no groups, no heads", () => equal(listRows(grouped, "", new Set()).map((row) => row.kind), ["run", "run", "run"]));
test("tags are offered, the most frequent first", () => {
  equal(tagKeys(grouped), ["c"]);
  equal(frequentTags([...grouped, run("w", { tags: { c: "9" } })], 1), ["c=9"]);
});

// URL

const queries: Partial<ListQuery>[] = [
  {}, { search: "a b&c=d" }, { statuses: ["running", "failed"] }, { tags: ["a=1", "key with = & more=ä"] },
  { sort: { column: "rate", isDescending: true } }, { sort: { column: "run", isDescending: false } }, { group: "campaign & co" },
  { search: "x", statuses: ["cancelled"], tags: ["k="], sort: { column: "drops", isDescending: false }, group: "g" },
];
queries.forEach((change, index) => test(`the list's state survives the URL: ${index}`, () => {
  const query = { ...emptyQuery, ...change };
  equal(parseListQuery(formatListQuery(query)), query);
}));
test("the plain list has a plain URL", () => equal(formatListQuery(emptyQuery), ""));
test("a URL typed by hand breaks nothing", () => {
  for (const text of ["?status=flying,running,running", "?status=running&sort=nothing&tag=x&%E0%A4%A"]) {
    equal(parseListQuery(text), { ...emptyQuery, statuses: ["running"] });
  }
});
test("clicks on a title sort, turn round and end", () => {
  equal([nextSort(null, "rate"), nextSort({ column: "rate", isDescending: true }, "rate"), nextSort({ column: "rate", isDescending: false }, "rate")],
    [{ column: "rate", isDescending: true }, { column: "rate", isDescending: false }, null]);
  equal(nextSort({ column: "rate", isDescending: true }, "run"), { column: "run", isDescending: false });
});
test("toggled goes in and out", () => equal([toggled([1, 2], 2), toggled([1], 2)], [[1], [1, 2]]));

// Rows on the screen

test("only rows on the screen and a few more are shown", () => {
  for (const scrollTop of [0, 100, 179_000, 190_000]) {
    const { begin, end } = visibleRows(scrollTop, 700, 38, 5000);
    isTrue(end - begin <= 40 && begin >= 0 && end <= 5000, `${begin} … ${end}`);
    isTrue(begin * 38 <= scrollTop && (end * 38 >= scrollTop + 700 || end === 5000), `${scrollTop} is covered`);
  }
  equal(visibleRows(0, 700, 38, 0), { begin: 0, end: 0 });
  equal(visibleRows(5000, 700, 38, 3).end, 3);
});
test("a row is scrolled to only as far as needed", () => {
  equal([scrollToShow(5, 0, 380, 38), scrollToShow(10, 0, 380, 38), scrollToShow(2, 380, 380, 38)], [0, 38, 76]);
});
test("keys move within the list", () => {
  const keys = ["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End", "x"];
  equal(keys.map((key) => rowByKey(key, 50, 100, 20)), [51, 49, 70, 30, 0, 99, 50]);
  equal([rowByKey("ArrowUp", 0, 100, 20), rowByKey("PageDown", 95, 100, 20)], [0, 99]);
});
