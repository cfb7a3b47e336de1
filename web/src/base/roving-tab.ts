// One stop for the Tab key among many things of one kind; arrow keys lead from one to the next, as the ARIA practices have it for
// composite widgets (https://www.w3.org/WAI/ARIA/apg/practices/keyboard-interface/#kbd_roving_tabindex).

export class RovingTab {
  private current: HTMLElement | null = null;

  /** @param selector of what can be stepped on, within `root` */
  constructor(private readonly root: HTMLElement, private readonly selector: string) {
    root.addEventListener("focusin", (event) => {
      if (event.target instanceof HTMLElement && event.target.matches(selector)) this.stopAt(event.target);
    });
    root.addEventListener("keydown", (event) => this.step(event));
    // What is opened or closed changes what there is to step on.
    root.addEventListener("toggle", () => this.refresh(), true);
  }

  /** To be told when something has come or gone. */
  refresh(): void {
    const items = this.items();
    const current = this.current && items.includes(this.current) ? this.current : items[0] ?? null;
    for (const item of items) item.tabIndex = item === current ? 0 : -1;
    this.current = current;
  }

  private items(): HTMLElement[] {
    // What lies in a closed branch is not to be seen.
    return [...this.root.querySelectorAll<HTMLElement>(this.selector)].filter((item) => !item.closest("details:not([open]) > :not(summary)"));
  }

  private stopAt(item: HTMLElement): void {
    if (this.current && this.current !== item) this.current.tabIndex = -1;
    item.tabIndex = 0;
    this.current = item;
  }

  private step(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const items = this.items();
    const place = items.indexOf(event.target as HTMLElement);
    if (place < 0) return;
    const item = event.target as HTMLElement;
    const branch = item.parentElement instanceof HTMLDetailsElement && item.matches("summary") ? item.parentElement : null;
    const target = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: items.length - 1 }[event.key];
    if (target !== undefined) items[Math.max(0, Math.min(items.length - 1, target))]?.focus();
    else if (event.key === "ArrowRight" && branch?.open) items[place + 1]?.focus();
    else if (event.key === "ArrowRight" && branch) item.click();
    else if (event.key === "ArrowLeft" && branch?.open) item.click();
    else if (event.key === "ArrowLeft") (branch ?? item).parentElement?.closest("details")?.querySelector("summary")?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
