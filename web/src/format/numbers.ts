// Numbers as people read them. All functions are pure and total: non-finite numbers have a spelling too.

const grouping = new Intl.NumberFormat("en-US");

/** Whole numbers beyond this may stand for a neighbour of theirs: they are marked. */
function isRounded(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) <= 2 ** 64;
}

/** A count with thousands separators: 1,234,567. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return "–";
  return (isRounded(count) ? "≈ " : "") + grouping.format(Math.round(count));
}

/** A rate per second with three digits: 0, 4.2, 950, 12.4 k, 1.03 M. */
export function formatRate(perSecond: number): string {
  if (!Number.isFinite(perSecond) || perSecond <= 0) return "0";
  const scales: [number, string][] = [[1e9, " G"], [1e6, " M"], [1e3, " k"]];
  for (const [scale, letter] of scales) {
    // 999.6 would be written 1000 in its own scale: take the next one from there on.
    if (perSecond >= scale * 0.9995) return threeDigits(perSecond / scale) + letter;
  }
  return threeDigits(perSecond);
}

/** Bytes in binary steps: 512 B, 1.5 KiB, 64 MiB. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return "–";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : threeDigits(value)} ${units[unit]}`;
}

function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  if (value >= 9.995) return trimZeros(value.toFixed(1));
  return trimZeros(value.toFixed(2));
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A measured value with six significant digits, exponent only where needed; NaN and infinities by name. */
export function formatValue(value: number | undefined): string {
  if (value === undefined) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "+∞";
  if (value === -Infinity) return "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e7 || size < 1e-4 ? value.toExponential(4) : String(Number(value.toPrecision(6)));
  return text.replace("-", "−").replace("e+", "e");
}

/** A frame on an axis: in full, since neighbours differ in their last digits. */
export function formatPlace(frame: number): string {
  return grouping.format(frame).replace("-", "−");
}

/** A value with all its digits; marked where a whole number has more of them than the page's numbers can tell apart. */
export function formatAllDigits(value: number | string): string {
  return typeof value === "number" && isRounded(value) ? `≈ ${BigInt(value)}` : String(value);
}

/**
 * Labels for the ticks of an axis: as many digits as the step needs, so that no two of them are alike.
 * `step` is the distance of two ticks, > 0.
 */
export function formatTick(value: number, step: number): string {
  // Sums of steps miss zero by a rounding error.
  const exact = Math.abs(value) < step * 1e-6 ? 0 : value;
  if (exact === 0 && step < 1e-5) return "0";
  if (Math.abs(exact) >= 1e9 || step < 1e-5) {
    const digits = Math.floor(Math.log10(Math.abs(exact)) + 1e-9) - Math.floor(Math.log10(step) + 1e-9) + (isRound(step) ? 0 : 1);
    return exact.toExponential(Math.min(15, Math.max(0, digits))).replace("-", "−").replace("e-", "e−").replace("e+", "e");
  }
  let decimals = 0;
  // A step of 0.025 needs three decimals: two would write neighbours as 0.03 and 0.05.
  while (decimals < 6 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) decimals += 1;
  const [whole, fraction] = Math.abs(exact).toFixed(decimals).split(".");
  const sign = exact < 0 ? "−" : "";
  return `${sign}${grouping.format(Number(whole))}${fraction === undefined ? "" : `.${fraction}`}`;
}

/** One digit, such as 2e6: unlike 2.5e6. */
function isRound(step: number): boolean {
  const digit = step / 10 ** Math.floor(Math.log10(step) + 1e-9);
  return Math.abs(digit - Math.round(digit)) < 1e-6;
}
