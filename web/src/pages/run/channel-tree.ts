// The tree of what a run offers: channel, type, instance, field. What is ticked is drawn; rows can be dragged to panels, or put
// into the active panel with Shift+Enter.

import { oncePerFrame } from "../../base/coalesce";
import { element } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { CatalogueType, isDrawable, isText, typeId } from "../../data/catalogue";
import { groupPrefix, keyName } from "../../series/names";
import { isShown, without, withSeries } from "../../series/presets";
import { everyKey, formatSeriesId, SeriesId } from "../../series/series-id";
import { FieldInfo } from "../../wire/run-types";
import { makeDraggable } from "./drag-and-drop";
import { RunSession } from "./run-session";

/** More types or instances than this are found by the search, not by reading. */
const typesShownMax = 200;
const keysShownMax = 32;

export class ChannelTree {
  readonly element: HTMLElement;
  private readonly list = element("div", { class: "tree-list" });
  private readonly search: HTMLInputElement;
  /** Opened or closed by the user; what is not in here is open if something in it is chosen. */
  private readonly openByUser = new Map<string, boolean>();
  private ticks: { input: HTMLInputElement; series: SeriesId[] }[] = [];

  /** @param addToActive puts series into the panel that was touched last */
  constructor(private readonly session: RunSession, lifetime: Lifetime, private readonly addToActive: (series: SeriesId[]) => void) {
    const render = oncePerFrame(() => this.render());
    this.search = element("input", {
      type: "search", placeholder: "Search fields", "aria-label": "Search fields", "data-testid": "tree-search", input: render,
    });
    this.element = element(
      "aside", { class: "tree card", "aria-label": "Channels", "data-testid": "tree" },
      element("div", { class: "tree-head" }, this.search), this.list,
    );
    lifetime.add(session.catalogue.version.subscribe(render));
    const tick = oncePerFrame(() => this.updateTicks());
    lifetime.add(session.panels.subscribe(tick));
  }

  focusSearch(): void {
    this.search.focus();
    this.search.select();
  }

  private get chosen(): SeriesId[] {
    return this.session.panels.value.flatMap((panel) => panel.series);
  }

  private render(): void {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["focus"] : undefined;
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    this.ticks = [];
    const channels = new Map<string, CatalogueType[]>();
    const types = this.session.catalogue.all().filter((type) => [...type.fields.values()].some(canBeShown));
    for (const type of types.slice(0, typesShownMax)) channels.set(type.channel, [...(channels.get(type.channel) ?? []), type]);
    const sections = [...channels].map(([channel, members]) => this.channelSection(channel, members, words));
    const shown = sections.filter((section): section is HTMLElement => section !== null);
    const nothing = types.length === 0 ? "No fields known yet." : "No field matches the search.";
    this.list.replaceChildren(...(shown.length > 0 ? shown : [element("p", { class: "tree-empty" }, nothing)]));
    if (types.length > typesShownMax) {
      this.list.append(element("p", { class: "tree-empty" }, `${types.length - typesShownMax} more types are not listed.`));
    }
    this.updateTicks();
    if (focused) this.list.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  private channelSection(channel: string, types: CatalogueType[], words: string[]): HTMLElement | null {
    const branches = types.map((type) => this.typeBranch(type, words)).filter((branch): branch is HTMLElement => branch !== null);
    if (branches.length === 0) return null;
    return element("section", {}, element("h3", { class: "tree-channel" }, channel || "no channel"), ...branches);
  }

  private typeBranch(type: CatalogueType, words: string[]): HTMLElement | null {
    const fields = [...type.fields.values()].filter(canBeShown)
      .filter((field) => matches(words, [type.channel, type.type, field.name, field.unit, ...type.keyFields]));
    if (fields.length === 0) return null;
    const id = typeId(type.channel, type.type);
    const isKeyed = type.keyFields.length > 0;
    const content = isKeyed ? this.instances(type, fields, words) : [this.fieldList(type, "", fields)];
    const isOpen = this.isOpen(id, words, () => this.chosen.some(
      (chosen) => chosen.channel === type.channel && chosen.type === type.type,
    ));
    return this.branch(id, type.type, isOpen, content, () => {
      if (isKeyed) this.session.openType(type.type);
    });
  }

  private instances(type: CatalogueType, fields: FieldInfo[], words: string[]): HTMLElement[] {
    const keys = [everyKey, ...type.keys.slice(0, keysShownMax)];
    const branches = keys.map((key) => {
      const id = JSON.stringify([type.channel, type.type, key]);
      const name = key === everyKey ? `every ${type.keyFields.join(", ")}` : keyName(type.keyFields, key);
      const isOpen = this.isOpen(id, key === everyKey ? words : [], () => this.chosen.some(
        (chosen) => chosen.channel === type.channel && chosen.type === type.type && chosen.key === key,
      ));
      return this.branch(id, name, isOpen, [this.fieldList(type, key, fields)], () => undefined);
    });
    const more = type.keys.length - keysShownMax;
    if (more > 0) branches.push(element("p", { class: "tree-empty" }, `${more} more instances are not listed.`));
    return branches;
  }

  private isOpen(id: string, words: string[], byDefault: () => boolean): boolean {
    return words.length > 0 || (this.openByUser.get(id) ?? byDefault());
  }

  private branch(id: string, name: string, isOpen: boolean, content: HTMLElement[], onOpen: () => void): HTMLElement {
    const summary = element("summary", { "data-focus": id }, name);
    summary.addEventListener("click", () => this.openByUser.set(id, !details.open));
    const details = element("details", { open: isOpen, "data-testid": "tree-branch", "data-name": name }, summary, ...content);
    details.addEventListener("toggle", () => {
      if (details.open) onOpen();
    });
    return details;
  }

  private fieldList(type: CatalogueType, key: string, fields: FieldInfo[]): HTMLElement {
    const groups = new Map<string, FieldInfo[]>();
    for (const field of fields) {
      const name = groupPrefix(field.name) || `field ${field.name}`;
      groups.set(name, [...(groups.get(name) ?? []), field]);
    }
    const seriesOf = (field: FieldInfo): SeriesId => ({ channel: type.channel, type: type.type, key, field: field.name });
    const rows = [...groups].map(([prefix, members]) => {
      const [first] = members as [FieldInfo, ...FieldInfo[]];
      if (members.length === 1) return element("li", {}, this.tick(first.name, isText(first) ? "text" : first.unit, [seriesOf(first)]));
      const inner = members.map((field) => this.tick(field.name.slice(prefix.length + 1), "", [seriesOf(field)]));
      const units = new Set(members.map((field) => field.unit));
      const unit = units.size === 1 ? first.unit : "";
      const all = this.tick(prefix, unit, members.map(seriesOf));
      return element("li", {}, all, element("div", { class: "members" }, ...inner));
    });
    return element("ul", { class: "fields" }, ...rows);
  }

  /** A checkbox for one series, or for several at once. */
  private tick(name: string, unit: string, series: SeriesId[]): HTMLElement {
    const id = series.map(formatSeriesId).join();
    const input: HTMLInputElement = element("input", {
      type: "checkbox", "data-testid": "field", "data-series": id, "data-focus": id,
      change: () => this.change(series, input.checked),
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      if (event.shiftKey) this.addToActive(series);
      else input.click();
    });
    this.ticks.push({ input, series });
    const label = element("label", { title: `${name}: drag it to a panel, or press Enter` }, input, element("span", {}, name),
      unit !== "" && element("span", { class: "unit" }, unit));
    makeDraggable(label, "series", () => id);
    return label;
  }

  private change(series: SeriesId[], isChosen: boolean): void {
    const { panels, catalogue } = this.session;
    this.session.choose(isChosen ? withSeries(panels.value, series, catalogue) : without(panels.value, series, catalogue));
  }

  private updateTicks(): void {
    const panels = this.session.panels.value;
    for (const { input, series } of this.ticks) {
      const chosen = series.filter((id) => isShown(panels, id)).length;
      input.checked = chosen === series.length;
      input.indeterminate = chosen > 0 && chosen < series.length;
    }
  }
}

function canBeShown(field: FieldInfo): boolean {
  return isDrawable(field) || isText(field);
}

function matches(words: string[], texts: string[]): boolean {
  const text = texts.join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}
