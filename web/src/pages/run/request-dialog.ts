// Shows what stands behind a panel: for each series the request that asks for what the panel shows, and its SQL, so that both can be
// taken further.

import { element } from "../../base/dom";
import { formatCount } from "../../format/numbers";
import { Range } from "../../protocol/protocol";
import { everyKey, SeriesId } from "../../protocol/series-id";
import { Panel } from "../../series/layout";
import { isTextSeries, panelTitle } from "../../series/names";
import { copyText } from "../../shell/copy";
import { openDialog } from "../../shell/dialog";
import { explainSize } from "../../wire/api";
import { ApiError, curlOf } from "../../wire/http";
import { readiness } from "../../wire/readiness";
import { explainSeries, seriesPath, SeriesRequest } from "../../wire/series";
import { RunSession } from "./run-session";

const points = 6000;

export async function openRequests(session: RunSession, panel: Panel, shown: Range | null): Promise<void> {
  const content = element("div", { class: "sql-list" }, element("p", {}, "Asking …"));
  openDialog({ title: `SQL and requests of ${panelTitle(panel)}`, testId: "sql-dialog", className: "sql-dialog", content: [content] });
  const frames = shown ? await framesOf(session, shown) : null;
  const words = frames ? `What the panel shows: frames ${formatCount(firstOf(frames))} to ${formatCount(lastOf(frames))}.` : "All of the run.";
  content.replaceChildren(element("p", { class: "sql-note" }, `${words} ${whereToRun()}`), ...await Promise.all(panel.series.map((id) => section(session, id, frames))));
}

/** How the size of a run on disk was found. */
export async function openSizeRequest(runId: string): Promise<void> {
  const content = element("div", { class: "sql-list" }, element("p", {}, "Asking …"));
  openDialog({ title: "SQL and request of the size on disk", testId: "sql-dialog", className: "sql-dialog", content: [content] });
  try {
    const { sql, curl } = await explainSize(runId);
    content.replaceChildren(
      element("p", { class: "sql-note" }, whereToRun()), element("section", {}, block("Request", "curl", curl), block("SQL", "sql", sql)),
    );
  } catch (error) {
    content.replaceChildren(element("p", { class: "panel-note" }, failureWords(error)));
  }
}

/** The embedded database has no door of its own: whoever has a server can take the SQL there. */
function whereToRun(): string {
  return (readiness.value?.storageDetail ?? "").includes("embedded")
    ? "The request answers in a terminal. The embedded ClickHouse takes queries from the collector alone; on a server of yours the SQL runs as it stands, in teltel's database."
    : "The request answers in a terminal; the SQL runs as it stands in clickhouse-client, in teltel's database.";
}

function firstOf(frames: Range): number {
  return Math.max(0, Math.floor(frames.from));
}

function lastOf(frames: Range): number {
  return Math.max(firstOf(frames), Math.ceil(frames.to));
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
    ...(frames ? { fromFrame: firstOf(frames), toFrame: lastOf(frames) } : {}),
  };
  const name = [id.channel, id.type, id.field, id.key === everyKey ? "" : id.key].filter(Boolean).join(" · ");
  const curl = curlOf(seriesPath(request, isText));
  const blocks = [block("Request", "curl", curl)];
  try {
    blocks.push(block("SQL", "sql", await explainSeries(request, isText) || "-- no event of this type has been stored yet"));
  } catch (error) {
    blocks.push(element("p", { class: "panel-note" }, failureWords(error)));
  }
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
