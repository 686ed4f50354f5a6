import { kindError, rangeError } from '../../check.ts';

/** Requires a list of different names. */
export function checkNames(where: string, argument: string, names: readonly string[], least = 1): void {
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
    throw kindError(where, argument, 'a list of names', names);
  }
  if (names.length < least) throw rangeError(where, argument, `a list of at least ${least}`, names);
  if (new Set(names).size < names.length) throw rangeError(where, argument, 'a list of different names', names);
}
