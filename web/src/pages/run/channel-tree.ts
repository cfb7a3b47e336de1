// The tree of what a run offers: channel, type, instance, field. What is ticked is drawn; rows can be dragged to panels, or put
// into the active panel with Shift+Enter.

import { oncePerFrame } from "../../base/coalesce";
import { element } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { RovingTab } from "../../base/roving-tab";
import { CatalogueType, isText } from "../../data/catalogue";
import { formatCount } from "../../format/numbers";
import { everyKey, formatSeriesId, SeriesId, typeId } from "../../protocol/series-id";
import { FoundInstance, FoundType, Listed, searchChannels } from "../../series/channel-search";
import { groupPrefix, keyName } from "../../series/names";
import { isShown, without, withSeries } from "../../series/presets";
import { FieldInfo } from "../../wire/run-types";
import { makeDraggable } from "./drag-and-drop";
import { RunSession } from "./run-session";
import { TreeValues } from "./tree-values";

/** A search opens what it finds, but no more fields at once than this. */
const openedFieldsMax = 1000;

export interface TreeActions {
  /** Puts series into the panel that was touched last. */
  addToActive: (series: SeriesId[]) => void;
  /** Shows the panel that draws a series, wherever it is. */
  reveal: (series: SeriesId) => void;
}

export class ChannelTree {
  /** Folded away it is read by nobody. */
  isFolded: () => boolean = () => false;
  readonly element: HTMLElement;
  private readonly list = element("div", { class: "tree-list" });
  private readonly search: HTMLInputElement;
  private readonly plottedOnly: HTMLInputElement;
  /** Opened or closed by the user; what is not in here is open if something in it is chosen. */
  private readonly openByUser = new Map<string, boolean>();
  private ticks: { input: HTMLInputElement; series: SeriesId[] }[] = [];
  private fieldsOpened = 0;
  private readonly values = new TreeValues();
  private readonly stops = new RovingTab(this.list, "summary, input");

  constructor(private readonly session: RunSession, lifetime: Lifetime, private readonly actions: TreeActions) {
    const render = oncePerFrame(() => this.render());
    this.search = element("input", {
      type: "search", placeholder: "Search fields", "aria-label": "Search fields", "data-testid": "tree-search", input: render,
    });
    this.plottedOnly = element("input", { type: "checkbox", "data-testid": "plotted-only", change: render });
    this.element = element(
      "aside", { class: "tree card", "aria-label": "Channels", "data-testid": "tree" },
      element("div", { class: "tree-head" }, this.search, element("label", { class: "plotted-only" }, this.plottedOnly, "Plotted only")),
      this.list,
    );
    lifetime.add(session.catalogue.version.subscribe(render));
    const tick = oncePerFrame(() => (this.plottedOnly.checked ? this.render() : this.updateTicks()));
    lifetime.add(session.panels.subscribe(tick));
    lifetime.add(session.answer.subscribe(() => this.showValues()));
    lifetime.add(session.fullPrecision.subscribe(() => this.showValues()));
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
    this.fieldsOpened = 0;
    this.values.clear();
    const panels = this.session.panels.value;
    const types = this.session.catalogue.all();
    const found = searchChannels(types, words, this.plottedOnly.checked ? (type, key, field) => isShown(panels, seriesOf(type, key, field)) : undefined);
    const channels = new Map<string, FoundType[]>();
    for (const one of found.shown) channels.set(one.type.channel, [...(channels.get(one.type.channel) ?? []), one]);
    const isNarrowed = words.length > 0 || this.plottedOnly.checked;
    const sections = [...channels].map(([channel, members]) => this.channelSection(channel, members, isNarrowed));
    const nothing = !isNarrowed ? "No fields known yet." : words.length > 0 ? "No field matches the search." : "Nothing is plotted.";
    this.list.replaceChildren(...(sections.length > 0 ? sections : [element("p", { class: "tree-empty" }, nothing)]), ...moreOf(found, "type"));
    this.updateTicks();
    this.stops.refresh();
    if (focused) this.list.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  private channelSection(channel: string, types: FoundType[], isNarrowed: boolean): HTMLElement {
    const name = channel || "no channel";
    return element("section", {}, element("h3", { class: "tree-channel", title: name }, name), ...types.map((type) => this.typeBranch(type, isNarrowed)));
  }

  private typeBranch({ type, instances }: FoundType, isNarrowed: boolean): HTMLElement {
    const isKeyed = type.keyFields.length > 0;
    const isChosen = () => this.chosen.some((chosen) => chosen.channel === type.channel && chosen.type === type.type);
    const count = instances.shown[0]?.fields.shown.length ?? 0;
    const content = () => (isKeyed
      ? [...instances.shown.map((instance, place) => this.instanceBranch(type, instance, isNarrowed && place === 0)), ...moreOf(instances, "instance")]
      : this.fieldList(type, instances.shown[0] as FoundInstance));
    return this.branch(typeId(type.channel, type.type), type.type, this.isOpen(isNarrowed, isKeyed ? 0 : count), isChosen, content, () => {
      if (isKeyed) this.session.openType(type.type);
    });
  }

  private instanceBranch(type: CatalogueType, instance: FoundInstance, isNarrowed: boolean): HTMLElement {
    const { key } = instance;
    const id = JSON.stringify([type.channel, type.type, key]);
    const name = key === everyKey ? `every ${type.keyFields.join(", ")}` : keyName(type.keyFields, key);
    const isChosen = () => this.chosen.some((chosen) => chosen.channel === type.channel && chosen.type === type.type && chosen.key === key);
    return this.branch(id, name, this.isOpen(isNarrowed, instance.fields.shown.length), isChosen, () => this.fieldList(type, instance), () => undefined);
  }

  /** What a search finds is open, as long as that is not too much; undefined: as the user left it. */
  private isOpen(isNarrowed: boolean, fields: number): boolean | undefined {
    if (!isNarrowed || this.fieldsOpened + fields > openedFieldsMax) return undefined;
    this.fieldsOpened += fields;
    return true;
  }

  /** What is in a branch is made when it is opened. */
  private branch(
    id: string, name: string, isOpen: boolean | undefined, byDefault: () => boolean, content: () => HTMLElement[], onOpen: () => void,
  ): HTMLElement {
    const summary = element("summary", { "data-focus": id, title: name }, name);
    summary.addEventListener("click", () => this.openByUser.set(id, !details.open));
    const details = element("details", { "data-testid": "tree-branch", "data-name": name }, summary);
    const fill = () => {
      if (details.childElementCount > 1) return;
      details.append(...content());
      onOpen();
    };
    details.addEventListener("toggle", () => {
      if (!details.open) return;
      fill();
      this.updateTicks();
    });
    if (isOpen ?? this.openByUser.get(id) ?? byDefault()) {
      fill();
      details.open = true;
    }
    return details;
  }

  private fieldList(type: CatalogueType, { key, fields }: FoundInstance): HTMLElement[] {
    const groups = new Map<string, FieldInfo[]>();
    for (const field of fields.shown) {
      const name = groupPrefix(field.name) || `field ${field.name}`;
      groups.set(name, [...(groups.get(name) ?? []), field]);
    }
    const idOf = (field: FieldInfo) => seriesOf(type, key, field);
    const rows = [...groups].map(([prefix, members]) => {
      const [first] = members as [FieldInfo, ...FieldInfo[]];
      if (members.length === 1) return element("li", {}, this.tick(first.name, isText(first) ? "text" : first.unit, [idOf(first)]));
      const inner = members.map((field) => this.tick(field.name.slice(prefix.length + 1), "", [idOf(field)]));
      const units = new Set(members.map((field) => field.unit));
      const unit = units.size === 1 ? first.unit : "";
      const all = this.tick(prefix, unit, members.map(idOf));
      return element("li", {}, all, element("div", { class: "members" }, ...inner));
    });
    return [element("ul", { class: "fields" }, ...rows), ...moreOf(fields, "field")];
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
    const label = element("label", { title: `${name}: drag it to a panel, or press Enter` }, input, element("span", { class: "field-name" }, name),
      unit !== "" && element("span", { class: "unit" }, unit), this.values.placeFor(series));
    makeDraggable(label, "series", () => id);
    return label;
  }

  private addToActive(series: SeriesId[]): void {
    this.actions.addToActive(series);
    this.actions.reveal(series[0] as SeriesId);
  }

  private change(series: SeriesId[], isChosen: boolean): void {
    const { panels, catalogue } = this.session;
    this.session.choose(isChosen ? withSeries(panels.value, series, catalogue) : without(panels.value, series, catalogue));
    if (isChosen) this.actions.reveal(series[0] as SeriesId);
  }

  private showValues(): void {
    const { answer, panels, fullPrecision } = this.session;
    if (answer.value && !this.isFolded()) this.values.show(answer.value, panels.value, fullPrecision.value);
  }

  private updateTicks(): void {
    this.showValues();
    const panels = this.session.panels.value;
    for (const { input, series } of this.ticks) {
      const chosen = series.filter((id) => isShown(panels, id)).length;
      input.checked = chosen === series.length;
      input.indeterminate = chosen > 0 && chosen < series.length;
    }
  }
}

function seriesOf(type: CatalogueType, key: string, field: FieldInfo): SeriesId {
  return { channel: type.channel, type: type.type, key, field: field.name };
}

function moreOf({ left }: Listed<unknown>, noun: string): HTMLElement[] {
  if (left === 0) return [];
  const words = left === 1 ? `1 more ${noun} is not listed` : `${formatCount(left)} more ${noun}s are not listed`;
  return [element("p", { class: "tree-empty" }, `${words}: search for ${left === 1 ? "it" : "them"}.`)];
}
