import { formatAllDigits, formatBytes, formatCount, formatPlace, formatRate, formatTick, formatValue } from "../../../web/src/format/numbers";
import { formatAxisTime, formatDuration, formatExact, formatRelative, parseTime, timeSteps } from "../../../web/src/format/times";
import { calmRange } from "../../../web/src/plot/value-range";
import { equal, isTrue, test } from "./harness";

test("counts have thousands separators", () => {
  equal([0, 999, 1000, 1234567, NaN].map(formatCount), ["0", "999", "1,000", "1,234,567", "–"]);
});

test("what a number cannot hold in all digits is marked", () => {
  equal([formatCount(9007199254740991), formatCount(9007199254740993)], ["9,007,199,254,740,991", "≈ 9,007,199,254,740,992"]);
  equal([1e300, 2 ** 53, -(2 ** 63), 0.1, NaN, "9007199254740993"].map(formatAllDigits),
    ["1e+300", "≈ 9007199254740992", "≈ -9223372036854775808", "0.1", "NaN", "9007199254740993"]);
});

test("rates keep three digits and change scale without writing 1000", () => {
  equal([0, -1, NaN, 4.2, 99.96, 999.4, 999.6, 12_400, 999_600, 1_030_000, 2.5e9].map(formatRate),
    ["0", "0", "0", "4.2", "100", "999", "1 k", "12.4 k", "1 M", "1.03 M", "2.5 G"]);
});

test("bytes use binary steps", () => {
  equal([0, 512, 1536, 67108864, -5].map(formatBytes), ["0 B", "512 B", "1.5 KiB", "64 MiB", "0 B"]);
});

test("values have six digits and name what is not finite", () => {
  equal([0, -0, 1 / 3, -1234.5678, 1.5e9, 2e-5, NaN, Infinity, -Infinity, undefined].map(formatValue),
    ["0", "0", "0.333333", "−1234.57", "1.5000e9", "2.0000e−5", "NaN", "+∞", "−∞", "–"]);
});

test("ticks show all digits of their step", () => {
  equal([-0.05, -0.025, 1e-17, 0.025].map((value) => formatTick(value, 0.025)), ["−0.050", "−0.025", "0.000", "0.025"]);
  equal([20, 40].map((value) => formatTick(value, 20)), ["20", "40"]);
  equal([formatTick(2_500_000, 500_000), formatTick(-1_000_500.5, 0.5)], ["2,500,000", "−1,000,500.5"]);
  equal([1e9, 1.25e9, 1.5e9].map((value) => formatTick(value, 2.5e8)), ["1.00e9", "1.25e9", "1.50e9"]);
});

test("no two ticks of an axis have the same words", () => {
  for (const [first, step] of [[0, 2.5e-6], [0.5, 1e-6], [1e9, 5000], [4e15, 2], [1e-9, 2e-10], [-3e12, 2.5e6], [777_000, 200]] as const) {
    const words = Array.from({ length: 8 }, (_, index) => formatTick(first + index * step, step));
    equal([first, new Set(words).size], [first, 8]);
  }
  const frames = [999_000, 1_000_000, 1_001_000, 2 ** 40 + 1, 2 ** 40 + 2].map(formatPlace);
  equal(frames, ["999,000", "1,000,000", "1,001,000", "1,099,511,627,777", "1,099,511,627,778"]);
});

test("a label of an axis of times is the time where it stands", () => {
  const minute = new Date(2026, 2, 1, 12, 30).getTime();
  const words = (step: number) => Array.from({ length: 4 }, (_, index) => formatAxisTime(minute + index * step, step));
  equal(words(2500), ["12:30:00.000", "12:30:02.500", "12:30:05.000", "12:30:07.500"]);
  equal(words(500)[1], "12:30:00.500");
  equal(words(5000), ["12:30:00", "12:30:05", "12:30:10", "12:30:15"]);
  equal(words(3_600_000)[1], "13:30:00");
  equal(words(86_400_000)[1], "03-02 12:30");
  equal(formatAxisTime(new Date(2026, 2, 2).getTime(), 86_400_000), "2026-03-02");
  equal(timeSteps.filter((step) => step > 1000 && step % 1000 !== 0), []);
});

test("relative times", () => {
  const now = Date.UTC(2026, 2, 1, 12);
  const ages = [0, 4, 5, 59, 60, 3599, 3600, 86400 * 2];
  equal(ages.map((age) => formatRelative(now - age * 1000, now)),
    ["just now", "just now", "5 s ago", "59 s ago", "1 min ago", "59 min ago", "1 h ago", "2 d ago"]);
  equal(formatRelative(NaN, now), "–");
});

test("exact times keep milliseconds", () => {
  equal(formatExact(new Date(2026, 2, 1, 4, 5, 6, 78).getTime()), "2026-03-01 04:05:06.078");
  equal(formatExact(NaN), "unknown");
});

test("durations", () => {
  equal([0.416, 9.996, 12.34, 59.96, 245, 7445, NaN, -3].map(formatDuration),
    ["0.42 s", "10.0 s", "12.3 s", "1:00", "4:05", "2:04:05", "–", "0.00 s"]);
});

test("times of both servers are read, zone-less ones as UTC", () => {
  equal(parseTime("2026-03-01T12:00:00.5Z"), Date.UTC(2026, 2, 1, 12, 0, 0, 500));
  equal(parseTime("2026-03-01 12:00:00"), Date.UTC(2026, 2, 1, 12));
  equal([parseTime(undefined), parseTime(""), parseTime("soon")], [NaN, NaN, NaN]);
});

test("an axis keeps its range while the lines fit, and grows before they touch the edge", () => {
  const first = calmRange(null, 0, 10);
  isTrue(first.from < 0 && first.to > 10, "margin on both sides");
  equal(calmRange(first, 1, 9), first);
  const grown = calmRange(first, 0, 14);
  isTrue(grown.to > 14 && grown.from === first.from, "grows on one side only");
});

test("an axis shrinks only when the lines have become small", () => {
  const wide = calmRange(null, -100, 100);
  equal(calmRange(wide, -60, 60), wide);
  isTrue(calmRange(wide, -1, 1).to < 5, "shrinks at last");
});

test("values of elsewhere have an axis of their own at once", () => {
  const axis = calmRange(calmRange(null, 0, 100), 1000, 1100);
  isTrue(axis.from > 900 && axis.to > 1100, "nothing of what was left");
});

test("an axis copes with flat lines, no lines and extreme numbers", () => {
  equal(calmRange(null, 0, 0), { from: -1, to: 1 });
  equal(calmRange(null, null, null), { from: -1, to: 1 });
  const flat = calmRange(null, 5, 5);
  isTrue(flat.from < 5 && flat.to > 5, "room around a constant");
  const extreme = calmRange(null, -1.7e308, 1.7e308);
  isTrue(Number.isFinite(extreme.from) && Number.isFinite(extreme.to), "finite limits");
});
