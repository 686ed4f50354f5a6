/**
 * Argument checks. One sentence form for the whole library:
 * `functionName: argument must be X, got Y.` and, where one helps, a hint after it.
 */
import { isSameShape } from './shape.ts';

/** Shows a value in an error message, shortened. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) {
    const shown = value.slice(0, 6).map(describe).join(', ');
    return `[${shown}${value.length > 6 ? ', …' : ''}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const name = value.constructor?.name;
    return name && name !== 'Object' ? `a ${name}` : `an object with keys ${describe(Object.keys(value))}`;
  }
  return String(value);
}

/** Shows a shape as `[2, 3]`. */
export function describeShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

function message(where: string, argument: string, expected: string, got: string, hint?: string): string {
  return `${where}: ${argument} must be ${expected}, got ${got}.${hint ? ` ${hint}` : ''}`;
}

/** The error for a value out of its range. */
export function rangeError(
  where: string,
  argument: string,
  expected: string,
  value: unknown,
  hint?: string,
): RangeError {
  return new RangeError(message(where, argument, expected, describe(value), hint));
}

/** The error for a value of the wrong kind. */
export function kindError(where: string, argument: string, expected: string, value: unknown, hint?: string): TypeError {
  return new TypeError(message(where, argument, expected, describe(value), hint));
}

/** Refuses what is no backend, as where it was left out. */
export function checkIsBackend(where: string, backend: unknown): void {
  if (typeof (backend as { readonly scope?: unknown } | null | undefined)?.scope === 'function') return;
  throw kindError(where, 'backend', 'a backend, such as tfjsBackend()', backend, 'It comes first.');
}

/** The error for a tensor of the wrong shape. */
export function shapeError(
  where: string,
  argument: string,
  expected: string,
  shape: readonly number[],
  hint?: string,
): TypeError {
  return new TypeError(message(where, argument, expected, `shape ${describeShape(shape)}`, hint));
}

/** The error for a tensor that was freed before its use. */
export function disposedError(where: string, argument: string): TypeError {
  return new TypeError(message(where, argument, 'a live tensor', 'a disposed one'));
}

/** Requires a finite number greater than zero. */
export function checkPositive(where: string, argument: string, value: number): void {
  if (typeof value !== 'number') throw kindError(where, argument, 'a number', value);
  if (!(value > 0 && value < Infinity)) throw rangeError(where, argument, 'a finite number greater than 0', value);
}

/** Requires a finite number. */
export function checkFinite(where: string, argument: string, value: number): void {
  if (typeof value !== 'number') throw kindError(where, argument, 'a number', value);
  if (!Number.isFinite(value)) throw rangeError(where, argument, 'a finite number', value);
}

/** Requires a number within [lowest, highest]. */
export function checkWithin(where: string, argument: string, value: number, lowest: number, highest: number): void {
  if (typeof value !== 'number') throw kindError(where, argument, 'a number', value);
  if (!(value >= lowest && value <= highest)) throw rangeError(where, argument, `in [${lowest}, ${highest}]`, value);
}

/** Requires a whole number of at least `least`. */
export function checkWhole(where: string, argument: string, value: number, least: number): void {
  if (typeof value !== 'number') throw kindError(where, argument, 'a whole number', value);
  if (!Number.isSafeInteger(value) || value < least) {
    throw rangeError(where, argument, `a whole number of at least ${least}`, value);
  }
}

/** 4 GiB in float32: beyond it a size that someone chose is a mistake. */
const mostNumbers = 2 ** 30;

/** Requires a size by which so many numbers are made to leave room for them. */
export function checkRoom(where: string, argument: string, value: unknown, numbers: number): void {
  if (numbers > mostNumbers) {
    throw rangeError(where, argument, `small enough for 2³⁰ numbers`, value, `It would take ${numbers} of them.`);
  }
}

/** Requires one of a list of words. */
export function checkOneOf<Word extends string>(
  where: string,
  argument: string,
  value: Word,
  words: readonly Word[],
  hint?: string,
): void {
  if (!words.includes(value)) {
    throw rangeError(where, argument, `one of ${words.map((word) => `'${word}'`).join(', ')}`, value, hint);
  }
}

/** The known name that a misspelt one is likely meant to be: at most two letters apart, and nearer than half its length. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const distances = known.map(
    (candidate) => [editDistance(name.toLowerCase(), candidate.toLowerCase()), candidate] as const,
  );
  const [nearest] = distances.sort(([a], [b]) => a - b);
  return nearest !== undefined && nearest[0] <= 2 && nearest[0] < name.length / 2 ? nearest[1] : undefined;
}

/** The number of letters to insert, drop or change that turn one text into another; beyond `most` it may be any above. */
function editDistance(first: string, second: string, most = 2): number {
  if (first === '' || second === '' || most < 0) return Math.max(first.length, second.length);
  const [a, b] = [first.slice(1), second.slice(1)];
  if (first[0] === second[0]) return editDistance(a, b, most);
  const rest = [editDistance(a, b, most - 1), editDistance(a, second, most - 1), editDistance(first, b, most - 1)];
  return 1 + Math.min(...rest);
}

/** Requires a plain record: no array, no text, nothing missing. */
export function checkRecord(where: string, argument: string, value: unknown, expected = 'a record'): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw kindError(where, argument, expected, value);
  }
}

/** Requires a function. */
export function checkFunction(where: string, argument: string, value: unknown): void {
  if (typeof value !== 'function') throw kindError(where, argument, 'a function', value);
}

/** Requires numbers on the host that have an order: no NaN among them. */
export function checkNoNaN(where: string, argument: string, values: ArrayLike<number>, hint?: string): void {
  for (let index = 0; index < values.length; index++) {
    if (Number.isNaN(values[index])) throw rangeError(where, argument, 'free of NaN', `NaN at ${index}`, hint);
  }
}

/** Requires numbers on the host that are all finite. */
export function checkAllFinite(where: string, argument: string, values: ArrayLike<number>): void {
  for (let index = 0; index < values.length; index++) {
    if (!Number.isFinite(values[index])) throw rangeError(where, argument, 'finite numbers', values[index]);
  }
}

/** Requires two shapes to be equal. */
export function checkSameShape(
  where: string,
  argument: string,
  shape: readonly number[],
  other: string,
  otherShape: readonly number[],
  hint?: string,
): void {
  if (!isSameShape(shape, otherShape)) {
    throw shapeError(where, argument, `of the shape of ${other}, ${describeShape(otherShape)}`, shape, hint);
  }
}

/** Requires a number of axes. */
export function checkRank(where: string, argument: string, shape: readonly number[], rank: number, form: string): void {
  if (shape.length !== rank) throw shapeError(where, argument, `of shape ${form}`, shape);
}

/** Requires at least one element. */
export function checkNotEmpty(where: string, argument: string, shape: readonly number[]): void {
  if (shape.some((size) => size === 0)) throw shapeError(where, argument, 'a tensor with at least one element', shape);
}
