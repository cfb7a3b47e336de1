// What the about box tells.

import { request } from "./http";

/** The collector's, "" if it does not say. */
export async function fetchVersion(): Promise<string> {
  const metrics = await (await request("/metrics")).text();
  return /^teltel_build_info\{version="([^"]*)"\}/m.exec(metrics)?.[1] ?? "";
}

export async function fetchLicenses(): Promise<string> {
  return (await request("/licenses.txt")).text();
}
