import { alignSpans } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('alignSpans', () => {
  it('pairs the shortest runs of tokens that end at one place', () => {
    expect(alignSpans([3, 7, 9], [3, 5, 7, 9])).toEqual([
      [0, 1, 0, 1],
      [1, 2, 1, 3],
      [2, 3, 3, 4],
    ]);
    expect(alignSpans([2, 4], [3, 4])).toEqual([[0, 2, 0, 2]]);
  });

  it('leaves tokens without text out at the start of a span and at the end', () => {
    // Begin of sequence, "ab", "c", end of sequence; the teacher has no token to begin with.
    expect(alignSpans([0, 2, 3, 3], [1, 2, 3])).toEqual([
      [1, 2, 0, 2],
      [2, 3, 2, 3],
    ]);
    expect(alignSpans([1, 1, 2], [1, 2])).toEqual([
      [0, 1, 0, 1],
      [2, 3, 1, 2],
    ]);
  });

  it('ends where one side does, without the text that only the other has', () => {
    expect(alignSpans([2, 5], [2, 4])).toEqual([[0, 1, 0, 1]]);
    expect(alignSpans([], [1])).toEqual([]);
    expect(alignSpans([1, 2, 3], [4])).toEqual([]);
  });

  it('covers the common ends of both sides, each once and in order', () => {
    const cuts = fc
      .uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 20 })
      .map((ends) => [...ends, 41].sort((a, b) => a - b));
    fc.assert(
      fc.property(cuts, cuts, (student, teacher) => {
        const spans = alignSpans(student, teacher);
        expect(spans.map(([, i1]) => student[i1 - 1])).toEqual(student.filter((end) => teacher.includes(end)));
        expect(spans.map(([, , , j1]) => teacher[j1 - 1])).toEqual(student.filter((end) => teacher.includes(end)));
        spans.forEach(([i0, , j0], index) => {
          expect([i0, j0]).toEqual(index === 0 ? [0, 0] : [spans[index - 1]![1], spans[index - 1]![3]]);
        });
      }),
    );
  });

  it('refuses offsets that fall, and what is no list', () => {
    expect(() => alignSpans([2, 1], [1])).toThrow(
      'alignSpans: studentOffsets[1] must be a finite number of at least 2, got 1.',
    );
    expect(() => alignSpans([1], [Number.NaN])).toThrow(RangeError);
    expect(() => alignSpans(3 as never, [1])).toThrow(TypeError);
  });

  it('refuses offsets that are texts, whose order is another', () => {
    expect(() => alignSpans(['1', '3'] as never, [1, 3])).toThrow(
      "alignSpans: studentOffsets[0] must be a finite number of at least 0, got '1'.",
    );
  });
});
