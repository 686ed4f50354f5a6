/** Random logits for property tests. */
import fc from 'fast-check';

const logit = fc.double({ min: -20, max: 20, noNaN: true });

/** A student's and a teacher's logits of one shape, 1–4 rows and 2–6 classes. */
export const logitPairs: fc.Arbitrary<{ student: number[][]; teacher: number[][] }> = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 2, max: 6 }))
  .chain(([rows, classes]) => {
    const matrix = fc.array(fc.array(logit, { minLength: classes, maxLength: classes }), {
      minLength: rows,
      maxLength: rows,
    });
    return fc.record({ student: matrix, teacher: matrix });
  });

/** The same logits with a constant added: the same prediction. */
export function shifted(logits: readonly (readonly number[])[], by: number): number[][] {
  return logits.map((row) => row.map((value) => value + by));
}
