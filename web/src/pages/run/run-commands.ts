// What keys and the palette can do on a run's page.

import { element } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { formatCount } from "../../format/numbers";
import { TimeAxis } from "../../protocol/protocol";
import { Command, describeGestures, registerCommand } from "../../shell/commands";
import { openDialog } from "../../shell/dialog";
import { ChannelTree } from "./channel-tree";
import { PanelGrid } from "./panel-grid";
import { panelKinds } from "./panel-kinds";
import { openRunLayouts, proposePanels } from "./run-layouts";
import { RunSession } from "./run-session";
import { inside } from "./time-view";
import { TreeFold } from "./tree-fold";

const zoomStep = 2;
const panStep = 0.25;
const bigStep = 10;

export function registerRunCommands(session: RunSession, grid: PanelGrid, tree: ChannelTree, fold: TreeFold, lifetime: Lifetime): void {
  const { time } = session;
  const add = (section: string, id: string, title: string, keys: string[], run: () => void, isEnabled?: () => boolean, condition?: string) => {
    const command: Command = {
      id: `run.${id}`, title, section, keys, run, ...(isEnabled ? { isEnabled } : {}), ...(condition === undefined ? {} : { condition }),
    };
    registerCommand(lifetime, command);
  };
  const zoom = (factor: number) => () => {
    const shown = grid.active?.shown;
    if (!shown) return;
    grid.active?.zoom(shown, cursorPlace(session) ?? (shown.from + shown.to) / 2, factor);
  };
  const pan = (share: number) => () => {
    const shown = grid.active?.shown;
    if (shown) grid.active?.pan(shown, share);
  };

  const hasCursor = () => time.cursors.value[0] !== null;
  const needsCursor = "once there is a cursor";

  add("Time", "follow", "Follow and pause", ["Space"], () => (time.range.value ? session.follow() : session.pause()));
  add("Time", "back", "Go back to what was shown before", ["Backspace"], () => time.back(), () => time.canGoBack, "once you have zoomed");
  add("Time", "all", "Reset zoom", ["0"], () => session.follow());
  add("Time", "zoom-in", "Zoom in", ["+", "="], zoom(1 / zoomStep));
  add("Time", "zoom-out", "Zoom out", ["-"], zoom(zoomStep));
  add("Time", "earlier", "Show what was earlier", ["a"], pan(-panStep));
  add("Time", "later", "Show what came later", ["d"], pan(panStep));
  for (const [axis, title, key] of [["frame", "frames", "1"], ["simTime", "simulated time", "2"], ["wallTime", "wall time", "3"]] as const) {
    add("Time", `axis-${axis}`, `Axis of ${title}`, [key], () => void session.setAxis(axis as TimeAxis));
  }

  add("Cursor", "left", "Cursor one frame back", ["ArrowLeft"], () => moveCursor(session, -1));
  add("Cursor", "right", "Cursor one frame on", ["ArrowRight"], () => moveCursor(session, 1));
  add("Cursor", "left-10", "Cursor ten frames back", ["Shift+ArrowLeft"], () => moveCursor(session, -bigStep));
  add("Cursor", "right-10", "Cursor ten frames on", ["Shift+ArrowRight"], () => moveCursor(session, bigStep));
  add("Cursor", "home", "Cursor to the first frame", ["Home"], () => putCursor(session, session.answer.value?.extent?.from));
  add("Cursor", "end", "Cursor to the newest frame", ["End"], () => putCursor(session, session.answer.value?.extent?.to));
  add("Cursor", "jump", "Jump to a frame", ["j"], () => openJump(session));
  add("Cursor", "second", "Put the second cursor where the first one is", ["b"], () => time.setCursor(1, time.cursors.value[0]), hasCursor, needsCursor);
  add("Cursor", "clear", "Remove the cursors", ["x"], () => time.clearCursors(), hasCursor, needsCursor);
  add("Cursor", "digits", "Show values with all digits", ["p"], () => { session.fullPrecision.value = !session.fullPrecision.value; });

  add("Panels", "search", "Search channels", ["/"], () => {
    fold.open();
    tree.focusSearch();
  });
  add("Panels", "tree", "Fold the tree of channels, and back", ["t"], () => fold.toggle());
  add("Panels", "maximise", "Maximise the active panel, and back", ["m"], () => {
    session.maximised.value = session.maximised.value === "" ? session.activePanel.value || session.panels.value[0]?.id || "" : "";
  });
  add("Panels", "restore", "Back from the maximised panel", ["Escape"], () => { session.maximised.value = ""; }, () => session.maximised.value !== "");
  add("Panels", "settings", "Settings of the active panel", ["e"], () => grid.openSettings(session.activePanel.value || session.panels.value[0]?.id || ""));
  add("Panels", "remove", "Remove the active panel", ["Delete"], () => grid.remove(session.activePanel.value), () => session.activePanel.value !== "", "once a panel is active");
  for (const { name, command: { title, keys, isEmpty } } of panelKinds) {
    add("Panels", `new-${name}`, title, [...keys], () => grid.addPanel(isEmpty ? [] : activeSeries(session), { kind: name }));
  }
  add("Panels", "preset", "Back to the proposed panels", [], () => proposePanels(session));
  add("Panels", "layouts", "Layouts: save, load, export, import", ["l"], () => openRunLayouts(session));
  describeGestures(lifetime, [...chartGestures, ...chartTouches]);
}

const chartGestures = [
  ["Drag", "Zoom to a stretch"], ["Shift and drag, or middle button", "Move through the run"], ["Ctrl and wheel", "Zoom about the pointer"],
  ["Shift and wheel", "Move through the run"], ["Double click", "Show all"], ["Click", "Put the first cursor"],
  ["Shift and click", "Put the second cursor"],
].map(([gesture = "", title = ""]) => ({ section: "On a chart", gesture, title }));

const chartTouches = [
  ["One finger sideways", "Move through the run"], ["One finger up or down", "Scroll the page"], ["Two fingers", "Zoom and move about their middle"],
  ["Tap", "Put the first cursor"], ["Double tap", "Show all"],
].map(([gesture = "", title = ""]) => ({ section: "On a chart, with fingers", gesture, title }));

/** New panels of values show what the active one draws. */
function activeSeries(session: RunSession) {
  const panels = session.panels.value;
  return panels.find((panel) => panel.id === session.activePanel.value)?.series ?? panels[0]?.series ?? [];
}

function cursorPlace(session: RunSession): number | null {
  const sample = session.answer.value?.cursors[0];
  if (!sample) return null;
  const axis = session.time.axis.value;
  const place = axis === "frame" ? sample.frame : axis === "simTime" ? sample.simTime : sample.wallTime;
  return Number.isFinite(place) ? place : null;
}

/** From where the cursor is, else from the middle of what is shown. */
function moveCursor(session: RunSession, by: number): void {
  const { time, answer } = session;
  const shown = answer.value?.frames;
  const at = time.cursors.value[0] ?? (shown ? Math.round((shown.from + shown.to) / 2) : null);
  if (at === null) return;
  putCursor(session, time.cursors.value[0] === null ? at : at + by);
}

/** A cursor that is looked at holds the view, which follows where it goes. */
function putCursor(session: RunSession, frame: number | undefined): void {
  if (frame === undefined) return;
  const { time, answer } = session;
  session.pause();
  const extent = answer.value?.extent;
  const place = extent ? Math.min(extent.to, Math.max(extent.from, frame)) : frame;
  time.setCursor(0, place);
  const shown = answer.value?.frames;
  if (!shown || (place >= shown.from && place <= shown.to)) return;
  const half = (shown.to - shown.from) / 2;
  const frames = inside({ from: place - half, to: place + half }, extent ?? { from: 0, to: Infinity });
  if (time.axis.value === "frame") time.show(frames);
  else void session.data.moveRange(frames, "frame", time.axis.value).then((range) => { if (range) time.show(range); });
}

function openJump(session: RunSession): void {
  const input = element("input", { type: "number", min: "0", step: "1", required: true, autofocus: true, "data-testid": "jump-frame", "aria-label": "Frame" });
  const current = session.time.cursors.value[0];
  if (current !== null) input.value = String(current);
  const extent = session.answer.value?.extent;
  const form = element(
    "form", { class: "jump-form", method: "dialog" }, input, element("button", { type: "submit", class: "button button-main" }, "Jump"),
  );
  const note = extent && element("p", { class: "dialog-note" }, `Frames ${formatCount(extent.from)} to ${formatCount(extent.to)}`);
  const dialog = openDialog({ title: "Jump to a frame", testId: "jump-dialog", className: "jump", content: [form, note] });
  form.addEventListener("submit", () => {
    dialog.close();
    putCursor(session, input.valueAsNumber);
  });
  input.select();
}
