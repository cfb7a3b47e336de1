// How wide texts are, as the style sheet writes them: what is not known yet is laid out once, out of sight, all of it together.

import { element } from "../../base/dom";
import { widthPattern } from "./column-widths";

export class TextRuler {
  private readonly known = new Map<string, number>();
  private readonly place = element("div", { class: "text-ruler", "aria-hidden": "true" });

  /** @param className of what the texts stand in; @param host in which they are written */
  constructor(private readonly host: HTMLElement, private readonly className: string) {}

  /** Fonts have changed. */
  forget(): void {
    this.known.clear();
  }

  /** Learns the widths of many texts at once, which costs one layout. */
  prepare(texts: readonly string[]): void {
    const patterns = [...new Set(texts.map(widthPattern))].filter((pattern) => !this.known.has(pattern));
    if (patterns.length === 0 || !this.host.isConnected) return;
    const spans = patterns.map((pattern) => element("span", { class: this.className }, pattern));
    this.place.replaceChildren(...spans);
    this.host.append(this.place);
    spans.forEach((span, place) => this.known.set(patterns[place] as string, span.getBoundingClientRect().width));
    this.place.remove();
  }

  /** 0 for what nobody has prepared, or while nothing is on the screen. */
  width(text: string): number {
    return this.known.get(widthPattern(text)) ?? 0;
  }

  widest(texts: readonly string[]): number {
    return texts.reduce((width, text) => Math.max(width, this.width(text)), 0);
  }
}
