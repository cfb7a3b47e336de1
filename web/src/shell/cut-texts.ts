// Whatever the style sheet has cut can be read whole: a text that ends in "…" gets a tooltip with all of it when the pointer
// comes, wherever on the page it stands. Whoever gives a tooltip of its own keeps it.

import { Lifetime } from "../base/lifetime";

/** A cut text is the element under the pointer, or stands a few elements above it: an icon, a part of a name. */
const levelsMax = 4;

function cutText(from: Element): HTMLElement | null {
  let at: Element | null = from;
  for (let level = 0; at instanceof HTMLElement && level < levelsMax; level += 1, at = at.parentElement) {
    if (at.title !== "") return null;
    if (at.scrollWidth > at.clientWidth && getComputedStyle(at).textOverflow === "ellipsis") return at;
  }
  return null;
}

export function nameCutTexts(lifetime: Lifetime): void {
  lifetime.listen("pointerover", (event) => {
    const cut = event.target instanceof Element ? cutText(event.target) : null;
    if (!cut) return;
    // A name that is shortened in its middle has a part that is cut, and one that is not.
    const whole = cut.closest<HTMLElement>(".middle-text") ?? cut;
    if (whole.closest("[title]:not([title=''])")) return;
    whole.title = whole.textContent ?? "";
    // The text may be another one the next time, or fit.
    whole.addEventListener("pointerleave", () => whole.removeAttribute("title"), { once: true });
  });
}
