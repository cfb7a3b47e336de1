import { middleParts } from "../../../web/src/base/middle-text";
import { emptyQuery, filterWords, formatListQuery, ListQuery, nextSort, parseListQuery, toggled } from "../../../web/src/pages/run-list/list-query";
import { columnWidths, tagRoom } from "../../../web/src/pages/run-list/column-widths";
import { ColumnId, findColumn, parseColumns, RunColumn, shownColumns, usualColumns } from "../../../web/src/pages/run-list/run-columns";
import { frequentTags, listRows, matchesQuery, matchesSearch, mergeRuns, sortRuns, tagKeys } from "../../../web/src/pages/run-list/run-order";
import { rowByKey, RowPlaces } from "../../../web/src/pages/run-list/row-places";
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
  equal(rows.map((row) => (row.kind === "group" ? `${row.title} ${row.count} ${row.byStatus.running}` : row.run.runId)),
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

test("what keeps runs out is said", () => {
  equal(filterWords({ ...emptyQuery, search: " wet ", statuses: ["failed", "running"], tags: ["a=1"] }),
    ["Search: wet", "Status: failed or running", "Tag: a=1"]);
  equal(filterWords(emptyQuery), []);
});

// Names

test("a name is cut in its middle: what tells it apart stays", () => {
  equal(middleParts("ci/nightly/2026-11-18/job-10057"), ["ci/nightly/2026-11-18", "/job-10057"]);
  equal(middleParts("0123456789abcdef-0123456789abcdef"), ["0123456789abcdef-01234567", "89abcdef"]);
  equal(middleParts("short/name"), ["short/name", ""]);
});
test("of a tag the value stays", () => equal(middleParts("machine=bench-07", 10), ["machine=", "bench-07"]));
test("no character is cut in two", () => {
  const [head, tail] = middleParts("🚗".repeat(20));
  equal([[...head].length, [...tail].length], [12, 8]);
});
test("the parts of a name make the name", () => {
  for (const name of ["a/".repeat(40), `${"x".repeat(30)}/`, `/${"y".repeat(60)}`, "e\u0301".repeat(20)]) equal(middleParts(name).join(""), name);
});

// Columns

const measured = (id: ColumnId, textWidth: number) => ({ column: findColumn(id) as RunColumn, textWidth, titleWidth: 30 });
test("columns are as wide as their widest text; what is left goes to the tags", () => {
  equal(columnWidths([measured("run", 300), measured("tags", 200), measured("frames", 80), measured("seed", 10)], 1000), [316, 528, 96, 60]);
});
test("what is missing is taken from names and tags, and from nothing else", () => {
  const [run, tags, frames] = columnWidths([measured("run", 400), measured("tags", 400), measured("frames", 80)], 600);
  equal([run, tags, frames], [252, 252, 96]);
  equal(columnWidths([measured("run", 300), measured("tags", 900), measured("frames", 80)], 600), [252, 252, 96]);
});
test("where there is no room at all the table is wider than its place", () => {
  equal(columnWidths([measured("run", 400), measured("tags", 400), measured("frames", 280)], 300), [200, 150, 296]);
});
test("long tags are shortened, short ones stay whole; a word stands for what has no room", () => {
  const room = { gap: 4, least: 60, more: 30 };
  equal(tagRoom([100, 100], 204, room), { count: 2, widthMax: Infinity });
  equal(tagRoom([40, 200, 200], 248, room), { count: 3, widthMax: 100 });
  equal(tagRoom([100, 100, 100], 166, room), { count: 2, widthMax: 64 });
  equal(tagRoom([100], 10, room), { count: 1, widthMax: 10 });
  equal(tagRoom([], 10, room), { count: 0, widthMax: 0 });
});
test("columns are chosen; the name is always there, and what is sorted by", () => {
  equal(shownColumns(["seed", "status"], "size").map(({ id }) => id), ["status", "run", "seed", "size"]);
  equal([parseColumns("size,nothing,run"), parseColumns("nothing"), parseColumns(usualColumns.join(","))], [["run", "size"], null, [...usualColumns]]);
});

// Rows on the screen

const even = (count: number) => new RowPlaces(Array.from({ length: count }, () => 38));
test("only rows on the screen and a few more are shown", () => {
  for (const scrollTop of [0, 100, 179_000, 190_000]) {
    const { begin, end } = even(5000).visible(scrollTop, 700);
    isTrue(end - begin <= 40 && begin >= 0 && end <= 5000, `${begin} … ${end}`);
    isTrue(begin * 38 <= scrollTop && (end * 38 >= scrollTop + 700 || end === 5000), `${scrollTop} is covered`);
  }
  equal(even(0).visible(0, 700), { begin: 0, end: 0 });
  equal(even(3).visible(5000, 700).end, 3);
});
test("rows of several heights lie one below the other", () => {
  const places = new RowPlaces([10, 30, 10]);
  equal([places.top(0), places.top(2), places.height(1), places.totalHeight], [0, 40, 30, 50]);
  equal([0, 9, 10, 39, 40, 49, 50, 900].map((y) => places.rowAt(y)), [0, 0, 1, 1, 2, 2, 2, 2]);
  equal(new RowPlaces([]).rowAt(5), -1);
});
test("a row is scrolled to only as far as needed", () => {
  const places = even(20);
  equal([places.scrollToShow(5, 0, 380), places.scrollToShow(10, 0, 380), places.scrollToShow(2, 380, 380)], [0, 38, 76]);
});
test("keys move within the list", () => {
  const keys = ["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End", "x"];
  equal(keys.map((key) => rowByKey(key, 50, 100, 20)), [51, 49, 70, 30, 0, 99, 50]);
  equal([rowByKey("ArrowUp", 0, 100, 20), rowByKey("PageDown", 95, 100, 20)], [0, 99]);
});
