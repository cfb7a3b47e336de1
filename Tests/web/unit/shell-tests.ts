import { besideBox } from "../../../web/src/shell/beside";
import { searchCommands, bySection } from "../../../web/src/shell/command-search";
import { keyCaps, keyOfPress, keyOfText, KeyPress } from "../../../web/src/shell/keys";
import { equal, isTrue, test } from "./harness";

function press(key: string, held: Partial<KeyPress> = {}): string {
  return keyOfPress({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, isAltGraph: false, ...held });
}

test("a key press equals the text that names it", () => {
  equal(press("j"), keyOfText("j"));
  equal(press("k", { ctrlKey: true }), keyOfText("Ctrl+K"));
  equal(press("k", { metaKey: true }), keyOfText("Ctrl+K"));
  equal(press("ArrowLeft", { shiftKey: true }), keyOfText("Shift+ArrowLeft"));
  equal(press(" "), keyOfText("Space"));
  equal(press("+"), keyOfText("+"));
  equal(press("+", { ctrlKey: true }), keyOfText("Ctrl++"));
});

test("a key with a modifier is another key", () => {
  isTrue(press("j", { shiftKey: true }) !== keyOfText("j"), "Shift+J is not j");
  isTrue(press("ArrowLeft", { shiftKey: true }) !== keyOfText("ArrowLeft"), "Shift+ArrowLeft is not ArrowLeft");
  isTrue(press("k", { altKey: true }) !== keyOfText("k"), "Alt+K is not k");
});

test("caps lock does not change a key", () => equal(press("J"), keyOfText("j")));

test("a character counts, whatever the keyboard needs for it", () => {
  equal(press("?", { shiftKey: true }), keyOfText("?"));
  equal(press("/", { shiftKey: true }), keyOfText("/"));
  equal(press("[", { ctrlKey: true, altKey: true, isAltGraph: true }), keyOfText("["));
});

test("keys are shown as caps", () => {
  equal(keyCaps("Shift+ArrowLeft"), ["Shift", "←"]);
  equal(keyCaps("Ctrl+K"), ["Ctrl", "K"]);
  equal(keyCaps("Ctrl++"), ["Ctrl", "+"]);
  equal(keyCaps("?"), ["?"]);
});

const commands = [
  { title: "Pause and resume", section: "Time" },
  { title: "Go to all runs", section: "Everywhere" },
  { title: "Reset the zoom", section: "Time" },
];
const titles = (text: string) => searchCommands(commands, text).map(({ title }) => title);

test("an empty search finds all commands in their order", () => equal(titles("  "), commands.map(({ title }) => title)));
test("all words must occur, case and order do not matter", () => {
  equal(titles("RESUME pause"), ["Pause and resume"]);
  equal(titles("pause runs"), []);
});
test("a section finds its commands", () => equal(titles("time"), ["Pause and resume", "Reset the zoom"]));
test("letters with others between find a command", () => equal(titles("gtar"), ["Go to all runs"]));
test("a command that begins with the word comes first", () => equal(titles("res"), ["Reset the zoom", "Pause and resume"]));
test("sections keep their order", () => {
  equal(bySection(commands).map(([section, members]) => [section, members.length]), [["Time", 2], ["Everywhere", 1]]);
});

test("a dialog beside a box covers nothing of it as long as there is room", () => {
  const [dialog, screen] = [{ width: 400, height: 300 }, { width: 1280, height: 800 }];
  const overlaps = (box: { left: number; top: number; right: number; bottom: number }) => {
    const { left, top, height } = besideBox(box, dialog, screen);
    isTrue(left >= 0 && top >= 0 && left + dialog.width <= screen.width && top + height <= screen.height, "all of it is on the screen");
    return left < box.right && left + dialog.width > box.left && top < box.bottom && top + height > box.top;
  };
  const boxes = [[260, 180, 760, 480], [770, 180, 1260, 480], [260, 500, 1260, 780], [260, 120, 1260, 420], [770, 600, 1260, 900]];
  equal(boxes.map(([left = 0, top = 0, right = 0, bottom = 0]) => overlaps({ left, top, right, bottom })), boxes.map(() => false));
  // Of a panel that fills the window something has to be covered.
  equal(besideBox({ left: 0, top: 0, right: 1280, bottom: 800 }, dialog, screen).left, 1280 - 400 - 8);
});
