/**
 * Options of factories, read in one place that knows their names, kinds, ranges and defaults, so that no factory can
 * forget a check:
 *
 *     const { temperature, direction } = readOptions('klDivergence', options, {
 *       temperature: positive(1),
 *       direction: word(['forward', 'reverse'], 'forward'),
 *     });
 */
import {
  checkFinite,
  checkOneOf,
  checkPositive,
  checkRecord,
  checkWhole,
  checkWithin,
  describe,
  kindError,
  nearestName,
  rangeError,
} from './check.ts';

/** Checks what was given for an option, or puts its default in place of undefined. */
export type OptionReader<Value> = (where: string, name: string, given: unknown) => Value;

/** A reader for each option. */
export type OptionReaders = Readonly<Record<string, OptionReader<unknown>>>;

/** The options that readers return: checked and complete. */
export type ReadOptions<Readers extends OptionReaders> = {
  readonly [Name in keyof Readers]: ReturnType<Readers[Name]>;
};

/** Reads a record of options: refuses what is no record, and names that are not known. */
export function readOptions<Readers extends OptionReaders>(
  where: string,
  given: unknown,
  readers: Readers,
): ReadOptions<Readers> {
  const record = (given === undefined ? {} : given) as Readonly<Record<string, unknown>>;
  checkRecord(where, 'options', record, 'a record of options');
  const names = Object.keys(readers);
  for (const name of Object.keys(record)) {
    if (names.includes(name)) continue;
    if (names.length === 0) throw rangeError(where, 'options', 'left out', record);
    const near = nearestName(name, names);
    checkOneOf(where, 'option', name, names, near === undefined ? undefined : `Did you mean '${near}'?`);
  }
  return Object.fromEntries(names.map((name) => [name, readers[name]!(where, name, record[name])])) as never;
}

/** A reader by a check that throws; without a default the option must be given. */
function reader<Value>(
  expected: string,
  fallback: Value | undefined,
  check: (where: string, name: string, given: Value) => void,
): OptionReader<Value> {
  return (where, name, given) => {
    if (given === undefined) {
      if (fallback === undefined) throw kindError(where, name, expected, given);
      return fallback;
    }
    check(where, name, given as Value);
    return given as Value;
  };
}

/** A finite number greater than 0. */
export function positive(fallback?: number): OptionReader<number> {
  return reader('a number', fallback, checkPositive);
}

/** A finite number. */
export function finite(fallback?: number): OptionReader<number> {
  return reader('a number', fallback, checkFinite);
}

/** A finite number of at least `lowest`. */
export function atLeast(lowest: number, fallback?: number): OptionReader<number> {
  return reader('a number', fallback, (where, name, given) => {
    if (typeof given !== 'number') throw kindError(where, name, 'a number', given);
    if (!(given >= lowest && given < Infinity))
      throw rangeError(where, name, `a finite number of at least ${lowest}`, given);
  });
}

/** A number in [lowest, highest]. */
export function within(lowest: number, highest: number, fallback?: number): OptionReader<number> {
  return reader('a number', fallback, (where, name, given) => checkWithin(where, name, given, lowest, highest));
}

/** A number strictly between two others. */
export function between(lowest: number, highest: number, fallback?: number, hint?: string): OptionReader<number> {
  return reader('a number', fallback, (where, name, given) => {
    if (typeof given !== 'number') throw kindError(where, name, 'a number', given);
    if (!(given > lowest && given < highest)) {
      throw rangeError(where, name, `strictly between ${lowest} and ${highest}`, given, hint);
    }
  });
}

/** A whole number in [least, most]. */
export function whole(least: number, fallback?: number, most: number = Number.MAX_SAFE_INTEGER): OptionReader<number> {
  return reader('a whole number', fallback, (where, name, given) => {
    checkWhole(where, name, given, least);
    if (given > most) throw rangeError(where, name, `a whole number of at most ${most}`, given);
  });
}

/** Beyond it a number of resamples is a mistake: their values are kept, and each takes a pass over the rows. */
export const mostResamples = 10_000_000;

/** One of a list of words. */
export function word<const Word extends string>(
  words: readonly Word[],
  fallback?: NoInfer<Word>,
  hint?: string,
): OptionReader<Word> {
  return reader<Word>('a word', fallback, (where, name, given) => checkOneOf(where, name, given, words, hint));
}

/** True or false: a truthy string is neither. */
export function flag(fallback?: boolean): OptionReader<boolean> {
  return reader('true or false', fallback, (where, name, given) => {
    if (typeof given !== 'boolean') throw kindError(where, name, 'true or false', given);
  });
}

/** A text that is not empty. */
export function text(fallback?: string): OptionReader<string> {
  return reader('a text', fallback, (where, name, given) => {
    if (typeof given !== 'string') throw kindError(where, name, 'a text', given);
    if (given === '') throw rangeError(where, name, 'a text that is not empty', given);
  });
}

/**
 * A function.
 *
 * @typeParam Callback Its type.
 */
export function callback<Callback extends (...given: never[]) => unknown>(fallback?: Callback): OptionReader<Callback> {
  return reader<Callback>('a function', fallback, (where, name, given) => {
    if (typeof given !== 'function') throw kindError(where, name, 'a function', given);
  });
}

/** An option that may be left out. */
export function optional<Value>(read: OptionReader<Value>): OptionReader<Value | undefined> {
  return (where, name, given) => (given === undefined ? undefined : read(where, name, given));
}

/** What a list of options must be beside its entries. */
export interface ListRule {
  /** The least number of entries; default 0. */
  readonly least?: number;
  /** The largest number of entries; any when left out. */
  readonly most?: number;
  /** Whether no entry may occur twice. */
  readonly distinct?: boolean;
}

/** A list whose entries are read one by one. */
export function list<Value>(
  read: OptionReader<Value>,
  { least = 0, most = Infinity, distinct = false }: ListRule = {},
): OptionReader<readonly Value[]> {
  return (where, name, given) => {
    if (!Array.isArray(given)) throw kindError(where, name, 'a list', given);
    if (given.length < least || given.length > most) {
      throw rangeError(where, name, least === most ? `a list of ${least}` : `a list of at least ${least}`, given);
    }
    const values = given.map((entry, index) => read(where, `${name}[${index}]`, entry));
    const seen = new Set<Value>();
    for (const value of distinct ? values : []) {
      if (seen.has(value)) throw rangeError(where, name, 'different from each other', `${describe(value)} twice`);
      seen.add(value);
    }
    return values;
  };
}

/** Two numbers in rising order, such as a range; `fallback` where they may be left out. */
export function rising(
  read: OptionReader<number>,
  fallback?: readonly [number, number],
): OptionReader<readonly [number, number]> {
  return (where, name, given) => {
    if (given === undefined && fallback !== undefined) return fallback;
    const [low, high] = list(read, { least: 2, most: 2 })(where, name, given) as readonly [number, number];
    if (!(low < high)) throw rangeError(where, name, '[lowest, highest] in this order', given);
    return [low, high];
  };
}

/** What is not an option to choose but a part of the call, checked where it is used. */
export const asGiven: OptionReader<unknown> = (_where, _name, given) => given;
