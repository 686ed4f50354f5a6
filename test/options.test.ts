import { describe, expect, it } from 'vitest';
import {
  between,
  finite,
  flag,
  list,
  optional,
  positive,
  readOptions,
  text,
  whole,
  within,
  word,
} from '../src/options.ts';

const readers = {
  temperature: positive(1),
  direction: word(['forward', 'reverse'], 'forward'),
  squared: flag(true),
  bins: optional(whole(1, undefined, 1000)),
};
const read = (options: unknown) => readOptions('f', options, readers);

describe('readOptions', () => {
  it('fills in defaults, also for undefined', () => {
    const defaults = { temperature: 1, direction: 'forward', squared: true, bins: undefined };
    expect(read(undefined)).toEqual(defaults);
    expect(read({})).toEqual(defaults);
    expect(read({ temperature: undefined, bins: 7 })).toEqual({ ...defaults, bins: 7 });
  });

  it.each([4, 'x', true, null, [], new Float32Array(2), () => 1])('refuses %s, which is no record', (given) => {
    expect(() => read(given)).toThrow(/^f: options must be a record of options, got /);
  });

  it('refuses a name that is not known, and names the one that was likely meant', () => {
    expect(() => read({ temprature: 2 })).toThrow(
      "f: option must be one of 'temperature', 'direction', 'squared', 'bins', got 'temprature'. Did you mean 'temperature'?",
    );
    expect(() => read({ gamma: 2 })).toThrow(/got 'gamma'\.$/);
    expect(() => readOptions('f', { gamma: 2 }, {})).toThrow(
      "f: options must be left out, got an object with keys ['gamma'].",
    );
  });

  it.each([
    [{ temperature: 0 }, 'f: temperature must be a finite number greater than 0, got 0.'],
    [{ temperature: '4' }, "f: temperature must be a number, got '4'."],
    [{ direction: 'back' }, "f: direction must be one of 'forward', 'reverse', got 'back'."],
    [{ direction: 1 }, "f: direction must be one of 'forward', 'reverse', got 1."],
    [{ squared: 'no' }, "f: squared must be true or false, got 'no'."],
    [{ squared: 1 }, 'f: squared must be true or false, got 1.'],
    [{ bins: 1.5 }, 'f: bins must be a whole number of at least 1, got 1.5.'],
    [{ bins: 1001 }, 'f: bins must be a whole number of at most 1000, got 1001.'],
  ])('refuses %o', (options, message) => {
    expect(() => read(options)).toThrow(message);
  });
});

describe('readers', () => {
  const one = <Value>(reader: (where: string, name: string, given: unknown) => Value, given: unknown) =>
    reader('f', 'x', given);

  it('ask for what has no default', () => {
    expect(() => one(positive(), undefined)).toThrow('f: x must be a number, got undefined.');
    expect(() => one(list(text()), undefined)).toThrow('f: x must be a list, got undefined.');
  });

  it('keep to their ranges', () => {
    expect(() => one(between(0, 1), 1)).toThrow('f: x must be strictly between 0 and 1, got 1.');
    expect(one(within(0, 1), 1)).toBe(1);
    expect(() => one(within(0, 1), Number.NaN)).toThrow(/in \[0, 1\]/);
    expect(() => one(finite(), Infinity)).toThrow(/a finite number/);
  });

  it('read lists entry by entry', () => {
    expect(one(list(text(), { distinct: true }), ['a', 'b'])).toEqual(['a', 'b']);
    expect(() => one(list(text()), ['a', 2])).toThrow('f: x[1] must be a text, got 2.');
    expect(() => one(list(text(), { distinct: true }), ['a', 'a'])).toThrow(
      "f: x must be different from each other, got ''a' twice'.",
    );
    expect(() => one(list(text(), { least: 1 }), [])).toThrow('f: x must be a list of at least 1, got [].');
  });
});
