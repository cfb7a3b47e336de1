// What can be changed about one panel, in a dialog beside it: everything that dragging does as well, for keyboards. Each change is seen
// at once, and stands in the URL when the dialog is closed; Cancel and Escape take all of them back.

import { oncePerFrame } from "../../base/coalesce";
import { element } from "../../base/dom";
import { everyKey, SeriesId } from "../../protocol/series-id";
import { movePanel, Panel, replacePanel, spanMax, splitPanel } from "../../series/layout";
import { panelTitle } from "../../series/names";
import { besideBox } from "../../shell/beside";
import { openDialog } from "../../shell/dialog";
import { panelKinds } from "./panel-kinds";
import { RunSession } from "./run-session";
import { choice, settingRow } from "./setting-rows";

/** @param card what must not be covered */
export function openPanelSettings(session: RunSession, panel: Panel, card: HTMLElement): void {
  const { id } = panel;
  const takeBack = session.remember();
  const writeUrl = session.holdUrl();
  const change = (part: Partial<Panel>) => session.choose(replacePanel(session.panels.value, id, part));
  const current = () => session.panels.value.find((candidate) => candidate.id === id) ?? panel;
  const place = () => session.panels.value.findIndex((candidate) => candidate.id === id);
  const title = element("input", { type: "text", autofocus: true, value: panel.title, placeholder: panelTitle(panel), maxlength: "200", "data-testid": "panel-title-input" });
  title.addEventListener("input", () => change({ title: title.value }));
  const own = element("div");
  const showOwn = () => {
    const { kind, foreign, settings } = current();
    const known = foreign ? undefined : panelKinds.find(({ name }) => name === kind);
    own.replaceChildren(...known?.settingRows(settings, (changed) => change({ settings: changed })) ?? []);
  };
  showOwn();
  const series = element("ul", { class: "settings-series" });
  const showSeries = () => series.replaceChildren(...current().series.map((one) => seriesRow(session, one, (gone) => {
    change({ series: current().series.filter((other) => other !== gone) });
    showSeries();
    showPlace();
  })));
  showSeries();
  const move = (by: -1 | 1) => {
    const panels = session.panels.value;
    const before = by < 0 ? panels[place() - 1]?.id : panels[place() + 2]?.id;
    if (by > 0 || before !== undefined) session.choose(movePanel(panels, id, before ?? null));
    showPlace();
  };
  const earlier = button("panel-earlier", "Earlier", () => move(-1));
  const later = button("panel-later", "Later", () => move(1));
  const split = button("panel-split", "Split into one panel per series", () => {
    session.choose(splitPanel(session.panels.value, id));
    dialog.close();
  });
  // What would do nothing cannot be pressed.
  const showPlace = () => {
    earlier.disabled = place() === 0;
    later.disabled = place() === session.panels.value.length - 1;
    split.disabled = current().series.length < 2;
  };
  showPlace();
  const dialog = openDialog({
    title: `Panel: ${panelTitle(panel) || "empty"}`, testId: "panel-settings-dialog", className: "settings-dialog", closeWords: "Done",
    onCancel: takeBack,
    onClose: () => {
      stopFollowing();
      writeUrl();
    },
    content: [
      settingRow("Title", title),
      settingRow("Shows", choice("panel-kind", kindChoices(panel), panel.kind, (kind) => {
        change({ kind, foreign: kind === panel.kind ? panel.foreign : null });
        showOwn();
      })),
      own,
      settingRow("Columns", choice("panel-width", spans(), String(panel.width), (width) => change({ width: Number(width) }))),
      settingRow("Rows", choice("panel-height", spans(), String(panel.height), (height) => change({ height: Number(height) }))),
      settingRow("Place", earlier, later),
      settingRow("Series", series),
      element("div", { class: "settings-actions" }, split),
    ],
  });
  const stopFollowing = standBeside(dialog, card, session);
}

/** The panel may grow and move by what is set. */
function standBeside(dialog: HTMLDialogElement, card: HTMLElement, session: RunSession): () => void {
  const place = oncePerFrame(() => {
    if (!dialog.open || !card.isConnected) return;
    dialog.style.maxHeight = "";
    const { left, top, height } = besideBox(card.getBoundingClientRect(), dialog.getBoundingClientRect(), { width: innerWidth, height: innerHeight });
    Object.assign(dialog.style, { left: `${left}px`, top: `${top}px`, maxHeight: `${height}px` });
  });
  card.scrollIntoView({ block: "nearest" });
  card.classList.add("is-set");
  place();
  const observer = new ResizeObserver(place);
  observer.observe(card);
  observer.observe(document.body);
  const leave = session.panels.subscribe(place);
  window.addEventListener("scroll", place);
  return () => {
    card.classList.remove("is-set");
    observer.disconnect();
    leave();
    window.removeEventListener("scroll", place);
  };
}

/** A kind that is not known here stays among them, so that the panel can be left what it is. */
function kindChoices({ kind, foreign }: Panel): [string, string][] {
  const known = panelKinds.map(({ name, title }): [string, string] => [name, title]);
  return foreign ? [...known, [kind, `${kind} (not known here)`]] : known;
}

function spans(): [string, string][] {
  return Array.from({ length: spanMax }, (_, index) => [String(index + 1), String(index + 1)]);
}

function button(testId: string, name: string, click: () => void): HTMLButtonElement {
  return element("button", { type: "button", class: "button", "data-testid": testId, click }, name);
}

function seriesRow(session: RunSession, id: SeriesId, onRemove: (id: SeriesId) => void): HTMLElement {
  const keyFields = session.catalogue.find(id.channel, id.type)?.keyFields ?? [];
  const key = id.key === everyKey ? `every ${keyFields.join(", ")}` : id.key;
  const name = [id.channel, id.type, id.field, key].filter(Boolean).join(" · ");
  return element("li", {}, name, element("span", { class: "spacer" }), element("button", {
    type: "button", class: "button-quiet", "aria-label": `Remove ${name}`, click: () => onRemove(id),
  }, "×"));
}
