// Many changes, one reaction.

/** A function that runs `task` once before the next frame is drawn, however often it is called until then. */
export function oncePerFrame(task: () => void): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      task();
    });
  };
}

/** The same, at the end of the current task; works in hidden pages too, where no frames are drawn. */
export function oncePerTask(task: () => void): () => void {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      task();
    });
  };
}
