import type { Backend } from '../../backend.ts';
import { checkSameShape } from '../../check.ts';
import type { Loss, OtherNames } from '../../loss.ts';
import { argSort } from '../../ops/argSort.ts';
import { byPrecision } from '../../ops/byPrecision.ts';
import { checkLogits } from '../../ops/checkRows.ts';
import { columnNumbers } from '../../ops/classBuckets.ts';
import { flattenRows } from '../../ops/flattenRows.ts';
import { type Reduction, type RowOptions, rowOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { scatterAlong } from '../../ops/scatterAlong.ts';
import { plainTemperature, softened, type Temperatures, temperaturesOption } from '../../ops/softenedPair.ts';
import { softmaxGradient } from '../../ops/softmaxGradient.ts';
import { takeAlong } from '../../ops/takeAlong.ts';
import { readOptions } from '../../options.ts';
import { type FormOf, rowLoss } from '../../rowLoss.ts';

/** Options of `universalLogitDistance`. */
export interface UniversalLogitDistanceOptions<R extends Reduction = Reduction> extends RowOptions<R> {
  /** T: both sides' logits are divided by it, or each side's by its own. Default 1. */
  readonly temperature?: number | Temperatures;
}

/**
 * Distance of sorted predictions: for a teacher whose vocabulary has nothing to do with the student's. It transfers how sure
 * the teacher is, and of how many classes, not of which.
 *
 * With p = softmax(teacherLogits/T) and q = softmax(studentLogits/T), each sorted from the largest and the shorter one padded
 * with 0, a row's loss is
 *
 *     Σ |q₍ᵢ₎ − p₍ᵢ₎|        gradient in studentLogits   q·(g − Σ q·g)/T,   g the sign of q₍ᵢ₎ − p₍ᵢ₎ at the place it came from
 *
 * 0 for any permutation of the teacher's classes. Equal probabilities keep the order of their classes; g is 0 where two differ by no more
 * than rounding does, a few units in the last place of what is computed in.
 *
 * Inputs: `studentLogits` [..., classes] and `teacherLogits` (or `teacherLogProbabilities`) [..., classes], as many as each
 * has; optional `rowWeights` [...] and, with `ignoreIndex`, `labels` [...]. Value: in [0, 2], a scalar (or [...] with
 * `reduction: 'none'`). Only `studentLogits` gets a gradient. No T²: the loss falls with 1/T as its gradient does.
 *
 * @throws RangeError for a temperature that is not greater than 0, logits of one class, or an unknown option.
 * @example
 * const { value } = evaluate(universalLogitDistance(), { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1, -1]] });
 * @see Boizard et al.: Towards cross-tokenizer distillation: the universal logit distillation loss (2024), arXiv 2402.12030
 */
// @__NO_SIDE_EFFECTS__
export function universalLogitDistance<R extends Reduction = 'mean'>(
  options: UniversalLogitDistanceOptions<R> = {},
): Loss<'studentLogits' | 'teacherLogits', 'studentLogits', 'labels' | 'rowWeights', FormOf<R>> &
  OtherNames<{ readonly teacherLogits: 'teacherLogProbabilities' }> {
  const { temperature, ...rows } = readOptions('universalLogitDistance', options, {
    temperature: temperaturesOption(),
    ...rowOptions<R>(),
  });

  const loss = rowLoss(rows, {
    name: 'universalLogitDistance',
    reference: universalLogitDistance,
    options: { temperature: plainTemperature(temperature) },
    inputs: ['studentLogits', 'teacherLogits'],
    differentiable: 'studentLogits',

    check(backend, { studentLogits, teacherLogits }) {
      const rowShape = checkLogits(backend, 'universalLogitDistance', 'studentLogits', studentLogits);
      const teacherRows = checkLogits(backend, 'universalLogitDistance', 'teacherLogits', teacherLogits);
      checkSameShape(
        'universalLogitDistance',
        'rows of teacherLogits',
        teacherRows,
        'those of studentLogits',
        rowShape,
      );
      return rowShape;
    },

    rows(backend, { studentLogits, teacherLogits }) {
      const logits = flattenRows(backend, studentLogits);
      const order = argSort(backend, logits);
      // Sorted first, so that permuted sides are summed in one order and are equal to the last digit.
      const student = softened(backend, takeAlong(backend, logits, order), temperature.student);
      const teacher = softened(backend, sorted(backend, flattenRows(backend, teacherLogits)), temperature.teacher);
      const classes = backend.shapeOf(student)[1]!;
      const beyond = backend.shapeOf(teacher)[1]! - classes;
      const beside = beyond === 0 ? teacher : columns(backend, teacher, 0, classes);
      const difference = backend.subtract(student, beside);
      const distance = backend.sum(backend.abs(difference), { axis: -1 });
      const losses =
        beyond > 0
          ? backend.add(distance, backend.sum(columns(backend, teacher, classes, beyond), { axis: -1 }))
          : distance;
      const shape = backend.shapeOf(studentLogits);
      const rowShape = shape.slice(0, -1);
      return {
        losses: backend.reshape(losses, rowShape),
        student,
        direction: directionOf(backend, difference, backend.add(student, beside)),
        order: backend.reshape(order, shape),
      };
    },

    gradient(backend, { student, direction, order }) {
      const ofSorted = softmaxGradient(backend, student, direction);
      const gradient = scale(backend, inOrder(backend, ofSorted, flattenRows(backend, order)), 1 / temperature.student);
      return backend.reshape(gradient, backend.shapeOf(order));
    },
  });
  return { ...loss, otherNames: { teacherLogits: 'teacherLogProbabilities' } };
}

function sorted<T>(backend: Backend<T>, logits: T): T {
  return takeAlong(backend, logits, argSort(backend, logits));
}

/** Brings sorted elements [rows, n] back to the places that they were taken from. */
function inOrder<T>(backend: Backend<T>, elements: T, order: T): T {
  // Where numbers lie in host memory; elsewhere each place would look through all elements for its own.
  if (backend.readSync) return scatterAlong(backend, order, elements, backend.shapeOf(order)[1]!);
  // The places of an order in rising order are its inverse.
  return takeAlong(backend, elements, argSort(backend, scale(backend, order, -1)));
}

/** What equal probabilities may differ by once they are rounded, as a share of their sum, for logits of ordinary size. */
const roundingOf = { single: 2 ** -21, double: 2 ** -50 };

/** The sign of each difference; 0 where it is the rounding of equal numbers, whose sign would be noise. */
function directionOf<T>(backend: Backend<T>, difference: T, sum: T): T {
  const rounding = backend.multiply(sum, byPrecision(backend, roundingOf));
  const size = backend.abs(difference);
  // Unlike `sign` it passes a NaN on.
  const signs = backend.where(difference, backend.divide(difference, size), backend.scalar(0));
  return backend.where(backend.greater(rounding, size), backend.scalar(0), signs);
}

/** Columns `first` to `first + count` of [rows, n], 0 beyond its own. */
function columns<T>(backend: Backend<T>, x: T, first: number, count: number): T {
  return takeAlong(backend, x, columnNumbers(backend, backend.shapeOf(x)[0]!, first, count));
}
