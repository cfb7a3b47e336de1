// The controls above the panels: where the data comes from, the axis, follow and pause, the length of the window, zoom and layouts;
// and how fresh and smooth the page is.

import { element, icon, setAttribute, setHidden, setText } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { Signal } from "../../base/signal";
import { formatCount } from "../../format/numbers";
import { TimeAxis } from "../../protocol/protocol";
import { isStorageOff, readiness } from "../../wire/readiness";
import { eventsUnderway } from "../../wire/run-types";
import { Pace } from "./pace";
import { openRunLayouts } from "./run-layouts";
import { windowChoices } from "./run-query";
import { RunSession } from "./run-session";

const readoutMs = 200;
const pauseShape = "M4 3h3v10H4zM9 3h3v10H9z";
const playShape = "M4 2.5v11l9-5.5z";
const axisNames: [TimeAxis, string][] = [["frame", "Frame"], ["simTime", "Sim time"], ["wallTime", "Wall time"]];

/** @param treeButton opens and folds the tree of channels */
export function runToolbar(session: RunSession, pace: Pace, treeButton: HTMLElement, lifetime: Lifetime): HTMLElement {
  const { time, data } = session;
  const badge = element("span", { class: "badge", role: "status", "data-testid": "data-state" });
  const pause = element("button", {
    type: "button", class: "button button-pause", "data-testid": "pause",
    click: () => (time.range.value ? session.follow() : session.pause()),
  });
  const back = action("zoom-back", "Back", () => time.back());
  const reset = action("zoom-reset", "Reset zoom", () => session.follow());
  const windows = segments("Window in simulated seconds", "window", windowChoices.map((seconds) => [String(seconds), `${seconds} s`]), (value) => {
    time.windowSeconds.value = Number(value);
    session.follow();
  });
  const axes = segments("Time axis", "axis", axisNames, (value) => void session.setAxis(value as TimeAxis));
  const clock = element("span", { class: "clock", "data-testid": "clock" });
  const meter = element("span", { class: "pace", "data-testid": "pace" });
  const notice = element("span", { class: "notice", role: "status", "data-testid": "stream-notice" });

  const update = () => {
    const { isRunning } = session;
    const isHeld = time.range.value !== null;
    setHidden(pause, !isRunning);
    if (pause.getAttribute("aria-pressed") !== String(isHeld)) {
      pause.replaceChildren(icon(isHeld ? playShape : pauseShape, "icon icon-solid"), isHeld ? "Follow" : "Pause");
      setAttribute(pause, "aria-pressed", String(isHeld));
    }
    setHidden(windows.element, !isRunning);
    windows.choose(String(time.windowSeconds.value));
    axes.choose(time.axis.value);
    setHidden(reset, isRunning || !isHeld);
    setHidden(back, !time.canGoBack);
    const [level, text] = stateWords(session);
    setAttribute(badge, "data-level", level);
    setText(badge, text);
  };
  for (const signal of [...time.signals, session.detail, session.panels, session.error, data.connection, data.allStored, readiness]) {
    lifetime.add((signal as Signal<unknown>).subscribe(update));
  }
  const timer = window.setInterval(() => {
    const { newest } = session;
    setText(clock, newest ? `frame ${formatCount(newest.frame)} · ${newest.simTime.toFixed(2)} s` : "");
    showPace(meter, session, pace);
    setText(notice, noticeWords(session));
  }, readoutMs);
  lifetime.add(() => window.clearInterval(timer));
  return element(
    "div", { class: "toolbar", role: "toolbar", "aria-label": "Time and layout" },
    treeButton, badge, clock, meter, notice, element("span", { class: "spacer" }), back, reset, axes.element, windows.element, pause,
    action("open-layouts", "Layouts", () => openRunLayouts(session)),
  );
}

function action(testId: string, words: string, click: () => void): HTMLButtonElement {
  return element("button", { type: "button", class: "button", "data-testid": testId, click }, words);
}

function segments(title: string, name: string, choices: [value: string, words: string][], onChange: (value: string) => void) {
  const inputs = choices.map(([value, words]) => {
    const input = element("input", { type: "radio", name, value, "data-testid": `${name}-${value}`, change: () => onChange(value) });
    return { value, input, label: element("label", {}, input, element("span", {}, words)) };
  });
  return {
    element: element("fieldset", { class: "segments", title }, element("legend", { class: "for-screen-readers" }, title), ...inputs.map(({ label }) => label)),
    choose: (chosen: string) => {
      for (const { value, input } of inputs) if (input.checked !== (value === chosen)) input.checked = value === chosen;
    },
  };
}

function stateWords(session: RunSession): [level: string, text: string] {
  const { data, detail, time } = session;
  if (!detail.value) return ["busy", "Loading"];
  if (data.allStored.value) return ["off", "From storage"];
  if (data.connection.value === "lost") return ["bad", "Connection lost"];
  if (session.isRunning) {
    if (time.range.value) return ["held", "Paused"];
    return data.connection.value === "open" ? ["good", "Live"] : ["busy", "Connecting"];
  }
  if (readiness.value === undefined) return ["busy", "Loading"];
  if (isStorageOff()) return ["off", "From memory: storage is off"];
  const isThere = readiness.value?.storageState === "ok";
  const run = detail.value;
  if (isThere && eventsUnderway(run) === 0) {
    if (run.stored === 0 && run.unstored > 0) return ["off", "Was live only: nothing is stored"];
    // Memory has nothing to add to what storage has: it is only a matter of reading it, if anything is to be drawn.
    return session.panels.value.some(({ series }) => series.length > 0) ? ["busy", "Loading"] : ["off", "Stored"];
  }
  return isThere ? ["busy", "Ended, being stored"] : ["off", "From memory: storage does not answer"];
}

function showPace(meter: HTMLElement, session: RunSession, pace: Pace): void {
  const { delayP50, delayP99, framesPerSecond, workP50, drawn, slow } = pace.read(performance.now());
  const rate = `${Math.round(framesPerSecond)} fps`;
  setText(meter, !session.isRunning ? "" : Number.isNaN(delayP50) ? rate : `delay ${Math.round(delayP50)} / ${Math.round(delayP99)} ms · ${rate}`);
  setAttribute(meter, "data-drawn", String(drawn));
  setAttribute(meter, "data-slow", String(slow));
  const work = Number.isNaN(workP50) ? "" : ` Own work per frame: ${workP50.toFixed(1)} ms; ${slow} of ${drawn} frames took longer than 33 ms.`;
  setAttribute(meter, "title", `Delay from the engine's frame marks to the screen, median and 99th percentile; frames drawn per second.${work}`);
}

function noticeWords(session: RunSession): string {
  const { skipped, malformed, instancesRefused, reducedRows } = session.data.counters.value;
  const words: string[] = [];
  if (skipped > 0) words.push(`${formatCount(skipped)} live events skipped for this page`);
  if (reducedRows > 0) words.push("live lines are thinned out");
  if (instancesRefused > 0) words.push("too many instances of a type: some are not shown");
  if (malformed > 0) words.push(`${formatCount(malformed)} unreadable messages`);
  return words.join("; ");
}
