/** Several teachers as one: every divergence with several teachers has the gradient of one with their average. */
import type { Backend } from '../backend.ts';
import { checkIsBackend, checkOneOf, checkSameShape, disposedError, kindError, rangeError } from '../check.ts';
import { cpuBackend } from '../cpu/index.ts';
import { isMinusInfinity } from '../ops/isMinusInfinity.ts';
import { logSoftmax } from '../ops/logSoftmax.ts';
import { scale } from '../ops/scale.ts';
import { positive, readOptions } from '../options.ts';
import { type HostTensor, type TensorLike, toHostTensor } from '../tensor.ts';

/** What is averaged: the teachers' probabilities, or their logits, which is the geometric mean of the probabilities. */
export type TeacherAverage = 'probabilities' | 'logits';

/** Options of `averageTeachers`. */
export interface AverageTeachersOptions {
  /** T of the loss that gets the average: softened by it, the average is that of the softened predictions. Default 1. */
  readonly temperature?: number;
}

/**
 * The average of several teachers on a backend: see `averageTeachers`.
 *
 * @param logits Tensors of the backend, of one shape; host arrays among them are copied onto it.
 * @returns A tensor of the backend, which the caller owns.
 * @example
 * const teacherLogits = averageTeachersOn(backend, [first.apply(images), second.apply(images)]);
 */
export function averageTeachersOn<T>(
  backend: Backend<T>,
  logits: readonly (NoInfer<T> | TensorLike)[],
  weights?: readonly number[],
  average: TeacherAverage = 'probabilities',
  options: AverageTeachersOptions = {},
): T {
  checkIsBackend('averageTeachersOn', backend);
  return averaged(backend, 'averageTeachersOn', logits, weights, average, options);
}

/**
 * The average of several teachers, as the logits of one.
 *
 * With p_k = softmax(logits_k) and weights w_k brought to sum 1,
 *
 *     probabilities   log Σ w_k·p_k       Σ w_k·KL(p_k‖q) has the gradient of KL(average‖q), and differs by a constant
 *     logits          Σ w_k·logits_k      Σ w_k·KL(q‖p_k) has the gradient of KL(q‖average)
 *
 * so one teacher tensor serves in both directions: the first for forward divergences, the second for reverse ones. For a
 * loss at temperature T give `temperature: T` with `'probabilities'`; logits need none. A class that all teachers mask with
 * −Infinity stays masked; the logit average masks it where one of them does. A teacher of weight 0 is not looked at.
 *
 * @param logits A list of teachers' logits [..., classes], all of one shape.
 * @param weights A number of at least 0 for each teacher, not all of them 0. Default: all equal.
 * @param average `'probabilities'`, the default, or `'logits'`.
 * @returns A host tensor of the same shape, in float64: log-probabilities, or logits.
 * @throws RangeError for weights that do not fit; TypeError for shapes that differ.
 * @example
 * const teacherLogits = averageTeachers([[[2, 0, 1]], [[0, 2, 1]]], [3, 1]);
 * const { value } = evaluate(klDivergence(), { studentLogits: [[1, 1, 0]], teacherLogits });
 */
export function averageTeachers(
  logits: readonly TensorLike[],
  weights?: readonly number[],
  average: TeacherAverage = 'probabilities',
  options: AverageTeachersOptions = {},
): HostTensor {
  return averaged(cpuBackend({ precision: 'float64' }), 'averageTeachers', logits, weights, average, options);
}

function averaged<T>(
  backend: Backend<T>,
  where: string,
  logits: readonly (T | TensorLike)[],
  weights: readonly number[] | undefined,
  average: TeacherAverage,
  options: AverageTeachersOptions,
): T {
  checkOneOf(where, 'average', average, ['probabilities', 'logits']);
  const { temperature } = readOptions(where, options, { temperature: positive(1) });
  const shares = sharesOf(where, logits, weights);
  return backend.scope(() => {
    const teachers = logits.map((given, index) => placed(backend, where, `logits[${index}]`, given));
    teachers.forEach((teacher, index) => {
      checkSameShape(where, `logits[${index}]`, backend.shapeOf(teacher), 'logits[0]', backend.shapeOf(teachers[0]!));
    });
    const counted = teachers.flatMap((teacher, index) =>
      shares[index]! > 0 ? [{ teacher, share: shares[index]! }] : [],
    );
    if (average === 'logits') {
      const parts = counted.map(({ teacher, share }) => backend.multiply(teacher, backend.scalar(share)));
      return parts.reduce((sum, part) => backend.add(sum, part));
    }
    const parts = counted.map(({ teacher, share }) =>
      backend.add(logSoftmax(backend, scale(backend, teacher, 1 / temperature)), backend.scalar(Math.log(share))),
    );
    const largest = parts.reduce((most, part) => backend.maximum(most, part));
    // −Infinity less itself is NaN.
    const pivot = backend.where(isMinusInfinity(backend, largest), backend.scalar(0), largest);
    const sum = parts
      .map((part) => backend.exp(backend.subtract(part, pivot)))
      .reduce((total, part) => backend.add(total, part));
    return backend.multiply(backend.add(pivot, backend.log(sum)), backend.scalar(temperature));
  });
}

/** The weights brought to sum 1; equal ones where none are given. */
function sharesOf(where: string, logits: readonly unknown[], given: readonly number[] | undefined): readonly number[] {
  if (!Array.isArray(logits)) throw kindError(where, 'logits', 'a list of logits, one for each teacher', logits);
  if (logits.length === 0) throw rangeError(where, 'logits', 'a list of at least one', logits);
  const weights = given ?? logits.map(() => 1);
  if (!Array.isArray(weights) || weights.length !== logits.length) {
    throw rangeError(where, 'weights', `a list of ${logits.length}, one for each teacher`, weights);
  }
  // By index: forEach passes over holes.
  for (let index = 0; index < weights.length; index++) {
    const weight: unknown = weights[index];
    if (!(typeof weight === 'number' && weight >= 0 && weight < Infinity)) {
      throw rangeError(where, `weights[${index}]`, 'a finite number of at least 0', weight);
    }
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) throw rangeError(where, 'weights', 'not all 0', weights);
  return weights.map((weight) => weight / total);
}

function placed<T>(backend: Backend<T>, where: string, argument: string, given: T | TensorLike): T {
  if (!backend.isTensor(given)) return backend.fromHost(toHostTensor(given as TensorLike, where, argument));
  if (backend.isDisposed?.(given)) throw disposedError(where, argument);
  return given;
}
