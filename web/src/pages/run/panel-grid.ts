// All panels of a run, drawn together once per animation frame: only those in sight, and only if something has changed.

import { oncePerFrame } from "../../base/coalesce";
import { element } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { groupIntoPanels, Panel } from "../../series/panels";
import { Selection } from "../../series/selection";
import { PanelCard } from "./panel-card";
import { RunSession } from "./run-session";
import { SqlDialog } from "./sql-dialog";

/** Drawing takes at most one part in so many of the page's time; on a slow machine charts move less often instead. */
const restPerWork = 3;

export class PanelGrid {
  readonly element = element("div", { class: "panel-grid", "data-testid": "panels" });
  private readonly cards = new Map<string, PanelCard>();
  private readonly cardOf = new Map<Element, PanelCard>();
  private readonly sight: IntersectionObserver;
  private readonly size: ResizeObserver;
  private readonly dialog: SqlDialog;
  private readonly empty = element(
    "div", { class: "message" }, element("p", {}, "No series chosen. Tick fields on the left to draw them."),
  );

  constructor(private readonly session: RunSession, lifetime: Lifetime) {
    this.dialog = new SqlDialog(session);
    this.sight = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const card = this.cardOf.get(entry.target);
        if (card) card.isVisible = entry.isIntersecting;
      }
    }, { rootMargin: "100px" });
    this.size = new ResizeObserver((entries) => {
      for (const entry of entries) this.cardOf.get(entry.target)?.resize();
    });
    const arrange = oncePerFrame(() => this.arrange());
    lifetime.add(session.selection.subscribe(arrange));
    lifetime.add(session.catalogue.version.subscribe(arrange));
    lifetime.add(session.windowSeconds.subscribe(() => this.forgetRanges()));
    lifetime.add(session.zoom.subscribe(() => this.forgetRanges()));
    lifetime.add(() => this.destroy());
    this.drawForever(lifetime);
  }

  private drawForever(lifetime: Lifetime): void {
    let restUntil = 0;
    const step = (now: number) => {
      if (lifetime.isOver) return;
      if (now >= restUntil) {
        const start = performance.now();
        const view = this.session.view;
        for (const card of this.cards.values()) if (card.isVisible) card.draw(view, now);
        const work = performance.now() - start;
        restUntil = now + work * restPerWork;
      }
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  private arrange(): void {
    const panels = groupIntoPanels(this.session.selection.value, this.session.catalogue);
    const wanted = new Set(panels.map((panel) => panel.id));
    for (const [id, card] of this.cards) if (!wanted.has(id)) this.remove(id, card);
    panels.forEach((panel, place) => {
      const known = this.cards.get(panel.id);
      if (known) known.update(panel);
      const card = known ?? this.add(panel);
      const there = this.element.children[place];
      if (there !== card.element) this.element.insertBefore(card.element, there ?? null);
    });
    if (panels.length > 0) this.empty.remove();
    else this.element.append(this.empty);
  }

  private add(panel: Panel): PanelCard {
    const card = new PanelCard(this.session, panel, {
      onRemove: (removed) => this.takeOut(removed),
      onSql: (asked) => void this.dialog.open(asked),
    });
    this.cards.set(panel.id, card);
    this.cardOf.set(card.element, card);
    this.sight.observe(card.element);
    this.size.observe(card.element);
    return card;
  }

  private remove(id: string, card: PanelCard): void {
    this.sight.unobserve(card.element);
    this.size.unobserve(card.element);
    this.cardOf.delete(card.element);
    this.cards.delete(id);
    card.destroy();
  }

  private takeOut(panel: Panel): void {
    let selection: Selection = this.session.selection.value;
    for (const series of panel.series) selection = selection.without(series);
    this.session.choose(selection);
  }

  private forgetRanges(): void {
    for (const card of this.cards.values()) card.forgetRange();
  }

  private destroy(): void {
    for (const [id, card] of [...this.cards]) this.remove(id, card);
    this.sight.disconnect();
    this.size.disconnect();
    this.dialog.close();
  }
}
