// Builds elements. Text always goes in as text nodes: names come from engines and are never read as markup.

export type Child = Node | string | null | undefined | false;
export type Attributes = Record<string, string | boolean | ((event: Event) => void) | undefined>;

/** An element with attributes (`true` = present, `false` = absent, a function = listener of that event) and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes: Attributes = {}, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (typeof value === "string") made.setAttribute(name, value);
  }
  append(made, children);
  return made;
}

export function append(parent: Node, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
  }
}

/** Sets the text only if it differs, so that an unchanged cell costs no layout and keeps a user's text selection. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node: Element, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Moves and hides marks that are drawn anew with each frame: what is as it was costs no style and no layout. */
export function setHidden(node: HTMLElement, isHidden: boolean): void {
  if (node.hidden !== isHidden) node.hidden = isHidden;
}

export function setStyle(node: HTMLElement, name: "left" | "right" | "width" | "transform", value: string): void {
  // What was written last is kept beside the element: reading a style back is slower than writing it.
  let known = written.get(node);
  if (!known) written.set(node, known = {});
  if (known[name] === value) return;
  known[name] = value;
  node.style[name] = value;
}

const written = new WeakMap<HTMLElement, Record<string, string>>();

const svgNamespace = "http://www.w3.org/2000/svg";

/** A 16 × 16 picture drawn with one path in the text's colour; decoration only, hence hidden from screen readers. */
export function icon(path: string, className = "icon"): SVGSVGElement {
  const svg = document.createElementNS(svgNamespace, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(svgNamespace, "path");
  shape.setAttribute("d", path);
  svg.appendChild(shape);
  return svg;
}
