/** What every divergence between two predictions has in common, beside its own references. */
import { type AnyLoss, evaluate, type HostTensor, type TensorLike, valueAndGradients } from 'dark-knowledge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logitPairs, shifted } from '../losses/arbitraries.ts';

/** How a loss is tried as a divergence. */
export interface DivergenceTraits {
  /** Logits may be shifted by a constant. Default true. */
  readonly shiftInvariant?: boolean;
  /** A class at −Infinity on both sides is not there. Default true. */
  readonly masksClasses?: boolean;
  /** The names of the two sides. Default `studentLogits`, `teacherLogits`. */
  readonly inputs?: readonly [student: string, teacher: string];
  /** Fewest classes it is defined for. Default 1. */
  readonly leastClasses?: number;
  /** Further inputs for a number of rows: labels, say. */
  readonly beside?: (rows: number) => Readonly<Record<string, TensorLike>>;
  /** Logits are multiples of it: for losses to which a row's spread is its unit, however small. Default: any. */
  readonly grain?: number;
  /** Allowed rounding at equality, absolute. Default 1e-12. */
  readonly rounding?: number;
}

/** Declares the tests that hold for any divergence of rows of logits. */
export function describeDivergence(
  name: string,
  make: (options?: { readonly reduction: 'none' }) => unknown,
  traits: DivergenceTraits = {},
): void {
  const { shiftInvariant = true, inputs = ['studentLogits', 'teacherLogits'], leastClasses = 1 } = traits;
  const { beside = () => ({}), rounding = 1e-12, masksClasses = true, grain } = traits;
  const loss = make() as AnyLoss<'scalar'>;
  const rowsLoss = make({ reduction: 'none' }) as AnyLoss<'rows'>;
  const moved = (logits: number[][], by: number): number[][] => (shiftInvariant ? shifted(logits, by) : logits);
  const batch = (student: number[][], teacher: number[][]): Readonly<Record<string, TensorLike>> => ({
    [inputs[0]]: student,
    [inputs[1]]: teacher,
    ...beside(student.length),
  });
  const gradientOf = (gradients: Readonly<Record<string, HostTensor>>): ArrayLike<number> => gradients[inputs[0]]!.data;
  const grained = (logits: number[][]): number[][] =>
    grain === undefined ? logits : logits.map((row) => row.map((logit) => grain * Math.round(logit / grain)));
  const pairs = logitPairs
    .filter(({ student }) => student[0]!.length >= leastClasses)
    .map(({ student, teacher }) => ({ student: grained(student), teacher: grained(teacher) }));

  describe(`${name} as a divergence`, () => {
    it('is 0 between equal sides, with gradient 0', () => {
      fc.assert(
        fc.property(pairs, ({ student }) => {
          const { value, gradients } = valueAndGradients(loss, batch(student, moved(student, 3)));
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(rounding);
          for (const slope of Array.from(gradientOf(gradients))) expect(Math.abs(slope)).toBeLessThanOrEqual(rounding);
        }),
      );
    });

    it('is never negative, and does not change where the logits change without changing the prediction', () => {
      fc.assert(
        fc.property(pairs, ({ student, teacher }) => {
          const { value } = evaluate(loss, batch(student, teacher));
          expect(value).toBeGreaterThanOrEqual(0);
          const again = evaluate(loss, batch(moved(student, -5), moved(teacher, 7))).value;
          expect(Math.abs(again - value)).toBeLessThan(1e-9 * Math.max(1, value));
        }),
      );
    });

    it.runIf(shiftInvariant)(
      'has a gradient that sums to 0 in each row where a shift of its logits changes nothing',
      () => {
        fc.assert(
          fc.property(pairs, ({ student, teacher }) => {
            const slopes = Array.from(gradientOf(valueAndGradients(loss, batch(student, teacher)).gradients));
            const classes = student[0]!.length;
            for (let start = 0; start < slopes.length; start += classes) {
              const sum = slopes.slice(start, start + classes).reduce((total, slope) => total + slope, 0);
              expect(Math.abs(sum)).toBeLessThan(1e-9);
            }
          }),
        );
      },
    );

    it.runIf(masksClasses)('is as if a class were not there that both sides mask with −Infinity', () => {
      fc.assert(
        fc.property(pairs, ({ student, teacher }) => {
          const masked = (logits: number[][]): number[][] => logits.map((row) => [...row, -Infinity]);
          const plain = valueAndGradients(rowsLoss, batch(student, teacher));
          const wider = valueAndGradients(rowsLoss, batch(masked(student), masked(teacher)));
          const classes = student[0]!.length;
          Array.from(plain.value.data).forEach((value, row) => {
            expect(Math.abs(wider.value.data[row]! - value)).toBeLessThan(1e-9 * Math.max(1, value));
            for (let index = 0; index < classes; index++) {
              const slope = gradientOf(plain.gradients)[row * classes + index]!;
              const other = gradientOf(wider.gradients)[row * (classes + 1) + index]!;
              expect(Math.abs(other - slope)).toBeLessThan(1e-9 * Math.max(1, Math.abs(slope)));
            }
            expect(Math.abs(gradientOf(wider.gradients)[row * (classes + 1) + classes]!)).toBe(0);
          });
        }),
      );
    });

    it('passes a NaN in a row that counts on to value and gradient, and keeps it out of the other rows', () => {
      const good = [
        [0, 1, -1],
        [2, 0, 1],
      ];
      for (const side of [0, 1]) {
        const bad = [
          [Number.NaN, 1, -1],
          [2, 0, 1],
        ];
        const { value, gradients } = valueAndGradients(rowsLoss, side === 0 ? batch(bad, good) : batch(good, bad));
        expect(value.data[0], inputs[side]).toBeNaN();
        expect(gradientOf(gradients)[0], inputs[side]).toBeNaN();
        expect(Array.from(gradientOf(gradients)).slice(3).every(Number.isFinite), inputs[side]).toBe(true);
      }
    });

    it('does not see a row of weight 0, whatever it holds', () => {
      const [student, teacher] = [[[0.5, 1, -1]], [[2, 0, 1]]];
      const alone = valueAndGradients(loss, batch(student, teacher));
      const nothing = [Number.NaN, Infinity, -Infinity];
      const { value, gradients } = valueAndGradients(loss, {
        ...batch([nothing, ...student], [nothing, ...teacher]),
        rowWeights: [0, 2],
      });
      expect(value).toBeCloseTo(alone.value, 12);
      expect(Array.from(gradientOf(gradients)).slice(0, 3)).toEqual([0, 0, 0]);
      Array.from(gradientOf(alone.gradients)).forEach((slope, index) => {
        expect(gradientOf(gradients)[3 + index]).toBeCloseTo(slope, 12);
      });
    });
  });
}
