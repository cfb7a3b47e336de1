// Which page a URL names. What the page of a run shows is its own business.

export type Route = { page: "list" } | { page: "run"; runId: string; sourceId: string } | { page: "unknown" };

export function parseRoute(path: string, query: string): Route {
  if (path === "/" || path === "/index.html") return { page: "list" };
  const match = /^\/runs\/(.+)$/.exec(path);
  try {
    if (match) return { page: "run", runId: decodeURIComponent(match[1] as string), sourceId: sourceIn(query) };
  } catch {
    // A broken percent sequence names no run.
  }
  return { page: "unknown" };
}

export function runPath(runId: string, sourceId: string): string {
  return `/runs/${encodeURIComponent(runId)}${sourceId === "" ? "" : `?source=${encodeURIComponent(sourceId)}`}`;
}

function sourceIn(query: string): string {
  const text = /[?&]source=([^&]*)/.exec(query)?.[1] ?? "";
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
