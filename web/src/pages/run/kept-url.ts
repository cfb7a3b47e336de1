// What a run's page keeps in the URL. Each change that somebody made is a step of the browser's Back; a gesture is one, however many
// small steps it came in.

import { Lifetime } from "../../base/lifetime";
import { writeQuery } from "../../base/navigation";
import { Panel } from "../../series/layout";
import { PanelCodec } from "../../series/layout-codec";
import { formatRunQuery, parseRunQuery, RunQuery } from "./run-query";

const writeDelayMs = 250;

export class KeptUrl {
  private written: RunQuery;
  private timer = 0;
  private holds = 0;

  /** @param query what is to be kept, as it is now */
  constructor(private readonly codecs: readonly PanelCodec[], private readonly query: () => RunQuery, private readonly lifetime: Lifetime) {
    this.written = parseRunQuery(location.search, codecs);
    lifetime.add(() => this.dropWrite());
  }

  /** What the URL says. */
  read(): RunQuery {
    this.dropWrite();
    this.written = parseRunQuery(location.search, this.codecs);
    return this.written;
  }

  /** The URL stays as it is until the function is called; then it says what has come of it. */
  hold(): () => void {
    // What is still to be written is a step of its own.
    if (this.timer !== 0) this.write();
    this.holds += 1;
    return () => {
      this.holds -= 1;
      this.change();
    };
  }

  change(): void {
    this.dropWrite();
    // Dialogs and gestures may end after the page has been left: the URL is another page's then.
    if (this.holds > 0 || this.lifetime.isOver) return;
    // Wheels and drags come in many small steps: where they end is one.
    const { range, cursors, panels } = this.written;
    const query = this.query();
    const own = (of: readonly Panel[] | null) => (of ?? []).flatMap((panel) => panel.range ?? []);
    const isMove = JSON.stringify([query.range, query.cursors, own(query.panels)]) !== JSON.stringify([range, cursors, own(panels)]);
    if (isMove) this.timer = window.setTimeout(() => this.write(), writeDelayMs);
    else this.write();
  }

  /** Nobody has asked for what is shown now, so there is nothing to go back from. */
  correct(): void {
    this.written = this.query();
    writeQuery(formatRunQuery(this.written, this.codecs), false);
  }

  private write(): void {
    this.dropWrite();
    const query = this.query();
    writeQuery(formatRunQuery(query, this.codecs), this.stepText(query) !== this.stepText(this.written));
    this.written = query;
  }

  private dropWrite(): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
  }

  /** Moving a cursor is no step that anybody would want to take back. */
  private stepText(query: RunQuery): string {
    return formatRunQuery({ ...query, cursors: [null, null] }, this.codecs);
  }
}
