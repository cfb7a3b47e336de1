// The controls above the charts: live or held, length of the window, way back from a zoom.

import { element, icon, setAttribute, setText } from "../../base/dom";
import { Lifetime } from "../../base/lifetime";
import { formatCount } from "../../format/numbers";
import { isStorageOff } from "../../wire/readiness";
import { windowChoices } from "../route";
import { RunSession } from "./run-session";

const readoutMs = 150;
const pauseShape = "M4 3h3v10H4zM9 3h3v10H9z";
const playShape = "M4 2.5v11l9-5.5z";

export function runToolbar(session: RunSession, lifetime: Lifetime): HTMLElement {
  const badge = element("span", { class: "badge", role: "status", "data-testid": "data-state" });
  const pause = element("button", {
    type: "button", class: "button button-pause", "data-testid": "pause",
    click: () => (session.paused.value ? session.resume() : session.pause()),
  });
  const windows = windowGroup(session, lifetime);
  const reset = element("button", {
    type: "button", class: "button", "data-testid": "zoom-reset", click: () => { session.zoom.value = null; },
  }, "Reset zoom");
  const clock = element("span", { class: "clock", "data-testid": "clock" });
  const notice = element("span", { class: "notice", "data-testid": "stream-notice" });

  const update = () => {
    const isLive = session.mode.value === "live";
    const isPaused = session.paused.value;
    const isRunning = session.detail.value?.status === "running";
    pause.hidden = !isLive || (!isRunning && !isPaused);
    pause.replaceChildren(icon(isPaused ? playShape : pauseShape, "icon icon-solid"), isPaused ? "Resume" : "Pause");
    setAttribute(pause, "aria-pressed", String(isPaused));
    windows.hidden = session.mode.value === "stored";
    reset.hidden = session.zoom.value === null;
    const [level, text] = stateWords(session);
    setAttribute(badge, "data-level", level);
    setText(badge, text);
  };
  const signals = [session.mode, session.paused, session.zoom, session.socket.state, session.detail, session.storageError];
  for (const signal of signals) lifetime.add((signal as { subscribe(reader: () => void): () => void }).subscribe(update));
  const timer = window.setInterval(() => {
    const time = session.time;
    setText(clock, time === undefined ? "" : `t ${time.toFixed(2)} s`);
    setText(notice, noticeWords(session));
  }, readoutMs);
  lifetime.add(() => window.clearInterval(timer));
  return element(
    "div", { class: "toolbar", role: "toolbar", "aria-label": "Charts" },
    badge, clock, notice, element("span", { class: "spacer" }), reset, windows, pause,
  );
}

function windowGroup(session: RunSession, lifetime: Lifetime): HTMLElement {
  const inputs = windowChoices.map((seconds) => {
    const input = element("input", {
      type: "radio", name: "window", value: String(seconds), "data-testid": `window-${seconds}`,
      change: () => {
        session.windowSeconds.value = seconds;
        session.zoom.value = null;
      },
    });
    return { seconds, input, label: element("label", {}, input, element("span", {}, `${seconds} s`)) };
  });
  lifetime.add(session.windowSeconds.subscribe((chosen) => {
    for (const { seconds, input } of inputs) input.checked = seconds === chosen;
  }));
  return element(
    "fieldset", { class: "segments", title: "Simulated seconds that the charts show" },
    element("legend", { class: "for-screen-readers" }, "Window in simulated seconds"), ...inputs.map(({ label }) => label),
  );
}

function stateWords(session: RunSession): [level: string, text: string] {
  if (session.mode.value === "waiting") return ["busy", "Loading"];
  if (session.mode.value === "stored") return ["off", "From storage"];
  if (session.paused.value) return ["held", "Paused"];
  if (session.storageError.value) {
    return ["off", isStorageOff() ? "From memory: storage is off" : "From memory: storage does not answer"];
  }
  if (session.socket.state.value === "lost") return ["bad", "Connection lost"];
  if (session.detail.value?.status !== "running") return ["busy", "Ended, being stored"];
  return session.socket.state.value === "connecting" ? ["busy", "Connecting"] : ["good", "Live"];
}

function noticeWords(session: RunSession): string {
  const { droppedByServer, malformed, instancesRefused } = session.live.counters;
  const words: string[] = [];
  if (droppedByServer > 0) words.push(`${formatCount(droppedByServer)} live events skipped for this page`);
  if (instancesRefused > 0) words.push("too many instances of a type: some are not shown");
  if (malformed > 0) words.push(`${formatCount(malformed)} unreadable messages`);
  return words.join("; ");
}
