// Dragging series from the tree to panels, and panels among each other. Whatever is dropped here from elsewhere is no business of
// this page.

import { element } from "../../base/dom";

export type DragKind = "series" | "panel";

const formats: Record<DragKind, string> = { series: "application/x-teltel-series", panel: "application/x-teltel-panel" };

export function makeDraggable(source: HTMLElement, kind: DragKind, text: () => string): void {
  source.draggable = true;
  source.addEventListener("dragstart", (event) => {
    if (!event.dataTransfer) return;
    event.stopPropagation();
    event.dataTransfer.setData(formats[kind], text());
    event.dataTransfer.effectAllowed = kind === "panel" ? "move" : "copy";
    if (kind === "panel") return;
    setPicture(event.dataTransfer, text());
    document.body.classList.add("is-dragging-series");
  });
  source.addEventListener("dragend", () => document.body.classList.remove("is-dragging-series"));
}

/** The browser's own picture of a row of the tree is as wide as the tree. */
function setPicture(transfer: DataTransfer, text: string): void {
  const picture = element("div", { class: "drag-picture" }, text.split(",").length === 1 ? "1 series" : `${text.split(",").length} series`);
  document.body.append(picture);
  transfer.setDragImage(picture, 0, 0);
  setTimeout(() => picture.remove());
}

export function acceptDrops(target: HTMLElement, take: Partial<Record<DragKind, (text: string) => void>>): void {
  const kindOf = (event: DragEvent) => (["series", "panel"] as const)
    .find((kind) => take[kind] && event.dataTransfer?.types.includes(formats[kind]));
  target.addEventListener("dragover", (event) => {
    if (!kindOf(event)) return;
    event.preventDefault();
    event.stopPropagation();
    target.classList.add("is-drop-target");
  });
  target.addEventListener("dragleave", (event) => {
    if (!(event.relatedTarget instanceof Node) || !target.contains(event.relatedTarget)) target.classList.remove("is-drop-target");
  });
  target.addEventListener("drop", (event) => {
    const kind = kindOf(event);
    target.classList.remove("is-drop-target");
    if (!kind) return;
    event.preventDefault();
    event.stopPropagation();
    take[kind]?.(event.dataTransfer?.getData(formats[kind]) ?? "");
  });
}
