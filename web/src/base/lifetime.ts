// What a page has started and must stop when it leaves: listeners, timers, sockets, observers.

/** Browsers count no further. */
const timerMsMax = 2 ** 31 - 1;

export class Lifetime {
  private ends: (() => void)[] = [];
  private ended = false;

  get isOver(): boolean {
    return this.ended;
  }

  /** Runs `end` when the lifetime is over, at once if it is over already. */
  add(end: () => void): void {
    if (this.ended) end();
    else this.ends.push(end);
  }

  listen<K extends keyof WindowEventMap>(type: K, handler: (event: WindowEventMap[K]) => void): void {
    window.addEventListener(type, handler);
    this.add(() => window.removeEventListener(type, handler));
  }

  /**
   * Runs `task` now and again `intervalMs` after each time that it has finished, so that slow answers never pile up; a task
   * that gives a number waits so long instead. `task` reports its own errors. The returned function runs it at once.
   */
  repeat(intervalMs: number, task: () => Promise<number | void>): () => void {
    let timer = 0;
    let running = false;
    const step = async () => {
      window.clearTimeout(timer);
      if (running || this.ended) return;
      running = true;
      let pauseMs = intervalMs;
      try {
        pauseMs = await task() ?? intervalMs;
      } finally {
        running = false;
        if (!this.ended) timer = window.setTimeout(step, Math.min(pauseMs, timerMsMax));
      }
    };
    this.add(() => window.clearTimeout(timer));
    void step();
    return () => void step();
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    for (const end of this.ends.reverse()) end();
    this.ends = [];
  }
}
