import { kindError, rangeError } from './check.ts';

/** Tokens i₀ … i₁ − 1 of the student and j₀ … j₁ − 1 of the teacher, which cover the same text. */
export type Span = readonly [i0: number, i1: number, j0: number, j1: number];

/**
 * Which tokens of two tokenizers cover the same text: the shortest runs on both sides that end at one place.
 *
 * A loss on tokens compares distributions at one place of the text. Where the tokenizers differ, take the rows of each
 * span's first tokens (j₀ and i₀, before which both models have read the same), or merge each span's rows into one.
 *
 * Tokens without text (end of sequence, padding) end where the one before them ends: at the start of a span and at the end
 * of the text they are left out. So is what is left of one side where the other has ended.
 *
 * @param studentOffsets Where each of the student's tokens ends in the text, in bytes or characters, never falling.
 * @param teacherOffsets The same of the teacher's, in the same unit.
 * @throws TypeError for what is no list; RangeError for an offset that is no number of at least the one before it.
 * @example
 * alignSpans([3, 7, 9], [3, 5, 7, 9]); // [[0, 1, 0, 1], [1, 2, 1, 3], [2, 3, 3, 4]]
 */
export function alignSpans(studentOffsets: ArrayLike<number>, teacherOffsets: ArrayLike<number>): readonly Span[] {
  checkOffsets('studentOffsets', studentOffsets);
  checkOffsets('teacherOffsets', teacherOffsets);
  const spans: Span[] = [];
  let [i, j] = [0, 0];
  for (let end = 0; ; ) {
    i = withText(studentOffsets, i, end);
    j = withText(teacherOffsets, j, end);
    const [i0, j0] = [i, j];
    while (i < studentOffsets.length && j < teacherOffsets.length && studentOffsets[i] !== teacherOffsets[j]) {
      if (studentOffsets[i]! < teacherOffsets[j]!) i++;
      else j++;
    }
    if (i >= studentOffsets.length || j >= teacherOffsets.length) return spans;
    end = studentOffsets[i]!;
    spans.push([i0, ++i, j0, ++j]);
  }
}

/** The first token from `at` on that goes beyond `end`. */
function withText(offsets: ArrayLike<number>, at: number, end: number): number {
  let token = at;
  while (token < offsets.length && offsets[token]! <= end) token++;
  return token;
}

function checkOffsets(argument: string, offsets: ArrayLike<number>): void {
  if (typeof offsets !== 'object' || offsets === null || typeof offsets.length !== 'number') {
    throw kindError('alignSpans', argument, 'a list of offsets', offsets);
  }
  for (let token = 0; token < offsets.length; token++) {
    const least = token === 0 ? 0 : offsets[token - 1]!;
    // Of texts '10' comes before '9'.
    const offset: unknown = offsets[token];
    if (!(typeof offset === 'number' && offset >= least && offset < Infinity)) {
      throw rangeError('alignSpans', `${argument}[${token}]`, `a finite number of at least ${least}`, offsets[token]);
    }
  }
}
