// Names that are shortened in their middle: their ends are what tells them apart ("ci/nightly/…/job-10057"). Where the room is
// too small the style sheet cuts the first part; nothing has to be measured.

import { element } from "./dom";

/** Names up to this length are left whole. */
export const wholeMaxUsual = 16;
const tailMin = 3;
const tailMax = 16;
const tailUsual = 8;

/** What may be cut at its end, and what stays; the second part is "" for a short name. Pure. */
export function middleParts(text: string, wholeMax = wholeMaxUsual): [head: string, tail: string] {
  // By characters: half a surrogate pair is none.
  const characters = [...text];
  if (characters.length <= wholeMax) return [text, ""];
  const slash = characters.lastIndexOf("/");
  const last = characters.length - slash;
  const length = slash >= 0 && last >= tailMin && last <= tailMax ? last : tailUsual;
  return [characters.slice(0, -length).join(""), characters.slice(-length).join("")];
}

/** Fills a place with a name. Its text content is the whole name, cut or not. */
export function showInMiddle(place: HTMLElement, text: string, wholeMax = wholeMaxUsual): void {
  if (place.textContent === text) return;
  const [head, tail] = middleParts(text, wholeMax);
  place.classList.toggle("middle-text", tail !== "");
  if (tail === "") place.textContent = text;
  else place.replaceChildren(element("span", {}, head), element("span", {}, tail));
}
