// Where in the run one is: frame, simulated and wall time of the pointer, the cursors, and of the newest row. Always in sight.

import { element, setAttribute, setHidden, setText } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { formatCount } from "../../format/numbers";
import { formatClock, formatSimTime } from "../../format/times";
import { FrameAnswer, PlaceAnswer, Sample } from "../../protocol/protocol";
import { RunSession } from "./run-session";

type Item = "newest" | "pointer" | "first" | "second";
const titles: Record<Item, string> = { newest: "Newest", pointer: "Pointer", first: "Cursor 1", second: "Cursor 2" };
const shownWords = ". Legends, tables and numbers show the values of this frame";

export class Readout {
  readonly element: HTMLElement;
  private readonly items = new Map<Item, { item: HTMLElement; words: HTMLElement }>();
  private readonly difference = element("span", { class: "readout-item", "data-testid": "readout-difference", hidden: true });
  private readonly held = element("span", { class: "readout-held", "data-testid": "readout-held", role: "status" });

  constructor(private readonly session: RunSession, lifetime: Lifetime) {
    for (const name of Object.keys(titles) as Item[]) {
      const words = element("span");
      const item = element("span", { class: "readout-item", "data-testid": `readout-${name}`, hidden: true },
        element("span", { class: "readout-name" }, `${titles[name]}: `), words);
      this.items.set(name, { item, words });
    }
    this.element = element("div", { class: "readout", role: "group", "aria-label": "Where pointer and cursors are", "data-testid": "readout" },
      ...[...this.items.values()].map(({ item }) => item), this.difference, this.held);
    lifetime.add(session.answer.subscribe((answer) => {
      if (answer) this.draw(answer);
    }));
    for (const signal of [session.time.range, session.detail]) lifetime.add(signal.subscribe(() => this.sayHeld()));
  }

  private draw(answer: FrameAnswer): void {
    const [first, second] = [answer.cursors[0] ?? null, answer.cursors[1] ?? null];
    // Two cursors have columns of their own; one has its values where the pointer is not.
    const shown: Item | null = answer.hover ? (first && second ? null : "pointer") : first ? "first" : "newest";
    this.put("newest", answer.hover ? null : answer.newest, answer, shown);
    this.put("pointer", answer.hover, answer, shown);
    this.put("first", first, answer, shown);
    this.put("second", second, answer, shown);
    this.element.classList.toggle("has-two", first !== null && second !== null);
    setHidden(this.difference, !first || !second);
    if (first && second) {
      const [frames, seconds] = [second.frame - first.frame, second.simTime - first.simTime];
      const sign = frames < 0 ? "−" : "";
      setText(this.difference, `Δ ${sign}${formatCount(Math.abs(frames))} frames · ${formatSimTime(seconds).replace("-", "−")}`);
    }
  }

  private put(name: Item, place: PlaceAnswer | Sample | null, answer: FrameAnswer, shown: Item | null): void {
    const { item, words } = this.items.get(name) as { item: HTMLElement; words: HTMLElement };
    setHidden(item, place === null);
    if (!place) return;
    const isHole = "isHole" in place && place.isHole;
    // Between rows times are reckoned.
    const about = "isExact" in place && !place.isExact && Number.isFinite(place.simTime) ? "≈ " : "";
    const frame = answer.bestAxis === "frame" ? [formatCount(place.frame)] : [];
    const simTime = Number.isFinite(place.simTime) ? [about + formatSimTime(place.simTime)] : [];
    const wallTime = Number.isFinite(place.wallTime) ? [formatClock(place.wallTime)] : [];
    setText(words, [...frame, ...simTime, ...wallTime, ...(isHole ? ["no values"] : [])].join(" · "));
    item.classList.toggle("is-hole", isHole);
    item.classList.toggle("is-shown", name === shown);
    setAttribute(item, "title", `Frame, simulated time, wall time${name === shown ? shownWords : ""}`);
  }

  /** What is shown stands still although the run goes on: that is said, whatever it was that held it. */
  private sayHeld(): void {
    const isHeld = this.session.isRunning && this.session.time.range.value !== null;
    setText(this.held, isHeld ? "Paused, rows go on to come: Space follows again" : "");
  }
}
