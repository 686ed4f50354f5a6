import { describe, expect, it } from 'vitest';
import { colourOf, colours, ink, muted, seriesScales } from '../../src/figures/theme.ts';
import { count, decimal, listed, percent, shortened, wrapped } from '../../src/figures/words.ts';

/** Linear light of an sRGB colour. */
const light = (colour: string): number[] =>
  [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
/** The contrast with white of WCAG 2. */
const contrast = (colour: string): number => {
  const [red, green, blue] = light(colour) as [number, number, number];
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
};
/** What full colour blindness makes of linear light: Machado, Oliveira and Fernandes, 2009, table 1, severity 1. */
const sight: Readonly<Record<string, readonly (readonly [number, number, number])[]>> = {
  'full colour vision': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
/** CIELAB, under D65. */
const lab = ([red, green, blue]: readonly [number, number, number]): readonly [number, number, number] => {
  const [x, y, z] = [
    (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047,
    0.2126 * red + 0.7152 * green + 0.0722 * blue,
    (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
  ].map((value) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116)) as [number, number, number];
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
};

describe('colours', () => {
  for (const [name, matrix] of Object.entries(sight)) {
    it(`differ from each other with ${name}`, () => {
      const seen = colours.map((colour) => {
        const linear = light(colour);
        const kept = matrix.map((row) =>
          Math.min(
            1,
            Math.max(
              0,
              row.reduce((sum, part, at) => sum + part * linear[at]!, 0),
            ),
          ),
        );
        return lab(kept as [number, number, number]);
      });
      const distances = seen.flatMap((one, at) =>
        seen.slice(at + 1).map((other) => Math.hypot(...one.map((value, part) => value - other[part]!))),
      );
      expect(Math.min(...distances)).toBeGreaterThan(15);
    });
  }

  it('stand out from white, text above all', () => {
    for (const colour of colours.slice(0, 5)) expect(contrast(colour)).toBeGreaterThan(3);
    for (const text of [ink, muted]) expect(contrast(text)).toBeGreaterThan(4.5);
  });

  it('make, with shapes and with dashes, 42 pairs before one repeats', () => {
    const names = Array.from({ length: 42 }, (_, index) => `model ${index}`);
    const { color, shape, strokeDash } = seriesScales(names);
    for (const cue of [shape, strokeDash]) {
      expect(new Set(names.map((_, index) => `${color.range![index]} ${cue.range![index]}`)).size).toBe(42);
    }
  });

  it('stay with a name wherever the list of all names is the same', () => {
    const all = ['teacher', 'distilled', 'independent'];
    expect(seriesScales(['independent'], all).colour('independent')).toBe(colourOf(2));
    expect(seriesScales(['stranger', 'distilled'], all).color).toEqual({
      domain: ['stranger', 'distilled'],
      range: [colourOf(3), colourOf(1)],
    });
  });
});

describe('words', () => {
  it('write numbers as print does', () => {
    expect([count(1_234_567), count(7)]).toEqual(['1,234,567', '7']);
    expect([percent(0.97149), percent(-0.05, 0), percent(-0.00001)]).toEqual(['97.1%', '−5%', '0.0%']);
    expect([0, 0.12345, -12.345, 1234.5, 1.5e-7, 2.5e8].map(decimal)).toEqual([
      '0',
      '0.123',
      '−12.3',
      '1230',
      '1.5e-7',
      '2.5e+8',
    ]);
  });

  it('list names as a sentence does', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map((names) => listed(names))).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
    expect(listed(['a', 'b', 'c', 'd'], 3)).toBe('a, b and 2 more');
  });

  it('break lines between words, and keep every word', () => {
    const text = 'a text of some words, one of them extraordinary';
    const lines = wrapped(text, 120, 10);
    expect(wrapped('distilbert-base-uncased-finetuned', 80, 10)).toEqual([
      'distilbert',
      '-base-unca',
      'sed-finetu',
      'ned',
    ]);
    expect(lines.join(' ')).toBe(text);
    expect(lines.every((line) => line.length <= 15)).toBe(true);
  });

  it('cut a name in its middle, because names differ at their ends', () => {
    expect(shortened('independent student 2', 96, 10)).toBe('indepe…ent 2');
    expect(shortened('short', 96, 10)).toBe('short');
  });
});
