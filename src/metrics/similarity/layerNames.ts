import { kindError, rangeError } from '../../check.ts';
import type { OptionReader } from '../../options.ts';

/** The reader of a list of different names of inputs. */
export function namesOf<Name extends string>(least = 1): OptionReader<readonly Name[]> {
  return (where, argument, given) => {
    if (!isListOfNames<Name>(given)) throw kindError(where, argument, 'a list of names', given);
    if (given.length < least) throw rangeError(where, argument, `a list of at least ${least}`, given);
    if (new Set(given).size < given.length) throw rangeError(where, argument, 'a list of different names', given);
    return given;
  };
}

function isListOfNames<Name extends string>(given: unknown): given is readonly Name[] {
  return Array.isArray(given) && given.every((name) => typeof name === 'string');
}
