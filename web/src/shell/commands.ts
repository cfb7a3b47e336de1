// What the user can do by key, by the palette and by the list of keys: one registry for the whole UI. Pages add their commands
// for as long as they live; what was added last wins a key, so that a page may take one over.

import { Lifetime } from "../base/lifetime";
import { keyOfPress, keyOfText } from "./keys";

export interface Command {
  /** Unique, for tests and for telling commands apart: "run.pause". */
  readonly id: string;
  /** What it does, as the user would say it: "Pause and resume". */
  readonly title: string;
  /** Under which heading it is listed. */
  readonly section: string;
  /** As in `keyOfText`; none: by the palette only. */
  readonly keys?: readonly string[];
  /** `key`: the one that was pressed, as `KeyboardEvent` names it; none, if the command was chosen otherwise. */
  readonly run: (key?: string) => void;
  /** Asked each time; while it says no, the command is not offered and its keys do nothing. */
  readonly isEnabled?: () => boolean;
  /** When it can be run, for the list of keys while it cannot: "once a run is chosen". */
  readonly condition?: string;
}

/** What mouse or fingers do, for the list of keys. */
export interface Gesture {
  /** "Drag", "Shift and click". */
  readonly gesture: string;
  readonly title: string;
  readonly section: string;
}

let gestures: Gesture[] = [];

/** Says what mouse and fingers can do, until the lifetime is over. */
export function describeGestures(lifetime: Lifetime, added: readonly Gesture[]): void {
  if (lifetime.isOver) return;
  gestures = [...gestures, ...added];
  lifetime.add(() => {
    gestures = gestures.filter((gesture) => !added.includes(gesture));
  });
}

export function describedGestures(): readonly Gesture[] {
  return gestures;
}

let registered: Command[] = [];

/** Offers a command until the lifetime is over. An id that is there already is replaced. */
export function registerCommand(lifetime: Lifetime, command: Command): void {
  if (lifetime.isOver) return;
  registered = [...registered.filter((other) => other.id !== command.id), command];
  lifetime.add(() => {
    registered = registered.filter((other) => other !== command);
  });
}

/** All of them, in the order in which they were added. */
export function allCommands(): readonly Command[] {
  return registered;
}

export function isEnabled(command: Command): boolean {
  return command.isEnabled?.() ?? true;
}

/** Those that can be run now, in the order in which they were added. */
export function enabledCommands(): Command[] {
  return registered.filter(isEnabled);
}

/** Runs the command of a pressed key; whether there was one. */
function runKey(event: KeyboardEvent): boolean {
  const key = keyOfPress({
    key: event.key, ctrlKey: event.ctrlKey, metaKey: event.metaKey, altKey: event.altKey, shiftKey: event.shiftKey,
    isAltGraph: event.getModifierState("AltGraph"),
  });
  if (isNeededByTarget(event.target, key)) return false;
  const command = enabledCommands().reverse().find(({ keys }) => keys?.some((text) => keyOfText(text) === key));
  command?.run(event.key);
  return command !== undefined;
}

const pressedTypes = new Set(["checkbox", "radio", "range", "button", "submit", "reset", "file", "color", "image"]);

/** The focused element does something with this key itself: types it, presses, opens, moves by it. */
function isNeededByTarget(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement) || key.startsWith("Ctrl+")) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  if (target instanceof HTMLInputElement) {
    if (!pressedTypes.has(target.type)) return true;
    if (key === "Space" || key === "Enter") return true;
    return (target.type === "radio" || target.type === "range") && /^(Arrow|Home|End|Page)/.test(key);
  }
  return (key === "Space" || key === "Enter") && target.closest("a[href], button, summary") !== null;
}

/** Listens for the keys of all commands. A dialog keeps keys to itself; so does whoever prevents the event's default. */
export function listenForCommandKeys(lifetime: Lifetime): void {
  lifetime.listen("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    if (runKey(event)) event.preventDefault();
  });
}
