// One panel: its head with what can be done to it, and its content.

import { element, icon, setAttribute, setText } from "../../base/dom";
import { Hold } from "../../plot/pointer";
import { FrameAnswer, PanelAnswer, PanelRequest, Range } from "../../protocol/protocol";
import { Panel, spanMax } from "../../series/layout";
import { commonUnit, panelPath, panelTitle } from "../../series/names";
import { acceptDrops, makeDraggable } from "./drag-and-drop";
import { PanelContent } from "./panel-content";
import { PanelLook } from "./panel-kind";
import { lookOf } from "./panel-kinds";
import { RunSession } from "./run-session";
import { gripped, panned, zoomed } from "./time-view";

export interface PanelCardActions {
  onChange: (id: string, change: Partial<Panel>) => void;
  onRemove: (id: string) => void;
  onSettings: (panel: Panel) => void;
  onRequests: (panel: Panel, shown: Range | null) => void;
  onDropSeries: (id: string, text: string) => void;
  /** Another panel was dropped here: it comes before this one. */
  onDropPanel: (id: string, dropped: string) => void;
}

/** What is said about a panel changes so often at most. */
const describeMs = 100;
const maximiseShape = "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10";
const linkedShape = "M6.5 9.5l3-3M7 5l1.5-1.5a2.5 2.5 0 0 1 4 3.5L11 8.500M9 11l-1.500 1.500a2.5 2.5 0 0 1-4-3.500L5 7.500";

export class PanelCard {
  readonly element: HTMLElement;
  isVisible = true;
  private look: PanelLook;
  private content: PanelContent;
  private answer: PanelAnswer | null = null;
  private describedMs = 0;
  private describedLines = -1;
  private readonly title = element("h3", { "data-testid": "panel-title" });
  private readonly path = element("span", { class: "panel-path" });
  private readonly note = element("p", { class: "panel-note", role: "status", "data-testid": "panel-note" });
  private readonly link: HTMLButtonElement;
  private readonly sql: HTMLButtonElement;
  private readonly maximise: HTMLButtonElement;

  constructor(private readonly session: RunSession, private panel: Panel, private readonly actions: PanelCardActions) {
    this.link = this.button("panel-link", "Time linked with the other panels", [icon(linkedShape)], () => this.setLinked(!this.isLinked));
    this.maximise = this.button("panel-maximise", "Maximise this panel (m)", [icon(maximiseShape)], () => {
      session.maximised.value = session.maximised.value === this.panel.id ? "" : this.panel.id;
    });
    this.sql = this.button("panel-sql", "The queries and requests behind this panel", ["SQL"], () => {
      actions.onRequests(this.panel, this.answer?.range ?? null);
    });
    const head = element(
      "div", { class: "panel-head", draggable: "true" },
      this.title, this.path, element("span", { class: "spacer" }), this.link,
      this.sql,
      this.button("panel-settings", "Settings of this panel", ["⋯"], () => actions.onSettings(this.panel)),
      this.maximise,
      this.button("panel-remove", "Remove this panel", ["×"], () => actions.onRemove(this.panel.id)),
    );
    this.look = lookOf(panel);
    this.content = this.makeContent();
    const corner = element("div", { class: "panel-corner", title: "Drag to resize", "data-testid": "panel-corner" });
    this.element = element(
      "section", { class: "card panel", "data-testid": "panel", tabindex: "-1", focusin: () => this.activate(), pointerdown: () => this.activate() },
      head, this.content.element, this.note, corner,
    );
    this.listenToCorner(corner);
    makeDraggable(head, "panel", () => this.panel.id);
    acceptDrops(this.element, {
      series: (text) => actions.onDropSeries(this.panel.id, text),
      panel: (id) => actions.onDropPanel(this.panel.id, id),
    });
    this.update(panel);
  }

  update(panel: Panel): void {
    const hasChanged = panel.kind !== this.panel.kind;
    this.panel = panel;
    if (hasChanged) this.replaceContent();
    this.content.update(panel);
    const unit = commonUnit(panel, this.session.catalogue);
    const title = panelTitle(panel) || "Empty panel";
    this.title.replaceChildren(title, unit !== "" ? element("span", { class: "unit" }, unit) : "");
    setText(this.path, panelPath(panel));
    setAttribute(this.title, "title", title);
    setAttribute(this.path, "title", panelPath(panel));
    const types = new Set(panel.series.map((id) => id.type));
    setAttribute(this.element, "aria-label", `${[...types].join(", ")} ${title}`);
    setAttribute(this.element, "data-panel", `${types.size === 1 ? `${[...types][0]}/` : ""}${title}`);
    setAttribute(this.element, "data-kind", panel.kind);
    for (let span = 1; span <= spanMax; span += 1) {
      this.element.classList.toggle(`wide-${span}`, panel.width === span);
      this.element.classList.toggle(`tall-${span}`, panel.height === span);
    }
    this.link.hidden = !this.look.hasTime;
    this.showLink();
    const asksForNothing = this.request() === null;
    this.sql.hidden = asksForNothing;
    // Then no answer comes that would bring its words.
    if (asksForNothing) this.showNote(null);
  }

  /** Null: it needs nothing of the worker. */
  request(): PanelRequest | null {
    const question = this.look.ask(this.panel, this.content, this.session.catalogue);
    return question && { ...question, id: this.panel.id, range: this.panel.range };
  }

  draw(answer: PanelAnswer, frame: FrameAnswer, nowMs: number): void {
    this.answer = answer;
    this.content.draw(answer, frame, nowMs);
    if (nowMs < this.describedMs + describeMs && answer.lines.length === this.describedLines) return;
    this.describedMs = nowMs;
    this.describedLines = answer.lines.length;
    this.showNote(answer);
    const attributes = { rows: answer.rows, lines: answer.lines.length, from: answer.range?.from ?? "", to: answer.range?.to ?? "" };
    for (const [name, value] of Object.entries(attributes)) setAttribute(this.element, `data-${name}`, String(value));
  }

  /** The stretch that this panel shows; keys act on it. */
  get shown(): Range | null {
    return this.answer?.range ?? null;
  }

  /** Null: all of the run, or its newest rows. */
  showRange(range: Range | null): void {
    if (!this.isLinked) this.setOwn(range ?? this.session.time.limits ?? this.panel.range);
    else if (range) this.session.time.show(range);
    else this.session.follow();
  }

  zoom(shown: Range, at: number, factor: number): void {
    const { time } = this.session;
    if (this.isLinked) time.zoom(shown, at, factor);
    else this.setOwn(zoomed(shown, at, factor, time.axis.value, time.limits));
  }

  pan(shown: Range, share: number): void {
    const { time } = this.session;
    if (this.isLinked) time.pan(shown, share);
    else this.setOwn(panned(shown, share, time.limits));
  }

  /** A hand takes hold of what is shown. */
  hold(): Hold {
    const { session } = this;
    const { time } = session;
    const axis = time.axis.value;
    const end = session.holdGesture();
    let held = this.shown;
    let last = held;
    return {
      move: (grip) => {
        // Keys may have gone to another axis meanwhile.
        if (!held || time.axis.value !== axis) return;
        last = gripped(held, grip, axis, time.limits);
        if (this.isLinked) time.replace(last);
        else this.setOwn(last);
      },
      renew: () => { held = last; },
      end,
    };
  }

  setMaximised(isMaximised: boolean): void {
    setAttribute(this.maximise, "aria-pressed", String(isMaximised));
    this.element.classList.toggle("is-maximised", isMaximised);
  }

  resize(): void {
    this.content.resize();
  }

  /** What somebody has just asked for may lie below the fold: it comes into view, and is marked for a moment. */
  showInView(): void {
    this.element.scrollIntoView({ block: "nearest" });
    this.element.classList.remove("is-new");
    // A style that was read begins the mark anew.
    void this.element.offsetWidth;
    this.element.classList.add("is-new");
    this.element.addEventListener("animationend", () => this.element.classList.remove("is-new"), { once: true });
  }

  destroy(): void {
    this.content.destroy();
    this.element.remove();
  }

  private activate(): void {
    this.session.activePanel.value = this.panel.id;
  }

  private get isLinked(): boolean {
    return this.panel.range === null;
  }

  /** A panel of its own time keeps what it shows; one that is linked again goes back to the others. */
  private setLinked(isLinked: boolean): void {
    this.setOwn(isLinked ? null : this.answer?.range ?? null);
  }

  private setOwn(range: Range | null): void {
    this.actions.onChange(this.panel.id, { range });
  }

  private showLink(): void {
    setAttribute(this.link, "aria-pressed", String(this.isLinked));
    const words = this.isLinked ? "Time linked with the other panels" : "Time of its own: link it again";
    setAttribute(this.link, "aria-label", words);
    setAttribute(this.link, "title", words);
  }

  private makeContent(): PanelContent {
    return this.look.makeContent(this.session, this.panel, {
      onRange: (range) => this.showRange(range),
      onZoom: (shown, at, factor) => this.zoom(shown, at, factor),
      onPan: (shown, share) => this.pan(shown, share),
      onHold: () => this.hold(),
    });
  }

  private replaceContent(): void {
    const old = this.content;
    this.look = lookOf(this.panel);
    this.content = this.makeContent();
    old.element.replaceWith(this.content.element);
    old.destroy();
  }

  private button(testId: string, words: string, content: (Node | string)[], click: () => void): HTMLButtonElement {
    return element("button", {
      type: "button", class: "button-quiet", "data-testid": testId, "aria-label": words, title: words, click,
    }, ...content);
  }

  private showNote(answer: PanelAnswer | null): void {
    const notes: string[] = [];
    const isEmpty = !answer || answer.lines.length === 0;
    if (this.panel.series.length === 0) notes.push(this.look.emptyWords);
    else if (answer?.load.kind === "failed") notes.push([answer.load.message, answer.load.hint].filter(Boolean).join(": "));
    else if (isEmpty && answer?.load.kind === "loading") notes.push("Loading …");
    else if (isEmpty) {
      notes.push(this.session.data.allStored.value ? "Storage holds no values of these series." : "Waiting for data …");
    }
    if (answer && answer.hiddenLines > 0) notes.push(`${answer.hiddenLines} more lines are not drawn.`);
    if (answer && answer.lateRows > 0) notes.push("Some rows came far out of order and are not drawn.");
    setText(this.note, notes.join(" "));
    this.note.hidden = notes.length === 0;
    this.element.classList.toggle("is-empty", isEmpty);
  }

  /** Dragging the corner takes whole columns and rows of the grid. */
  private listenToCorner(corner: HTMLElement): void {
    corner.addEventListener("pointerdown", (down) => {
      down.preventDefault();
      corner.setPointerCapture(down.pointerId);
      const box = this.element.getBoundingClientRect();
      const [column, row] = [box.width / this.panel.width, box.height / this.panel.height];
      const move = (event: PointerEvent) => {
        const span = (size: number, unit: number) => Math.min(spanMax, Math.max(1, Math.round(size / unit)));
        const change = { width: span(event.clientX - box.left, column), height: span(event.clientY - box.top, row) };
        if (change.width !== this.panel.width || change.height !== this.panel.height) this.actions.onChange(this.panel.id, change);
      };
      corner.addEventListener("pointermove", move);
      corner.addEventListener("pointerup", () => corner.removeEventListener("pointermove", move), { once: true });
    });
  }
}
