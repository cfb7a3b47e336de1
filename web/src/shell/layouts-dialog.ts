// The dialog for layouts: saves what is on the page under a name, loads, deletes, exports and imports.

import { element } from "../base/dom";
import { formatBytes } from "../format/numbers";
import { formatExact, formatRelative } from "../format/times";
import {
  deleteLayout, fetchLayout, fetchLayouts, layoutFileName, layoutNameMax, parseLayoutFile, SavedLayout, saveLayout,
} from "../wire/layouts";
import { ApiError } from "../wire/http";
import { confirm } from "./confirm";
import { openDialog } from "./dialog";
import { notify, showError } from "./toasts";

export interface LayoutsOptions {
  /** What is on the page, as a JSON object. */
  current: () => unknown;
  /** Brings a layout onto the page. It may come from anywhere: fails with words for the user if it is none. */
  apply: (layout: unknown) => AppliedLayout;
}

/** What has become of a layout on the page. */
export interface AppliedLayout {
  /** What it shows and this page has not, by name. */
  missing: readonly string[];
  /** Brings back what was on the page before. */
  undo: () => void;
}

const missingNamed = 4;

/** What a layout shows and this page has not; "" if it has all of it. Pure. */
export function missingWords(missing: readonly string[]): string {
  if (missing.length === 0) return "";
  const named = missing.slice(0, missingNamed).join(", ");
  const more = missing.length > missingNamed ? ` and ${missing.length - missingNamed} more` : "";
  return `It also shows what this run has not: ${named}${more}.`;
}

export function openLayouts(options: LayoutsOptions): void {
  void new LayoutsDialog(options).load();
}

class LayoutsDialog {
  private saved: SavedLayout[] = [];
  private readonly name: HTMLInputElement;
  private readonly save = element("button", { type: "submit", class: "button", "data-testid": "layout-save" }, "Save");
  private readonly list = element("div", { class: "layout-list" });
  private readonly file: HTMLInputElement;
  private readonly dialog: HTMLDialogElement;

  constructor(private readonly options: LayoutsOptions) {
    this.name = element("input", {
      type: "text", required: true, maxlength: String(layoutNameMax), placeholder: "Name", "aria-label": "Name of the layout",
      autocomplete: "off", autofocus: true, "data-testid": "layout-name", input: () => this.nameButton(),
    });
    this.file = element("input", {
      type: "file", accept: ".json,application/json", hidden: true, "data-testid": "layout-file", change: () => void this.import(),
    });
    const form = element("form", { class: "layout-form" }, this.name, this.save);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.saveCurrent(this.name.value.trim());
    });
    this.list.append(element("p", { class: "dialog-note" }, "Asking …"));
    this.dialog = openDialog({
      title: "Layouts", testId: "layouts", className: "layouts",
      content: [
        form, this.list,
        element(
          "div", { class: "dialog-actions" }, this.file,
          element("button", { type: "button", class: "button", "data-testid": "layout-import", click: () => this.file.click() }, "Import from a file"),
          element("button", { type: "button", class: "button", "data-testid": "layout-export", click: () => this.export() }, "Export to a file"),
        ),
      ],
    });
  }

  async load(): Promise<void> {
    try {
      this.saved = await fetchLayouts();
      this.showList();
    } catch (error) {
      const isOff = error instanceof ApiError && error.code === "storage-off";
      if (!isOff) showError(error, "The layouts cannot be listed");
      const words = isOff ? "This collector keeps no layouts: they can be exported and imported only." : "The layouts cannot be listed.";
      this.list.replaceChildren(element("p", { class: "dialog-note" }, words));
      this.name.disabled = this.save.disabled = isOff;
    }
  }

  private showList(): void {
    this.nameButton();
    const rows = this.saved.map((layout) => element(
      "li", { "data-testid": "layout", "data-name": layout.name },
      element("span", { class: "layout-name" }, layout.name),
      element("span", { class: "dialog-note", title: formatExact(layout.savedMs) }, `${formatBytes(layout.bytes)}, ${formatRelative(layout.savedMs, Date.now())}`),
      this.rowButton(layout, "Load", () => this.loadSaved(layout.name)),
      this.rowButton(layout, "Delete", () => this.deleteSaved(layout.name)),
    ));
    this.list.replaceChildren(rows.length > 0
      ? element("ul", { "aria-label": "Saved layouts" }, ...rows)
      : element("p", { class: "dialog-note" }, "No layout has been saved yet."));
  }

  private rowButton({ name }: SavedLayout, word: string, act: () => Promise<void>): HTMLElement {
    return element("button", { type: "button", class: "button", "aria-label": `${word} ${name}`, click: () => void act() }, word);
  }

  private nameButton(): void {
    const isBlank = this.name.value !== "" && this.name.value.trim() === "";
    this.name.setCustomValidity(isBlank ? "A name has more than blanks." : "");
    const isThere = this.saved.some(({ name }) => name === this.name.value.trim());
    this.save.textContent = isThere ? "Replace" : "Save";
  }

  /** What others have saved since the list was shown counts, too. */
  private async saveCurrent(name: string): Promise<void> {
    if (name === "") return;
    await this.attempt(`The layout ${name} cannot be saved`, async () => {
      const known = (await fetchLayouts()).find((layout) => layout.name === name);
      if (known && !await askToReplace(known)) return;
      const before = known ? await fetchLayout(name) : null;
      await saveLayout(name, this.options.current());
      notify(`Layout ${name} ${known ? "replaced" : "saved"}`, known && { words: "Undo", run: () => void this.putBack(name, before) });
      this.name.value = "";
      await this.load();
    });
  }

  private async putBack(name: string, before: unknown): Promise<void> {
    await this.attempt(`The layout ${name} cannot be brought back`, async () => {
      await saveLayout(name, before);
      notify(`Layout ${name} is as it was`);
      if (this.dialog.open) await this.load();
    });
  }

  private async loadSaved(name: string): Promise<void> {
    await this.attempt(`The layout ${name} cannot be loaded`, async () => this.apply(name, await fetchLayout(name)));
  }

  private apply(name: string, layout: unknown): void {
    const { missing, undo } = this.options.apply(layout);
    this.dialog.close();
    notify([`Layout ${name} loaded.`, missingWords(missing)].filter(Boolean).join(" "), { words: "Undo", run: undo });
  }

  private async deleteSaved(name: string): Promise<void> {
    const content = [element("p", {}, `Nobody who uses this collector will find ${name} any more.`)];
    if (!await confirm({ title: `Delete the layout ${name}?`, content, action: "Delete" })) return;
    await this.attempt(`The layout ${name} cannot be deleted`, async () => {
      await deleteLayout(name);
      await this.load();
      this.name.focus();
    });
  }

  private export(): void {
    const text = `${JSON.stringify(this.options.current(), null, 2)}\n`;
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    element("a", { href: url, download: layoutFileName(this.name.value) }).click();
    // The browser has taken what it needs when the next task begins.
    window.setTimeout(() => URL.revokeObjectURL(url), 0);
  }

  private async import(): Promise<void> {
    const [file] = this.file.files ?? [];
    if (!file) return;
    await this.attempt(`${file.name} cannot be imported`, async () => this.apply(file.name, parseLayoutFile(await file.text())));
    // The same file, mended, can be chosen again.
    this.file.value = "";
  }

  private async attempt(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      showError(error, what);
    }
  }
}

function askToReplace({ name, savedMs }: SavedLayout): Promise<boolean> {
  const words = `It was saved ${formatRelative(savedMs, Date.now())}. Everybody who uses this collector gets the new one.`;
  return confirm({ title: `Replace the layout ${name}?`, content: [element("p", {}, words)], action: "Replace" });
}
