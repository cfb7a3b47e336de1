// Whether the collector and its storage can be reached: asked once for the whole UI, read by all its parts.

import { Lifetime } from "../base/lifetime";
import { Signal } from "../base/signal";
import { fetchReadiness, Readiness } from "./api";

const pollMs = 3000;

/** Undefined before the first answer, null while there is none. */
export const readiness = new Signal<Readiness | null | undefined>(undefined);

/** Storage was switched off on purpose: nothing will ever be stored, and asking is pointless. */
export function isStorageOff(): boolean {
  return readiness.value?.storageState === "off";
}

export function watchReadiness(lifetime: Lifetime): void {
  lifetime.repeat(pollMs, async () => {
    try {
      readiness.value = await fetchReadiness();
    } catch {
      // The only reason is that nobody answers; pages show the details of their own requests.
      readiness.value = null;
    }
  });
}
