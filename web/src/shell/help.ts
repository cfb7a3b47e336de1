// The list of all keys that work on the page shown.

import { element } from "../base/dom";
import { bySection } from "./command-search";
import { enabledCommands } from "./commands";
import { openDialog } from "./dialog";
import { keyCapsOf } from "./key-caps";

export function openHelp(): void {
  const sections = bySection(enabledCommands().filter(({ keys }) => keys && keys.length > 0));
  openDialog({
    title: "Keys", testId: "help", className: "help",
    content: [element("div", { class: "help-sections" }, ...sections.map(([section, commands]) => element(
      "section", {}, element("h3", {}, section),
      element("dl", {}, ...commands.map(({ id, title, keys }) => element(
        "div", { "data-command": id }, element("dt", {}, title), element("dd", {}, keyCapsOf(keys ?? [])),
      ))),
    )))],
  });
}
