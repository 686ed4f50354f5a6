import { expect } from 'vitest';

/** Asserts that two trees of numbers agree: relative to the size of the numbers, special values exactly. */
export function expectDeepClose(actual: unknown, expected: unknown, tolerance: number, path = 'result'): void {
  if (typeof expected === 'number') {
    const ok =
      Object.is(actual, expected) ||
      (typeof actual === 'number' &&
        // Every number is within Infinity of Infinity.
        Number.isFinite(expected) &&
        Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)));
    expect(ok, `${path}: expected ${expected}, got ${String(actual)} (tolerance ${tolerance})`).toBe(true);
    return;
  }
  if (ArrayBuffer.isView(expected) || Array.isArray(expected)) {
    const wanted = Array.from(expected as ArrayLike<unknown>);
    const got = Array.from((actual ?? []) as ArrayLike<unknown>);
    expect(got.length, `${path}.length`).toBe(wanted.length);
    wanted.forEach((value, index) => {
      expectDeepClose(got[index], value, tolerance, `${path}[${index}]`);
    });
    return;
  }
  if (typeof expected === 'object' && expected !== null) {
    for (const [name, value] of Object.entries(expected)) {
      expectDeepClose((actual as Record<string, unknown>)?.[name], value, tolerance, `${path}.${name}`);
    }
    return;
  }
  expect(actual, path).toEqual(expected);
}
