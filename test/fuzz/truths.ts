/** What is true of every result, without an oracle. */

/** A case that went against a truth. */
export class Finding extends Error {
  override name = 'Finding';
}

export function claim(holds: boolean, what: () => string): void {
  if (!holds) throw new Finding(what());
}

/** Numbers and words, shortened. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (ArrayBuffer.isView(part)) return Array.from(part as unknown as ArrayLike<unknown>, plain);
    return plain(part);
  });
  return text === undefined ? String(value) : text.length > 600 ? `${text.slice(0, 600)}…` : text;
}

function plain(part: unknown): unknown {
  if (typeof part === 'number') return Number.isFinite(part) && !Object.is(part, -0) ? part : String(part);
  return typeof part === 'bigint' || typeof part === 'function' ? String(part) : part;
}

/** Every number in a result, with its path. */
export function* numbersIn(value: unknown, path = ''): Generator<readonly [string, number]> {
  if (typeof value === 'number') yield [path, value];
  else if (ArrayBuffer.isView(value) || Array.isArray(value)) {
    const list = value as ArrayLike<unknown>;
    for (let index = 0; index < list.length; index++) yield* numbersIn(list[index], `${path}[${index}]`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) yield* numbersIn(part, path === '' ? name : `${path}.${name}`);
  }
}

/** No NaN anywhere in a result. */
export function claimNoNaN(result: unknown, what: string): void {
  for (const [path, value] of numbersIn(result)) claim(!Number.isNaN(value), () => `NaN at ${what}.${path}`);
}

/** Where two results differ by more than rounding; undefined where they agree. */
export function difference(actual: unknown, expected: unknown, tolerance: number, path = ''): string | undefined {
  if (typeof expected === 'number') {
    if (Object.is(actual, expected) || actual === expected) return undefined;
    const gap = typeof actual === 'number' ? Math.abs(actual - expected) : Number.NaN;
    if (gap <= tolerance * Math.max(1, Math.abs(expected)) && Number.isFinite(expected)) return undefined;
    return `${path || 'value'}: ${String(actual)} for ${expected}`;
  }
  if (ArrayBuffer.isView(expected) || Array.isArray(expected)) {
    const [got, wanted] = [(actual ?? []) as ArrayLike<unknown>, expected as unknown as ArrayLike<unknown>];
    if (got.length !== wanted.length) return `${path}.length: ${got.length} for ${wanted.length}`;
    for (let index = 0; index < wanted.length; index++) {
      const found = difference(got[index], wanted[index], tolerance, `${path}[${index}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (typeof expected === 'object' && expected !== null) {
    const names = new Set([...Object.keys(expected), ...Object.keys((actual as object | null) ?? {})]);
    for (const name of names) {
      const [got, wanted] = [
        (actual as Record<string, unknown> | null)?.[name],
        (expected as Record<string, unknown>)[name],
      ];
      const found = difference(got, wanted, tolerance, path === '' ? name : `${path}.${name}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (Object.is(actual, expected) || typeof expected === 'function') return undefined;
  return `${path}: ${shown(actual)} for ${shown(expected)}`;
}

export function claimSame(actual: unknown, expected: unknown, tolerance: number, what: string): void {
  const found = difference(actual, expected, tolerance);
  claim(found === undefined, () => `${what}: ${found}`);
}

/** An error of the library's own: TypeError or RangeError that begins with the name of what was called. */
export function isFramed(error: unknown, names: readonly string[]): boolean {
  if (!(error instanceof TypeError || error instanceof RangeError)) return false;
  const begins = names.some((name) => error.message.startsWith(`${name}:`) || error.message.startsWith(`${name}.`));
  return begins && /: .* must .*, got .*/s.test(error.message);
}

/** The result, or undefined where the library refused; any other error is a finding. */
export function resultOrRefusal<Result>(names: readonly string[], compute: () => Result): Result | undefined {
  try {
    return compute();
  } catch (error) {
    claimFramed(error, names);
    return undefined;
  }
}

export function claimFramed(error: unknown, names: readonly string[]): void {
  if (error instanceof Finding) throw error;
  claim(isFramed(error, names), () => `an error that is none of ${names[0]}: ${describeError(error)}`);
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return shown(error);
  const at =
    error.stack
      ?.split('\n')
      .find((line) => /src\//.test(line))
      ?.trim() ?? '';
  return `${error.name}: ${error.message.slice(0, 300)} ${at}`;
}

/** Refuses, as it should. */
export function claimRefused(names: readonly string[], compute: () => unknown, what: string): void {
  let result: unknown;
  try {
    result = compute();
  } catch (error) {
    claimFramed(error, names);
    return;
  }
  claim(false, () => `${what} was not refused: ${shown(result)}`);
}
