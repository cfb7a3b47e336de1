// The command palette: type a few letters, choose by arrow keys, Enter runs.

import { element, setAttribute } from "../base/dom";
import { searchCommands } from "./command-search";
import { Command, enabledCommands } from "./commands";
import { openDialog } from "./dialog";
import { keyCapsOf } from "./key-caps";

const listId = "palette-list";

export function openPalette(): void {
  new Palette();
}

class Palette {
  private readonly commands = enabledCommands().filter(({ run }) => run !== openPalette);
  private found: Command[] = [];
  private chosen = 0;
  private readonly list = element("ul", { id: listId, role: "listbox", "aria-label": "Commands" });
  private readonly nothing = element("p", { class: "palette-nothing", role: "status" });
  private readonly input: HTMLInputElement;
  private readonly dialog: HTMLDialogElement;

  constructor() {
    this.input = element("input", {
      type: "search", role: "combobox", placeholder: "Type a command", "aria-label": "Command", "aria-controls": listId,
      "aria-expanded": "true", "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false", autofocus: true,
      "data-testid": "palette-search", input: () => this.search(), keydown: (event) => this.press(event as KeyboardEvent),
    });
    this.dialog = openDialog({
      title: "Commands", testId: "palette", className: "palette", isBare: true, content: [this.input, this.list, this.nothing],
    });
    this.search();
  }

  private search(): void {
    this.found = searchCommands(this.commands, this.input.value);
    this.nothing.textContent = this.found.length === 0 ? "No command has these words." : "";
    this.list.replaceChildren(...this.found.map((command, place) => element(
      "li", {
        id: `${listId}-${place}`, role: "option", "data-command": command.id,
        // Before the click, which would take the focus out of the search.
        mousedown: (event) => event.preventDefault(), click: () => this.run(command), mousemove: () => this.choose(place),
      },
      element("span", {}, command.title), element("span", { class: "palette-section" }, command.section),
      command.keys && keyCapsOf(command.keys),
    )));
    this.choose(0);
  }

  private choose(place: number): void {
    this.chosen = place;
    [...this.list.children].forEach((option, index) => setAttribute(option, "aria-selected", String(index === place)));
    const option = this.list.children[place];
    this.input.setAttribute("aria-activedescendant", option?.id ?? "");
    option?.scrollIntoView({ block: "nearest" });
  }

  private press(event: KeyboardEvent): void {
    const count = this.found.length;
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    const step = moves[event.key];
    if (step !== undefined && count > 0) {
      // One step beyond an end goes round; a page stops there.
      const next = this.chosen + step;
      this.choose(Math.abs(step) === 1 ? (next + count) % count : Math.min(count - 1, Math.max(0, next)));
    } else if (event.key === "Enter") {
      const command = this.found[this.chosen];
      if (command) this.run(command);
    } else return;
    event.preventDefault();
  }

  /** The focus is back in its place before the command runs, which may want to move it. */
  private run(command: Command): void {
    this.dialog.close();
    command.run();
  }
}
