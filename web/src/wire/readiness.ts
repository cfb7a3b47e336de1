// Whether the collector and its storage can be reached: asked once for the whole UI, read by all its parts.

import { EverMoreSeldom } from "../base/ever-more-seldom";
import { Lifetime } from "../base/lifetime";
import { Signal } from "../base/signal";
import { fetchReadiness, Readiness } from "./api";

const pollMs = 3000;
const loginRequired = "login-required";

/** Undefined before the first answer, null while there is none. */
export const readiness = new Signal<Readiness | null | undefined>(undefined);

/** The collector answers, but wants a login first. */
export function isLoggedOut(): boolean {
  return readiness.value?.status === loginRequired;
}

/** Storage was switched off on purpose: nothing will ever be stored, and asking is pointless. */
export function isStorageOff(): boolean {
  return readiness.value?.storageState === "off";
}

/** Nobody logs in while nobody is there: then it is asked ever more seldom, and at once when somebody comes back to the page. */
export function watchReadiness(lifetime: Lifetime): void {
  const loggedOut = new EverMoreSeldom(pollMs);
  const ask = lifetime.repeat(pollMs, async () => {
    try {
      readiness.value = await fetchReadiness();
    } catch {
      // The only reason is that nobody answers; pages show the details of their own requests.
      readiness.value = null;
    }
    if (readiness.value?.status === loginRequired) return loggedOut.next();
    loggedOut.reset();
    return pollMs;
  });
  lifetime.listen("focus", () => {
    if (readiness.value?.status === loginRequired) ask();
  });
}
