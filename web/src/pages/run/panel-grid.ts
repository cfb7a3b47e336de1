// All panels of a run: their places, and what can be done to them.

import { oncePerFrame } from "../../base/coalesce";
import { element, setText } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { isDrawable, isText } from "../../data/catalogue";
import { FrameAnswer, PanelRequest } from "../../protocol/protocol";
import { parseSeriesId, SeriesId } from "../../protocol/series-id";
import { freePanelId, makePanel, movePanel, Panel, replacePanel } from "../../series/layout";
import { isShown } from "../../series/presets";
import { isStorageOff } from "../../wire/readiness";
import { acceptDrops } from "./drag-and-drop";
import { PanelCard } from "./panel-card";
import { openPanelSettings } from "./panel-settings";
import { openRequests } from "./request-dialog";
import { removePanel } from "./run-layouts";
import { RunSession } from "./run-session";

export class PanelGrid {
  readonly element = element("div", { class: "panel-grid", "data-testid": "panels" });
  private readonly cards = new Map<string, PanelCard>();
  private readonly cardOf = new Map<Element, PanelCard>();
  /** Panels fill the window: while something is dragged there is a place that is none of them. */
  private readonly dropPlace = element("div", { class: "drop-place", "data-testid": "drop-place" }, "Drop here for a new panel");
  /** The panel that is to be brought into view once it has its place; "": none. */
  private wantedInView = "";
  private readonly sight: IntersectionObserver;
  private readonly arrangeSoon: () => void;
  private readonly size: ResizeObserver;
  private readonly emptyWords = element("p");
  private readonly empty = element("div", { class: "message", "data-testid": "no-panels" }, this.emptyWords);

  /** @param onSight called when other panels are in sight, or have another size */
  constructor(private readonly session: RunSession, lifetime: Lifetime, private readonly onSight: () => void) {
    this.sight = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const card = this.cardOf.get(entry.target);
        if (card) card.isVisible = entry.isIntersecting;
      }
      this.onSight();
    }, { rootMargin: "100px" });
    this.size = new ResizeObserver((entries) => {
      for (const entry of entries) this.cardOf.get(entry.target)?.resize();
      this.onSight();
    });
    this.element.append(this.dropPlace);
    acceptDrops(this.element, { series: (text) => this.addPanel(readSeries(text)), panel: (id) => this.move(id, null) });
    this.arrangeSoon = oncePerFrame(() => this.arrange());
    lifetime.add(session.panels.subscribe(this.arrangeSoon));
    lifetime.add(session.catalogue.version.subscribe(this.arrangeSoon));
    lifetime.add(session.maximised.subscribe(this.arrangeSoon));
    lifetime.add(session.hasAskedForFields.subscribe(this.arrangeSoon));
    lifetime.add(() => this.destroy());
  }

  requests(): PanelRequest[] {
    const maximised = this.session.maximised.value;
    return [...this.cards].filter(([id, card]) => card.isVisible && (maximised === "" || id === maximised))
      .flatMap(([, card]) => card.request() ?? []);
  }

  draw(answer: FrameAnswer): void {
    const nowMs = performance.now();
    for (const panel of answer.panels) this.cards.get(panel.id)?.draw(panel, answer, nowMs);
  }

  /** The panel that keys act on: the one that was touched last, else the first. */
  get active(): PanelCard | undefined {
    return this.cards.get(this.session.activePanel.value) ?? this.cards.values().next().value;
  }

  addPanel(series: readonly SeriesId[], part: Partial<Panel> = {}): void {
    const panels = this.session.panels.value;
    const id = freePanelId(panels);
    this.session.maximised.value = "";
    this.session.choose([...panels, makePanel(id, series, part)]);
    this.session.activePanel.value = id;
    this.wantedInView = id;
  }

  /** Brings the panel that draws a series into view, and marks it for a moment. */
  reveal(series: SeriesId): void {
    this.wantedInView = this.session.panels.value.find((panel) => isShown([panel], series))?.id ?? "";
    this.arrangeSoon();
  }

  addSeries(id: string, series: readonly SeriesId[]): void {
    const panel = this.session.panels.value.find((candidate) => candidate.id === id);
    // What is put into a panel that nobody here can draw would not be seen.
    if (!panel || panel.foreign) {
      this.addPanel(series);
      return;
    }
    const known = new Set(panel.series.map((one) => JSON.stringify(one)));
    this.change(id, { series: [...panel.series, ...series.filter((one) => !known.has(JSON.stringify(one)))] });
  }

  change(id: string, change: Partial<Panel>): void {
    this.session.choose(replacePanel(this.session.panels.value, id, change));
  }

  move(id: string, before: string | null): void {
    this.session.choose(movePanel(this.session.panels.value, id, before));
  }

  remove(id: string): void {
    if (this.session.maximised.value === id) this.session.maximised.value = "";
    removePanel(this.session, id);
  }

  openSettings(id: string): void {
    const panel = this.session.panels.value.find((candidate) => candidate.id === id);
    const card = this.cards.get(id);
    if (panel && card) openPanelSettings(this.session, panel, card.element);
  }

  private arrange(): void {
    const panels = this.session.panels.value;
    const wanted = new Set(panels.map((panel) => panel.id));
    for (const [id, card] of [...this.cards]) if (!wanted.has(id)) this.drop(id, card);
    for (const columns of [2, 3]) {
      this.element.style.setProperty(`--columns-of-${columns}`, String(Math.min(columns, Math.max(1, cellsOf(panels, columns)))));
      this.element.style.setProperty(`--rows-of-${columns}`, String(Math.max(1, Math.ceil(cellsOf(panels, columns) / columns))));
    }
    const maximised = wanted.has(this.session.maximised.value) ? this.session.maximised.value : "";
    this.element.classList.toggle("has-maximised", maximised !== "");
    panels.forEach((panel, place) => {
      const known = this.cards.get(panel.id);
      if (known) known.update(panel);
      const card = known ?? this.add(panel);
      card.setMaximised(panel.id === maximised);
      const there = this.element.children[place];
      if (there !== card.element) this.element.insertBefore(card.element, there ?? null);
    });
    setText(this.emptyWords, this.whyEmpty());
    if (panels.length > 0) this.empty.remove();
    else this.element.append(this.empty);
    this.cards.get(this.wantedInView)?.showInView();
    this.wantedInView = "";
    this.onSight();
  }

  private whyEmpty(): string {
    const { catalogue, isRunning, hasAskedForFields } = this.session;
    const hasValues = catalogue.all().some(({ fields }) => [...fields.values()].some((field) => isDrawable(field) || isText(field)));
    if (hasValues) return "No panels. Tick channels in the tree, or drag them here.";
    if (isRunning) return "Waiting for the first event with values.";
    const isKnown = hasAskedForFields.value || isStorageOff() || catalogue.all().every(({ fields }) => fields.size > 0);
    return isKnown ? "This run has no values to draw." : "Loading …";
  }

  private add(panel: Panel): PanelCard {
    const card = new PanelCard(this.session, panel, {
      onChange: (id, change) => this.change(id, change),
      onRemove: (id) => this.remove(id),
      onSettings: (asked) => this.openSettings(asked.id),
      onRequests: (asked, shown) => void openRequests(this.session, asked, shown),
      onDropSeries: (id, text) => this.addSeries(id, readSeries(text)),
      onDropPanel: (id, dropped) => this.move(dropped, id),
    });
    this.cards.set(panel.id, card);
    this.cardOf.set(card.element, card);
    this.sight.observe(card.element);
    this.size.observe(card.element);
    return card;
  }

  private drop(id: string, card: PanelCard): void {
    this.sight.unobserve(card.element);
    this.size.unobserve(card.element);
    this.cardOf.delete(card.element);
    this.cards.delete(id);
    card.destroy();
  }

  private destroy(): void {
    for (const [id, card] of [...this.cards]) this.drop(id, card);
    this.sight.disconnect();
    this.size.disconnect();
  }
}

/** So many places of the grid the panels take: enough to give each row its share of the window. */
function cellsOf(panels: readonly Panel[], columns: number): number {
  return panels.reduce((sum, panel) => sum + Math.min(panel.width, columns) * panel.height, 0);
}

function readSeries(text: string): SeriesId[] {
  return text.split(",").map(parseSeriesId).filter((id): id is SeriesId => id !== undefined);
}
