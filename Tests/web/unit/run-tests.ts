import { bytesBehind } from "../../../web/src/pages/run/run-facts";
import { readRunDetail } from "../../../web/src/wire/run-types";
import { indentJson, parseExactJson } from "../../../web/src/wire/exact-json";
import { fillParameters } from "../../../web/src/wire/sql-text";
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

test("integers keep their digits, whatever else stands in the text", () => {
  const text = '{"seed":18446744073709551615,"low":-9223372036854775808,"f":0.1234567890123456789,"e":1e20,"s":"a \\" 12345678901234567890 \\\\","n":[9007199254740991,9007199254740993]}';
  equal(parseExactJson(text), {
    seed: "18446744073709551615", low: "-9223372036854775808", f: 0.1234567890123456789, e: 1e20, s: 'a " 12345678901234567890 \\',
    n: [9007199254740991, "9007199254740993"],
  });
  equal(readRunDetail(parseExactJson('{"seed":9007199254740993,"accepted":9007199254740993}')).seed, "9007199254740993");
});

test("parameters stand in their places, and nothing else is touched", () => {
  equal(fillParameters("SELECT `{run:String}`, '{run:String}\\'' FROM t WHERE r = {run:String} AND f BETWEEN {from:UInt64} AND {to:UInt64} {x:String}",
    { run: "it's a \\ b\n", from: "18446744073709551615", to: "1; DROP" }),
  "SELECT `{run:String}`, '{run:String}\\'' FROM t WHERE r = 'it\\'s a \\\\ b\\n' AND f BETWEEN 18446744073709551615 AND '1; DROP' {x:String}");
  // A number that is meant as text stays one.
  equal(fillParameters("{run:String}", { run: "7" }), "'7'");
});

test("a configuration is indented and nothing else is done to it", () => {
  equal(indentJson('{"a":18446744073709551615,"b":[1.0,-0.0,{}],"c":[],"d":{"e, :[":"x \\"{}"}}'),
    '{\n  "a": 18446744073709551615,\n  "b": [\n    1.0,\n    -0.0,\n    {}\n  ],\n  "c": [],\n  "d": {\n    "e, :[": "x \\"{}"\n  }\n}');
  equal([indentJson("plain: {text"), indentJson(" 7 "), indentJson("")], ["plain: {text", "7", ""]);
});

test("how far storage is behind adds up over the writers", () => {
  const detail = readRunDetail({ writers: [{ head: 100, live: 100, stored: 40 }, { head: 50, live: 60, stored: 50 }] });
  equal([bytesBehind(detail.writers, "live"), bytesBehind(detail.writers, "stored")], [0, 60]);
});
