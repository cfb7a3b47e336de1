// Short messages in a corner of the page. Failures stay until they are closed, with all that helps to report them; news go by
// themselves. At most four at a time; the same failure again counts up.

import { element, setText } from "../base/dom";
import { formatExact } from "../format/times";
import { ApiError } from "../wire/http";
import { copyText } from "./copy";
import { describeFailure, Failure, failureKey, failureText } from "./failure";

const toastsMax = 4;
const newsMs = 6000;
/** With something to press, that is: until it has been read and reached. */
const offerMs = 20_000;

interface Toast {
  element: HTMLElement;
  /** Undefined for news, which do not count up. */
  key: string | undefined;
  count: number;
}

/** Oldest first. */
let shown: Toast[] = [];
let regions: { place: HTMLElement; failures: HTMLElement; news: HTMLElement } | null = null;

function theRegions(): NonNullable<typeof regions> {
  if (!regions) {
    const [failures, news] = [element("div", { role: "alert" }), element("div", { role: "status" })];
    regions = { failures, news, place: element("div", { class: "toasts", "data-testid": "toasts" }, failures, news) };
  }
  return regions;
}

/**
 * Puts the place for messages on the page; called once, before anything can fail. Live regions must be there before something is put
 * into them, or it is not read out.
 */
export function placeToasts(): void {
  document.body.append(theRegions().place);
}

/** Says that something could not be done. `what`: "The run cannot be deleted". A cancelled request is no failure. */
export function showError(error: unknown, what: string): void {
  if (error instanceof ApiError && error.code === "aborted") return;
  const failure = describeFailure(error, what);
  const key = failureKey(failure);
  const same = shown.find((toast) => toast.key === key);
  if (same) {
    same.count += 1;
    const counter = same.element.querySelector(".toast-count");
    if (counter) setText(counter, `${same.count} times`);
    bringToFront();
    return;
  }
  const toast: Toast = { element: failureBox(failure, () => close(toast)), key, count: 1 };
  add(toast, theRegions().failures);
}

/** What can be done about news: "Undo". */
export interface Offer {
  readonly words: string;
  readonly run: () => void;
}

/** Tells what has happened; goes by itself. */
export function notify(text: string, offer?: Offer): void {
  const box = element("div", { class: "toast toast-news", "data-testid": "toast-news" }, element("p", {}, text));
  const toast: Toast = { element: box, key: undefined, count: 1 };
  if (offer) {
    box.append(element("button", { type: "button", class: "button", "data-testid": "toast-offer", click: () => {
      close(toast);
      offer.run();
    } }, offer.words));
  }
  add(toast, theRegions().news);
  window.setTimeout(() => close(toast), offer ? offerMs : newsMs);
}

function add(toast: Toast, region: HTMLElement): void {
  while (shown.length >= toastsMax) close(shown[0] as Toast);
  shown.push(toast);
  region.append(toast.element);
  bringToFront();
}

function close(toast: Toast): void {
  shown = shown.filter((other) => other !== toast);
  toast.element.remove();
}

/** A modal dialog lies over the page and makes all else inert: while one is open, the messages live in it. */
function bringToFront(): void {
  const dialog = [...document.querySelectorAll<HTMLDialogElement>("dialog[open]")].pop();
  const home = dialog ?? document.body;
  const { place } = theRegions();
  if (place.parentElement === home) return;
  home.append(place);
  dialog?.addEventListener("close", () => document.body.append(place), { once: true });
}

function failureBox(failure: Failure, onClose: () => void): HTMLElement {
  const at = formatExact(Date.now());
  const copy = element("button", { type: "button", class: "button-quiet", "data-testid": "toast-copy" }, "Copy");
  copy.addEventListener("click", () => void copyText(failureText(failure, at), copy));
  return element(
    "div", { class: "toast toast-failure", "data-testid": "toast-error" },
    element(
      "div", { class: "toast-head" },
      element("strong", {}, failure.title), element("span", { class: "toast-count" }), copy,
      element("button", { type: "button", class: "button-quiet", "aria-label": "Close this message", click: onClose }, "Close"),
    ),
    failure.explanation !== "" && element("p", {}, failure.explanation),
    failure.request !== "" && element("p", { class: "toast-request" }, element("code", {}, failure.request)),
    failure.requestId !== "" && element("p", { class: "toast-request" }, "Request ", element("code", {}, failure.requestId)),
    failure.body !== "" && element(
      "details", {}, element("summary", {}, "Answer"), element("pre", { tabindex: "0" }, element("code", {}, failure.body)),
    ),
  );
}
