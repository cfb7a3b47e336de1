import { layoutBytesMax, layoutFileName, parseLayoutFile } from "../../../web/src/wire/layouts";
import { equal, isTrue, test } from "./harness";

function complaint(text: string): string {
  try {
    parseLayoutFile(text);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

test("a layout is read from a file", () => equal(parseLayoutFile('\n{"panels": [1]}'), { panels: [1] }));
test("a file that is no layout is refused with the reason", () => {
  isTrue(complaint("not json").startsWith("The file is no JSON: "), complaint("not json"));
  for (const text of ["[]", "null", "1", '"text"']) equal(complaint(text), "The file holds no JSON object.");
  isTrue(complaint(`{"a":"${"x".repeat(layoutBytesMax)}"}`).includes("256 KiB"), "too large");
});
test("a layout's name becomes a file's name", () => {
  equal(layoutFileName("Tyres & springs/2"), "Tyres-springs-2.teltel-layout.json");
  equal(layoutFileName("Räder_1.5"), "Räder_1.5.teltel-layout.json");
  equal(layoutFileName("../.."), "layout.teltel-layout.json");
  equal(layoutFileName(" "), "layout.teltel-layout.json");
});
