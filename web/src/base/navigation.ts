// Where the user goes. Pages change by `navigate`; what a page shows is kept in the query by `writeQuery`.

/** Fired on `window` after `navigate`. */
export const navigatedEvent = "teltel-navigated";

export function navigate(url: string): void {
  history.pushState(null, "", url);
  window.dispatchEvent(new Event(navigatedEvent));
}

/** Fired on `window` when back or forward has led to another state of the same page. */
export const queryChangedEvent = "teltel-query-changed";

/** Keeps the page's state in the URL; a `step` can be taken back with the browser's own button. */
export function writeQuery(query: string, isStep: boolean): void {
  const url = location.pathname + query;
  if (url === location.pathname + location.search) return;
  if (isStep) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
}
