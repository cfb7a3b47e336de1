// The least that unit tests need: run by plain node, no packages.

declare const process: { exitCode: number };

let passed = 0;
let failed = 0;

export function test(name: string, body: () => void): void {
  try {
    body();
    passed += 1;
  } catch (error) {
    failed += 1;
    console.error(`FAILED ${name}\n  ${error instanceof Error ? error.message : String(error)}`);
  }
}

function show(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === undefined) return "undefined";
    return typeof inner === "number" && !Number.isFinite(inner) ? String(inner) : inner;
  });
}

/** Equal by value; NaN equals NaN, undefined differs from null. */
export function equal(actual: unknown, expected: unknown): void {
  if (show(actual) !== show(expected)) throw new Error(`got      ${show(actual)}\n  expected ${show(expected)}`);
}

export function isTrue(condition: boolean, what: string): void {
  if (!condition) throw new Error(`not true: ${what}`);
}

export function summarise(): void {
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}
