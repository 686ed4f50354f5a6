/** The names of groups of rows: given, or the numbers from 0. */
import { kindError } from '../check.ts';
import { list, text, whole } from '../options.ts';

/** Beyond it a number of groups is a mistake, and a name for each would not fit into memory. */
const mostGroups = 1_000_000;

/** Reads a number of groups, or their names. */
export function readGroupNames(where: string, name: string, given: unknown): readonly string[] {
  if (typeof given === 'number') {
    const count = whole(1, undefined, mostGroups)(where, 'number of groups', given);
    return Array.from({ length: count }, (_, at) => String(at));
  }
  if (!Array.isArray(given)) throw kindError(where, name, 'a number of groups or a list of names', given);
  return list(text(), { least: 1, most: mostGroups, distinct: true })(where, name, given);
}
