// Requests to the collector. Every failure becomes an `ApiError` with words for a person.

export interface FailedRequest {
  method: string;
  /** Path and query. */
  url: string;
  /** As it came, "" if nothing did. May hold secrets: show it through `maskSecrets` only. */
  body: string;
  /** The collector's name for the request, "" if it gave none. */
  requestId: string;
}

export class ApiError extends Error {
  /** HTTP status, 0 if no answer came. */
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  /** Null for a failure that belongs to no request. */
  readonly request: FailedRequest | null;

  constructor(status: number, code: string, message: string, hint: string, request: FailedRequest | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.request = request;
  }
}

export interface RequestOptions {
  /** Default: GET. */
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** The answer, if it is a good one. Fails with `ApiError`, code "unreachable" or "aborted" if there is none. */
export async function request(url: string, { method = "GET", body, signal }: RequestOptions = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      ...(signal ? { signal } : {}),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    });
  } catch {
    const failed = { method, url, body: "", requestId: "" };
    if (signal?.aborted) throw new ApiError(0, "aborted", "The request was cancelled.", "", failed);
    throw new ApiError(0, "unreachable", "The collector does not answer.", "Is `teltel collect` running?", failed);
  }
  if (response.ok) return response;
  throw await readError(response, method, url);
}

async function readError(response: Response, method: string, url: string): Promise<ApiError> {
  const body = await response.text();
  const failed = { method, url, body, requestId: response.headers.get("X-Request-Id") ?? "" };
  try {
    const error = JSON.parse(body).error;
    return new ApiError(
      response.status, String(error.code ?? ""), String(error.message ?? ""), String(error.hint ?? ""), failed,
    );
  } catch {
    // Not the collector's own form of an error: a proxy, say. Its text is the best explanation there is.
    return new ApiError(response.status, "", body.slice(0, 300) || `HTTP ${response.status}`, "", failed);
  }
}

/** A request as one can give it to a shell, whatever names there are in it. */
export function curlOf(path: string): string {
  return `curl '${location.origin}${path.replace(/'/g, "%27")}'`;
}

/** The part behind "?": what is undefined or "" is left out. */
export function query(parameters: Record<string, string | undefined>): string {
  const pairs = Object.entries(parameters).filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== "");
  return pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
}

export function splitLines(body: string): string[] {
  return body.split("\n").filter((line) => line.trim() !== "");
}
