// Times as people read them. `now` is always passed in, so that the functions are pure.

/** "just now", "12 s ago", "5 min ago", "3 h ago", "2 d ago"; beyond a month the date. Times in ms since 1970. */
export function formatRelative(timeMs: number, nowMs: number): string {
  if (!Number.isFinite(timeMs)) return "–";
  const seconds = Math.floor((nowMs - timeMs) / 1000);
  // A little ahead of our clock is normal when the collector runs on another machine.
  if (seconds < 5) return seconds > -60 ? "just now" : formatExact(timeMs);
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 31 * 86400) return `${Math.floor(seconds / 86400)} d ago`;
  return formatExact(timeMs).slice(0, 10);
}

/** Local time to the millisecond, in the ISO order: 2026-03-01 14:05:09.123. */
export function formatExact(timeMs: number): string {
  if (!Number.isFinite(timeMs)) return "unknown";
  const time = new Date(timeMs);
  const two = (part: number) => String(part).padStart(2, "0");
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${date} ${clock}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

/** 0.42 s, 12.3 s, 4:05, 2:04:05. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const span = Math.max(0, seconds);
  if (span < 9.995) return `${span.toFixed(2)} s`;
  if (span < 59.95) return `${span.toFixed(1)} s`;
  const whole = Math.round(span);
  const two = (part: number) => String(part).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Reads RFC 3339, and the zone-less "YYYY-MM-DD hh:mm:ss" of a database as UTC. NaN if it is neither. */
export function parseTime(text: string | undefined): number {
  if (!text) return NaN;
  const plain = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)$/.exec(text);
  return Date.parse(plain ? `${plain[1]}T${plain[2]}Z` : text);
}

/** Steps between the ticks of an axis of times, ms: such as clocks have, no fractions of seconds beside whole ones. */
export const timeSteps: number[] = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000), ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000].map((days) => days * 86_400_000),
];

/** A place on an axis of local times: as fine as it is, so that nothing of it is cut. `stepMs`: between two labels. */
export function formatAxisTime(timeMs: number, stepMs: number): string {
  const text = formatExact(timeMs);
  if (text.length < 23) return text;
  const isWhole = (part: number) => stepMs % part === 0 && timeMs % part === 0;
  if (stepMs < 86_400_000) return isWhole(1000) ? text.slice(11, 19) : text.slice(11);
  // Days of another zone begin within ours.
  return text.slice(11) === "00:00:00.000" ? text.slice(0, 10) : text.slice(5, 16);
}

/** Seconds of a simulation, with as many digits as tell neighbours apart: 13.500 s. */
export function formatSimTime(seconds: number): string {
  return Number.isFinite(seconds) ? `${seconds.toFixed(3)} s` : "–";
}

/** The time of day to the millisecond: 14:05:09.123. */
export function formatClock(timeMs: number): string {
  return Number.isFinite(timeMs) ? formatExact(timeMs).slice(11) : "–";
}
