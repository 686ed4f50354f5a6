/** Claims that are checked one by one and reported together. */

/** Something that must hold, and a check that throws where it does not. */
export interface Claim {
  readonly what: string;
  readonly check: () => void;
}

/** Checks all claims; throws one error that lists those that do not hold. Returns what holds. */
export function checkClaims(where: string, subject: string, claims: readonly Claim[]): readonly string[] {
  const failed = claims.flatMap(({ what, check }) => {
    try {
      check();
      return [];
    } catch (error) {
      return [`${what}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });
  if (failed.length > 0) {
    const lines = failed.map((line) => `- ${line}`).join('\n');
    throw new Error(`${where}: ${subject} fails ${failed.length} of ${claims.length} checks:\n${lines}`);
  }
  return claims.map(({ what }) => what);
}

/** Requires two results (numbers, lists, typed arrays, records of them) to agree within a tolerance relative to max(1, |number|). */
export function expectSame(got: unknown, expected: unknown, tolerance: number, path = 'the result'): void {
  if (typeof expected === 'number' && typeof got === 'number') {
    const isClose = Math.abs(got - expected) <= tolerance * Math.max(1, Math.abs(expected));
    if (got === expected || isClose || (Number.isNaN(got) && Number.isNaN(expected))) return;
  } else if (typeof expected === 'object' && expected !== null && typeof got === 'object' && got !== null) {
    const [wanted, found] = [expected, got] as Readonly<Record<string, unknown>>[];
    const names = new Set([...Object.keys(wanted!), ...Object.keys(found!)]);
    for (const name of names) expectSame(found![name], wanted![name], tolerance, `${path}.${name}`);
    return;
  } else if (Object.is(got, expected)) return;
  throw new Error(`${path} must be ${String(expected)}, got ${String(got)}.`);
}
