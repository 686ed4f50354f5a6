import type { Backend, Residuals } from '../../backend.ts';
import type { Inputs } from '../../inputs.ts';
import type { Loss } from '../../loss.ts';
import { checkMask } from '../../ops/checkMask.ts';
import { checkLogitPair } from '../../ops/checkRows.ts';
import {
  type CorrelationDistance,
  type CountedElements,
  correlationDistance,
  correlationDistanceGradient,
  meanAlong,
} from '../../ops/correlationDistance.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { scale } from '../../ops/scale.ts';
import { sigmoid } from '../../ops/sigmoid.ts';
import { softmaxGradient } from '../../ops/softmaxGradient.ts';
import { atLeast, flag, positive, readOptions, word } from '../../options.ts';
import { sizeOf } from '../../tensor.ts';

/** Options of `dist`. */
export interface DistOptions {
  /** β: the weight of the relation between the classes of a sample. Default 1. */
  readonly beta?: number;
  /** γ: the weight of the relation between the samples of a class. Default 1. */
  readonly gamma?: number;
  /** T: both sides' logits are divided by it. Default 1. */
  readonly temperature?: number;
  /** Multiplies the loss by T². Default true. */
  readonly scaleByTemperatureSquared?: boolean;
  /** From logits to scores: `'softmax'`, the default, or `'sigmoid'` where each label is a question of its own. */
  readonly activation?: 'softmax' | 'sigmoid';
}

/**
 * DIST: teacher's and student's predictions are to correlate, over the classes of each sample and over the samples of each
 * class; a strong teacher need not be matched to the digit.
 *
 * With a = softmax(studentLogits/T), b = softmax(teacherLogits/T), both [B, C], and r Pearson's correlation, the loss is
 *
 *     T²·(β·mean over rows of (1 − r(aᵢ, bᵢ)) + γ·mean over columns of (1 − r(a·ⱼ, b·ⱼ)))
 *     gradient in studentLogits   T·a·(g − Σ a·g),   g = −β/B·(b̂ − r·â)/‖ã‖ by rows − γ/C·(b̂ − r·â)/‖ã‖ by columns
 *
 * where ã is a less its mean and â = ã/‖ã‖; with `'sigmoid'` the gradient is T·a·(1 − a)·g. A row or column that is constant, or
 * varies by no more than the rounding of a softmax (4e-6 of itself in float32, 1e-14 in float64), has correlation 0 and
 * gradient 0: with a single sample the second part is γ, with a uniform prediction its row counts β/B. A
 * class masked by −Infinity has probability 0 and is none of the exceptions.
 *
 * Inputs: `studentLogits` and `teacherLogits` [..., classes], whose leading axes all are samples; optional `mask` [...] of
 * ones and zeros: a sample where it is 0 is not there, whatever it holds. Value: in [0, 2·T²·(β + γ)], a scalar; without a sample left 0.
 * Only `studentLogits` gets a gradient.
 *
 * @throws RangeError for a weight below 0, a temperature that is not greater than 0, or an unknown option.
 * @example
 * const { value } = evaluate(dist(), { studentLogits: [[1, 2, 0], [0, 1, 3]], teacherLogits: [[0, 3, 1], [1, 0, 2]] });
 * @see Huang et al.: Knowledge distillation from a stronger teacher (2022), arXiv 2205.10536
 */
// @__NO_SIDE_EFFECTS__
export function dist(options: DistOptions = {}): Loss<'studentLogits' | 'teacherLogits', 'studentLogits', 'mask'> {
  const checked = readOptions('dist', options, {
    beta: atLeast(0, 1),
    gamma: atLeast(0, 1),
    temperature: positive(1),
    scaleByTemperatureSquared: flag(true),
    activation: word(['softmax', 'sigmoid'], 'softmax'),
  });
  const { beta, gamma, temperature, scaleByTemperatureSquared, activation } = checked;
  const factor = scaleByTemperatureSquared ? temperature ** 2 : 1;

  return {
    name: 'dist',
    reference: dist,
    options: checked,
    inputs: ['studentLogits', 'teacherLogits'],
    optionalInputs: ['mask'],
    differentiable: ['studentLogits'],
    form: 'scalar',

    check(backend, inputs) {
      const samples = checkLogitPair(backend, 'dist', inputs, -1, activation === 'sigmoid' ? 1 : 2);
      checkMask(backend, 'dist', inputs.mask, 'the samples', samples);
    },

    forward<T>(backend: Backend<T>, { mask, ...logits }: Inputs<'studentLogits' | 'teacherLogits', 'mask', T>) {
      const shape = backend.shapeOf(logits.studentLogits);
      const classes = shape.at(-1)!;
      const samples = sizeOf(shape.slice(0, -1));
      const counted = mask === undefined ? undefined : countedSamples(backend, mask, samples);
      const scoresOf = (given: T): T => {
        const table = backend.reshape(given, [samples, classes]);
        const clean = counted === undefined ? table : backend.where(counted.mask, table, backend.scalar(0));
        const softened = scale(backend, clean, 1 / temperature);
        return activation === 'sigmoid' ? sigmoid(backend, softened) : backend.exp(logSoftmax(backend, softened));
      };
      const student = scoresOf(logits.studentLogits);
      const teacher = scoresOf(logits.teacherLogits);
      const means = [student, teacher].map((x) => meanAlong(backend, x, 0, counted)) as [T, T];
      // Each walk over rows that waits for sums over columns would compute the exponentials anew.
      backend.settle?.([student, teacher, ...means]);
      // A softmax's probabilities sum to 1.
      const even = backend.scalar(1 / classes);
      const rows = correlationDistance(backend, student, teacher, 1, {
        means: activation === 'softmax' ? [even, even] : undefined,
      });
      const columns = correlationDistance(backend, student, teacher, 0, { counted, means });
      const { mask: counts = backend.scalar(1), count = backend.scalar(samples), some = counts } = counted ?? {};
      const rowScale = scale(backend, backend.divide(counts, count), factor * beta);
      const columnScale = scale(backend, some, (factor * gamma) / classes);
      const value = backend.add(
        backend.sum(backend.multiply(rows.distance, rowScale)),
        backend.multiply(backend.sum(columns.distance), columnScale),
      );
      const residuals = { student: backend.reshape(student, shape), rows, columns, rowScale, columnScale };
      return { value, residuals: residuals as unknown as Residuals<T> };
    },

    backward<T>(backend: Backend<T>, residuals: Residuals<T>, upstream: T) {
      const { student, rowScale, columnScale } = residuals as Record<'student' | 'rowScale' | 'columnScale', T>;
      const { rows, columns } = residuals as unknown as Record<'rows' | 'columns', CorrelationDistance<T>>;
      const slope = backend.add(
        backend.multiply(correlationDistanceGradient(backend, rows), rowScale),
        backend.multiply(correlationDistanceGradient(backend, columns), columnScale),
      );
      const shaped = backend.reshape(slope, backend.shapeOf(student));
      const gradient =
        activation === 'sigmoid'
          ? backend.multiply(backend.multiply(student, backend.subtract(backend.scalar(1), student)), shaped)
          : softmaxGradient(backend, student, shaped);
      return [backend.multiply(scale(backend, gradient, 1 / temperature), upstream)];
    },
  };
}

/** Samples that count, [samples, 1]: how many, and whether there are any. */
interface CountedSamples<T> extends CountedElements<T> {
  /** 1, or 0 where no sample counts. */
  readonly some: T;
}

function countedSamples<T>(backend: Backend<T>, mask: T, samples: number): CountedSamples<T> {
  const [zero, one] = [backend.scalar(0), backend.scalar(1)];
  const column = backend.where(backend.reshape(mask, [samples, 1]), one, zero);
  const count = backend.sum(column);
  return { mask: column, count: backend.maximum(count, one), some: backend.greater(count, zero) };
}
