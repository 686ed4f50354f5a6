/**
 * Checks of what a figure is given, in the library's one form of sentence: `functionName: argument must be X, got Y.` A
 * number that is not finite would be drawn at a wrong place or not at all, so it is refused by its name.
 */

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value).slice(0, 6);
    return keys.length === 0 ? 'an empty object' : `an object with keys ${keys.join(', ')}`;
  }
  return String(value);
}

/** The error for a value out of its range. */
export function outOfRange(where: string, argument: string, expected: string, got: unknown, hint = ''): RangeError {
  return new RangeError(`${where}: ${argument} must be ${expected}, got ${shown(got)}.${hint && ` ${hint}`}`);
}

/** The error for a value of the wrong kind. */
export function wrongKind(where: string, argument: string, expected: string, got: unknown, hint = ''): TypeError {
  return new TypeError(`${where}: ${argument} must be ${expected}, got ${shown(got)}.${hint && ` ${hint}`}`);
}

/** A text that is not empty. */
export function text(where: string, argument: string, value: string): string {
  if (typeof value !== 'string') throw wrongKind(where, argument, 'a text', value);
  if (value === '') throw outOfRange(where, argument, 'a text of at least one letter', value);
  return value;
}

/** A finite number, as it was given. */
export function finite(where: string, argument: string, value: number, hint = ''): number {
  if (typeof value !== 'number') throw wrongKind(where, argument, 'a finite number', value, hint);
  if (!Number.isFinite(value)) throw outOfRange(where, argument, 'a finite number', value, hint);
  return value;
}

/** A finite number, or null where it is missing. */
export function finiteOrNull(where: string, argument: string, value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : finite(where, argument, value);
}

/** Requires every number of a list to be finite, or null where `orNull` says that it may be missing. */
export function allFinite(where: string, argument: string, values: ArrayLike<number | null>, orNull = false): void {
  listOf(where, argument, values);
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (orNull && value === null) continue;
    if (typeof value !== 'number') throw wrongKind(where, `${argument}[${index}]`, 'a finite number', value);
    finite(where, `${argument}[${index}]`, value);
  }
}

/** A number of rows. */
export function whole(where: string, argument: string, value: number): number {
  if (typeof value !== 'number') throw wrongKind(where, argument, 'a whole number', value);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw outOfRange(where, argument, 'a whole number of at least 0', value);
  }
  return value;
}

/** A number of rows out of so many. */
export function wholeOf(where: string, argument: string, value: number, all: number, of: string): number {
  if (whole(where, argument, value) > all) throw outOfRange(where, argument, `at most the ${of}, ${all}`, value);
  return value;
}

/** A list of any kind, typed arrays among them. */
export function listOf<Item>(where: string, argument: string, value: ArrayLike<Item>): ArrayLike<Item> {
  if (typeof value !== 'object' || value === null || typeof value.length !== 'number') {
    throw wrongKind(where, argument, 'a list', value);
  }
  return value;
}

/** Requires a record: what a metric returned, or a part of it. */
export function record(where: string, argument: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw wrongKind(where, argument, 'a record', value);
}

/** A list with as many entries as another. */
export function sameLength(
  where: string,
  argument: string,
  value: ArrayLike<unknown>,
  other: string,
  length: number,
): void {
  if (listOf(where, argument, value).length !== length) {
    throw wrongKind(where, argument, `a list of ${length}, as ${other} is`, value);
  }
}

/** The entries of a record of results by name: at least one. */
export function namedResults<Result>(
  where: string,
  argument: string,
  results: Readonly<Record<string, Result>>,
): [name: string, result: Result][] {
  if (typeof results !== 'object' || results === null || Array.isArray(results)) {
    throw wrongKind(where, argument, 'a record of results by name', results);
  }
  const entries = Object.entries(results);
  if (entries.length === 0) throw outOfRange(where, argument, 'a record of at least one result', results);
  for (const [name, result] of entries) {
    if (typeof result !== 'object' || result === null) {
      const hint = entries.some(([key]) => key === 'value') ? 'Give results by name: { student: result }.' : '';
      throw wrongKind(where, `${argument}.${name}`, 'a result', result, hint);
    }
  }
  return entries;
}

/** Requires that an options record holds no unknown name: a misspelt option would be silently ignored. */
export function knownOptions(where: string, options: object, known: readonly string[]): void {
  record(where, 'options', options);
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw outOfRange(where, 'option', `one of ${known.join(', ')}`, name);
  }
}
