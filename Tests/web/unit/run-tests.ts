import { matchesSearch, mergeRuns, sortRuns } from "../../../web/src/pages/run-list/run-order";
import { bytesBehind } from "../../../web/src/pages/run/run-head";
import { readRunDetail, readRunSummary, readStoredRun } from "../../../web/src/wire/run-types";
import { equal, test } from "./harness";

function run(runId: string, created: string, status = "completed") {
  return readRunSummary({ runId, sourceId: "s", created, status, tags: { tyre: "soft" } });
}

test("running first, then the newest, unknown age last", () => {
  const runs = [
    run("old", "2026-01-01T00:00:00Z"), run("unknown", ""), run("new", "2026-02-01T00:00:00Z"),
    run("early", "2025-01-01T00:00:00Z", "running"),
  ];
  equal(sortRuns(runs).map((entry) => entry.runId), ["early", "new", "old", "unknown"]);
});

test("what the collector says of a run wins over storage", () => {
  const stored = ["a", "b"].map((name) => readStoredRun({ run_id: name, source_id: "s", total_events: "7" }));
  const merged = mergeRuns([run("a", "2026-01-01T00:00:00Z", "running")], stored);
  equal(merged.map((entry) => [entry.runId, entry.status]), [["a", "running"], ["b", "running"]]);
});

test("a search needs all its words", () => {
  const entry = run("Vehicle-7", "");
  equal(["", "vehicle", "tyre=soft vehicle", "completed 7", "other"].map((search) => matchesSearch(entry, search)),
    [true, true, true, true, false]);
});

test("a description with holes or rubbish reads as zeros and empty lists", () => {
  for (const json of [null, 5, [], {}, { tags: 3, types: "x", writers: [1], refusedByReason: [] }]) {
    const detail = readRunDetail(json);
    equal([detail.runId, detail.accepted, detail.types, detail.writers, detail.refusedByReason], ["", 0, [], [], []]);
    equal([detail.rejectedByCode, detail.rejectedLines], [[], []]);
  }
});

test("numbers may be quoted, seeds may be numbers", () => {
  const refusedByReason = { full: "3", size: 0 };
  const detail = readRunDetail({ runId: "r", accepted: "18446744073709551615", seed: 7, refusedByReason });
  equal([detail.accepted > 1e19, detail.seed, detail.refusedByReason], [true, "7", [["full", 3]]]);
});

test("how far storage is behind adds up over the writers", () => {
  const detail = readRunDetail({ writers: [{ head: 100, live: 100, stored: 40 }, { head: 50, live: 60, stored: 50 }] });
  equal([bytesBehind(detail.writers, "live"), bytesBehind(detail.writers, "stored")], [0, 60]);
});
