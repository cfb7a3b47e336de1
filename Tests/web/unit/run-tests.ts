import { bytesBehind } from "../../../web/src/pages/run/run-head";
import { readRunDetail } from "../../../web/src/wire/run-types";
import { equal, test } from "./harness";

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
