import { readSeriesRows, valueColumn } from "../../../web/src/data/stored-series";
import { MemoryBudget } from "../../../web/src/data/stream";
import { equal, test } from "./harness";

function rows(lines: string[]): [string, number[]][] {
  return [...readSeriesRows(lines, new MemoryBudget(Infinity))].map(([key, stream]) => {
    const values: number[] = [];
    for (let row = 0; row < stream.nextRow; row += 1) values.push(stream.valueAt(row, stream.column(valueColumn)));
    return [key, values];
  });
}

test("rows without a key are one series; missing and non-finite values are kept apart", () => {
  equal(rows([
    '{"frame_index":"1","sim_time":0.1,"value":1.5}', '{"frame_index":2,"sim_time":0.2,"value":null}',
    '{"frame_index":3,"sim_time":0.3,"value":"NaN"}', '{"frame_index":4,"sim_time":0.4,"value":"-Infinity"}',
  ]), [["", [1.5, NaN, NaN, -Infinity]]]);
});

test("rows are told apart by their key", () => {
  equal(rows([
    '{"frame_index":1,"sim_time":0.1,"value":1,"key":0}', '{"frame_index":1,"sim_time":0.1,"value":2,"key":"1"}',
    '{"frame_index":2,"sim_time":0.2,"value":3,"key":0}',
  ]), [["0", [1, 3]], ["1", [2]]]);
});

test("an answer that was cut keeps its whole lines", () => {
  equal(rows(['{"frame_index":1,"sim_time":0.1,"value":1}', '{"frame_index":2,"sim_ti', "null", "7"]), [["", [1]]]);
});
