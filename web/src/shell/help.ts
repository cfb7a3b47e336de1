// The list of all keys of the page shown, and of what mouse and fingers do there.

import { element } from "../base/dom";
import { bySection } from "./command-search";
import { allCommands, Command, describedGestures, Gesture, isEnabled } from "./commands";
import { openDialog } from "./dialog";
import { keyCapsOf } from "./key-caps";

export function openHelp(): void {
  const withKeys = allCommands().filter(({ keys }) => keys && keys.length > 0);
  const gestures = bySection(describedGestures());
  openDialog({
    title: "Keys and mouse", testId: "help", className: "help",
    content: [
      element("div", { class: "help-sections" }, ...bySection(withKeys).map(([name, commands]) => section(name, commands.map(keyRow)))),
      gestures.length > 0 && element("h3", { class: "help-mouse" }, "With the mouse and with fingers"),
      element("div", { class: "help-sections help-gestures" }, ...gestures.map(([name, members]) => section(name, members.map(gestureRow)))),
    ],
  });
}

function section(name: string, rows: HTMLElement[]): HTMLElement {
  return element("section", {}, element("h3", {}, name), element("dl", {}, ...rows));
}

/** Commands that cannot be run now are listed, too: who looks for a key wants to know when it works. */
function keyRow(command: Command): HTMLElement {
  const isOff = !isEnabled(command);
  return element(
    "div", { "data-command": command.id, class: isOff ? "help-off" : undefined },
    element("dt", {}, command.title, isOff && command.condition !== undefined && element("span", { class: "help-condition" }, ` (${command.condition})`)),
    element("dd", {}, keyCapsOf(command.keys ?? [])),
  );
}

function gestureRow({ gesture, title }: Gesture): HTMLElement {
  return element("div", { "data-gesture": gesture }, element("dt", {}, title), element("dd", {}, gesture));
}
