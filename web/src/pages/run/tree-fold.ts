// Whether the tree of channels is there: on a wide screen beside the charts, folded away if the user wants the room (kept in this
// browser); on a phone as a sheet that comes up from the bottom.

import { element, icon, setAttribute } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";

const storageKey = "teltel-tree";
const narrow = "(max-width: 760px)";
const shape = "M2.5 3.5h11M6 8h7.5M6 12.5h7.5M2.8 3.5v9H6M2.8 8H6";

export class TreeFold {
  /** Opens the tree, and closes it. */
  readonly button: HTMLButtonElement;
  private isFolded = readFolded();
  private isSheetOpen = false;
  private readonly screen = window.matchMedia(narrow);

  constructor(private readonly body: HTMLElement, tree: HTMLElement, lifetime: Lifetime) {
    this.button = element("button", { type: "button", class: "tree-button button", "data-testid": "tree-button", click: () => this.toggle() },
      icon(shape), element("span", {}, "Channels"));
    tree.id = "channels";
    setAttribute(this.button, "aria-controls", tree.id);
    const show = () => this.show();
    this.screen.addEventListener("change", show);
    lifetime.add(() => this.screen.removeEventListener("change", show));
    // A touch beside the sheet is meant for what lies there.
    lifetime.listen("pointerdown", (event) => {
      if (!this.isSheetOpen || !(event.target instanceof Node) || tree.contains(event.target) || this.button.contains(event.target)) return;
      this.isSheetOpen = false;
      this.show();
    });
    this.show();
  }

  toggle(): void {
    this.set(!this.isOpen);
  }

  open(): void {
    if (!this.isOpen) this.set(true);
  }

  get isOpen(): boolean {
    return this.screen.matches ? this.isSheetOpen : !this.isFolded;
  }

  private set(isOpen: boolean): void {
    if (this.screen.matches) {
      this.isSheetOpen = isOpen;
    } else {
      this.isFolded = !isOpen;
      keepFolded(this.isFolded);
    }
    this.show();
  }

  private show(): void {
    const { isOpen } = this;
    this.body.classList.toggle("is-tree-open", isOpen);
    setAttribute(this.button, "aria-expanded", String(isOpen));
    setAttribute(this.button, "title", `${isOpen ? "Fold" : "Show"} the channels (t)`);
  }
}

function readFolded(): boolean {
  try {
    return localStorage.getItem(storageKey) === "folded";
  } catch {
    // The browser keeps nothing for this page.
    return false;
  }
}

function keepFolded(isFolded: boolean): void {
  try {
    localStorage.setItem(storageKey, isFolded ? "folded" : "open");
  } catch {
    // It then holds for this page alone.
  }
}
