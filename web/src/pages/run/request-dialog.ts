// Shows what stands behind a panel: the SQL of each series with its parameters, and the request that asks for it, so that both can
// be taken further.

import { element } from "../../base/dom";
import { Panel } from "../../series/layout";
import { isTextSeries, panelTitle } from "../../series/names";
import { everyKey, SeriesId } from "../../series/series-id";
import { copyText } from "../../shell/copy";
import { openDialog } from "../../shell/dialog";
import { explainSize } from "../../wire/api";
import { ApiError } from "../../wire/http";
import { explainSeries, seriesPath, SeriesRequest } from "../../wire/series";
import { Range } from "../../worker/protocol";
import { RunSession } from "./run-session";

const points = 6000;

export async function openRequests(session: RunSession, panel: Panel, shown: Range | null): Promise<void> {
  const content = element("div", { class: "sql-list" }, element("p", {}, "Asking …"));
  openDialog({ title: `SQL and requests of ${panelTitle(panel)}`, testId: "sql-dialog", className: "sql-dialog", content: [content] });
  const frames = shown && session.time.range.value ? await framesOf(session, shown) : null;
  content.replaceChildren(...await Promise.all(panel.series.map((id) => section(session, id, frames))));
}

/** How the size of a run on disk was found. */
export async function openSizeRequest(runId: string): Promise<void> {
  const content = element("div", { class: "sql-list" }, element("p", {}, "Asking …"));
  openDialog({ title: "SQL and request of the size on disk", testId: "sql-dialog", className: "sql-dialog", content: [content] });
  try {
    const { sql, curl } = await explainSize(runId);
    content.replaceChildren(element("section", {}, block("SQL", "sql", sql), block("Request", "curl", curl)));
  } catch (error) {
    content.replaceChildren(element("p", { class: "panel-note" }, failureWords(error)));
  }
}

/** What the panel shows, in frames; null: all. */
function framesOf(session: RunSession, shown: Range): Promise<Range | null> {
  const axis = session.time.axis.value;
  return axis === "frame" ? Promise.resolve(shown) : session.data.moveRange(shown, axis, "frame");
}

async function section(session: RunSession, id: SeriesId, frames: Range | null): Promise<HTMLElement> {
  const isText = isTextSeries(id, session.catalogue);
  const request: SeriesRequest = {
    ...session.series, channel: id.channel, type: id.type, field: id.field, ...(isText ? {} : { points }),
    ...(id.key === everyKey || id.key === "" ? {} : { key: id.key }),
    ...(frames ? { fromFrame: Math.max(0, Math.floor(frames.from)), toFrame: Math.ceil(frames.to) } : {}),
  };
  const name = [id.type, id.field, id.key === everyKey ? "" : id.key].filter(Boolean).join(" · ");
  const curl = `curl '${location.origin}${seriesPath(request, isText)}'`;
  const blocks: HTMLElement[] = [];
  try {
    const { sql, parameters } = await explainSeries(request, isText);
    const head = Object.entries(parameters).map(([key, value]) => `-- param_${key}=${value}\n`).join("");
    blocks.push(block("SQL", "sql", sql === "" ? "-- no event of this type has been stored yet" : head + sql));
  } catch (error) {
    blocks.push(element("p", { class: "panel-note" }, failureWords(error)));
  }
  blocks.push(block("Request", "curl", curl));
  return element("section", {}, element("h3", {}, name), ...blocks);
}

function failureWords(error: unknown): string {
  return error instanceof ApiError ? [error.message, error.hint].filter(Boolean).join(": ") : String(error);
}

function block(title: string, testId: string, text: string): HTMLElement {
  const copy = element("button", { type: "button", class: "button-quiet" }, "Copy");
  copy.addEventListener("click", () => void copyText(text, copy));
  return element(
    "div", {}, element("div", { class: "dialog-head" }, element("h4", {}, title), element("span", { class: "spacer" }), copy),
    element("pre", { tabindex: "0", "data-testid": testId }, element("code", {}, text)),
  );
}
