// A failure in words: for the toast, and as text to hand on. Pure.

import { ApiError } from "../wire/http";

export interface Failure {
  /** What could not be done, as the caller says it. */
  title: string;
  /** Why, and what the user can do; may be "". */
  explanation: string;
  /** "DELETE /api/run?runId=x: 409 run-is-running"; "" if no request failed. */
  request: string;
  requestId: string;
  /** The answer, shortened. */
  body: string;
}

const bodyShownMax = 600;
const mask = "•••";

/** Takes out what gives access: tokens, passwords, login codes, session cookies, authorization headers. */
export function maskSecrets(text: string): string {
  return text
    .replace(/\b(authorization["']?\s*[:=]\s*["']?)(?:(basic|bearer)\s+)?[^\s"',;}]+/gi, (_, name, kind) => `${name}${kind ? `${kind} ` : ""}${mask}`)
    .replace(/\b(bearer\s+)(?!•)[\w.~+/=-]+/gi, `$1${mask}`)
    .replace(/((?:\b(?:token|password|secret)|[?&]code)=)[^&\s"'#]+/gi, `$1${mask}`)
    .replace(/(["'](?:token|password|secret)["']\s*:\s*["'])[^"']*/gi, `$1${mask}`)
    .replace(/\b(teltel-session-\d*=)[^;\s"']+/gi, `$1${mask}`);
}

function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)} … (${text.length - most} more characters)`;
}

/** `what`: what could not be done, "The run cannot be deleted". */
export function describeFailure(error: unknown, what: string): Failure {
  if (!(error instanceof ApiError)) {
    const explanation = error instanceof Error ? error.message : String(error);
    return { title: what, explanation: maskSecrets(explanation), request: "", requestId: "", body: "" };
  }
  const { request, status, code, message, hint } = error;
  const answer = status === 0 ? "no answer" : [String(status), code].filter(Boolean).join(" ");
  return {
    title: what,
    explanation: maskSecrets([sentence(message), sentence(hint)].filter(Boolean).join(" ")),
    request: request ? `${request.method} ${maskSecrets(request.url)}: ${maskSecrets(answer)}` : "",
    requestId: request?.requestId ?? "",
    // Masked before it is cut: half a secret would not be recognised.
    body: request ? shorten(maskSecrets(request.body), bodyShownMax) : "",
  };
}

/** The collector's messages begin small and have no full stop. */
function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  const end = /[.!?…]$/.test(trimmed) ? "" : ".";
  return `${trimmed.slice(0, 1).toUpperCase()}${trimmed.slice(1)}${end}`;
}

/** To paste into a report. */
export function failureText({ title, explanation, request, requestId, body }: Failure, at: string): string {
  const lines = [title, explanation, request, requestId && `Request id: ${requestId}`, body && `Answer: ${body}`, `Time: ${at}`];
  return lines.filter(Boolean).join("\n");
}

/** The same for failures that tell the user the same thing. */
export function failureKey({ title, explanation, request }: Failure): string {
  return JSON.stringify([title, explanation, request]);
}
