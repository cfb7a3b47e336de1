// Keys as text ("?", "j", "Shift+ArrowLeft", "Ctrl+K") and key presses brought into one form. Pure.

export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  /** The key that types a third character on many keyboards; it comes with Ctrl and Alt on some systems. */
  readonly isAltGraph: boolean;
}

interface Key {
  name: string;
  ctrl: boolean;
  alt: boolean;
  shift: boolean;
}

/**
 * One spelling for each key, to compare by. The command key of a Mac counts as Ctrl. Shift counts for letters and named keys
 * only: which characters need it, "?" say, depends on the keyboard.
 */
function canonical({ name, ctrl, alt, shift }: Key): string {
  const isCharacter = [...name].length === 1;
  const lower = isCharacter ? name.toLowerCase() : name;
  const isLetter = isCharacter && lower !== name.toUpperCase();
  return `${ctrl ? "Ctrl+" : ""}${alt ? "Alt+" : ""}${shift && (!isCharacter || isLetter) ? "Shift+" : ""}${lower}`;
}

export function keyOfText(text: string): string {
  const parts = text.split("+");
  // "+" itself, and "Ctrl++", end in two empty parts.
  const name = parts.pop() || "+";
  const has = (modifier: string) => parts.includes(modifier);
  return canonical({ name, ctrl: has("Ctrl") || has("Meta"), alt: has("Alt"), shift: has("Shift") });
}

export function keyOfPress(press: KeyPress): string {
  const name = press.key === " " ? "Space" : press.key;
  const isTyped = press.isAltGraph && name.length === 1;
  return canonical({
    name, shift: press.shiftKey, ctrl: !isTyped && (press.ctrlKey || press.metaKey), alt: !isTyped && press.altKey,
  });
}

const signs: Record<string, string> = {
  ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc",
};

/** The caps to show for a key: ["Shift", "←"], ["Ctrl", "K"], ["?"]. */
export function keyCaps(text: string): string[] {
  const parts = text.split("+");
  const name = parts.pop() || "+";
  return [...parts.filter((part) => part !== ""), signs[name] ?? name];
}
