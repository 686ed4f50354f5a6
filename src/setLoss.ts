/**
 * Losses over a set of samples: what they compare is between the samples of a batch, so there is no number for each row
 * and nothing to reduce. A sample that a mask leaves out is no member of the set, whatever it holds.
 *
 * They compare angles and ratios: a factor on one side's features changes none of them. So a side whose squares, or products of
 * four, might overflow or vanish is multiplied by a power of two that brings its largest number near 1.
 */
import type { Backend, Residuals } from './backend.ts';
import { checkNotEmpty, shapeError } from './check.ts';
import type { Inputs } from './inputs.ts';
import type { Loss, LossContext } from './loss.ts';
import { checkMask } from './ops/checkMask.ts';
import { type Tempered, tempered } from './ops/unitFactor.ts';
import { sizeOf } from './tensor.ts';

/** Two networks' features of the same samples. */
export interface SampleSet<T> {
  /** [batch, features], of a size that can be squared twice; 0 in samples that do not count. */
  readonly student: T;
  /** [batch, features], of a width of its own, and otherwise the same. */
  readonly teacher: T;
  /** 1 for each sample that counts, [batch, 1]; undefined where all do. */
  readonly counts: T | undefined;
  /** How many samples count, a scalar of at least 1. */
  readonly size: T;
}

/** What a loss over a set states for itself. */
export interface SetLoss<Kept extends string> {
  readonly name: string;
  readonly reference: object;
  readonly options: object;
  /** The least number of samples that make sense, and why; default 1. */
  readonly least?: { readonly samples: number; readonly hint: string };
  /** Whether it takes features of any size as they are; default false. */
  readonly takesAnySize?: boolean;
  /** The value, a scalar that a factor on either side leaves alone, and what the gradient needs. */
  value<T>(backend: Backend<T>, set: SampleSet<T>, context?: LossContext): Readonly<Record<Kept | 'value', T>>;
  /**
   * The value's gradient in the student's features, [batch, features], times `upstream`, a scalar. Settling the value with what
   * is to be multiplied saves a walk over what both are made of.
   */
  gradient<T>(backend: Backend<T>, kept: Readonly<Record<Kept | 'value', T>>, upstream: T): T;
}

type SetInput = 'studentFeatures' | 'teacherFeatures';

/** The loss: features as rows, masked; the gradient in the shape of the student's features. */
export function setLoss<Kept extends string>(own: SetLoss<Kept>): Loss<SetInput, 'studentFeatures', 'mask'> {
  const { name, reference, options, least } = own;
  return {
    name,
    reference,
    options,
    inputs: ['studentFeatures', 'teacherFeatures'],
    optionalInputs: ['mask'],
    differentiable: ['studentFeatures'],
    form: 'scalar',

    check<T>(backend: Backend<T>, { studentFeatures, teacherFeatures, mask }: Inputs<SetInput, 'mask', T>) {
      const [student, teacher] = [backend.shapeOf(studentFeatures), backend.shapeOf(teacherFeatures)];
      for (const [argument, shape] of Object.entries({ studentFeatures: student, teacherFeatures: teacher })) {
        if (shape.length < 2) throw shapeError(name, argument, 'of shape [batch, ...features]', shape);
        checkNotEmpty(name, argument, shape);
      }
      const [batch = 0] = student;
      if (teacher[0] !== batch) {
        throw shapeError(name, 'teacherFeatures', `of ${batch} samples as studentFeatures`, teacher);
      }
      if (least !== undefined && batch < least.samples) {
        throw shapeError(name, 'studentFeatures', `of at least ${least.samples} samples`, student, least.hint);
      }
      checkMask(backend, name, mask, 'the samples', [batch]);
    },

    forward<T>(backend: Backend<T>, inputs: Inputs<SetInput, 'mask', T>, context?: LossContext) {
      const given = sampleSet(backend, inputs);
      const [student, teacher] = [given.student, given.teacher].map(
        (features): Tempered<T> => (own.takesAnySize ? { numbers: features } : tempered(backend, features)),
      ) as [Tempered<T>, Tempered<T>];
      const kept = own.value(backend, { ...given, student: student.numbers, teacher: teacher.numbers }, context);
      return {
        value: kept.value,
        residuals: { own: kept as Record<string, T>, factor: student.factor, shaped: inputs.studentFeatures },
      };
    },

    backward<T>(backend: Backend<T>, { own: kept, factor, shaped }: Residuals<T>, upstream: T) {
      const ofNumbers = own.gradient<T>(backend, kept as Record<Kept | 'value', T>, upstream);
      // Last: what the gradient is made of may leave the range once it is as large, or as small, as the factor makes it.
      const gradient = factor === undefined ? ofNumbers : backend.multiply(ofNumbers, factor as T);
      return [backend.reshape(gradient, backend.shapeOf(shaped as T))];
    },
  };
}

function sampleSet<T>(
  backend: Backend<T>,
  { studentFeatures, teacherFeatures, mask }: Inputs<SetInput, 'mask', T>,
): SampleSet<T> {
  const [batch = 1] = backend.shapeOf(studentFeatures);
  if (mask === undefined) {
    return {
      student: asMatrix(backend, studentFeatures),
      teacher: asMatrix(backend, teacherFeatures),
      counts: undefined,
      size: backend.scalar(batch),
    };
  }
  const counts = backend.reshape(backend.greater(mask, backend.scalar(0)), [batch, 1]);
  const masked = (features: T): T => backend.where(counts, asMatrix(backend, features), backend.scalar(0));
  return {
    student: masked(studentFeatures),
    teacher: masked(teacherFeatures),
    counts,
    size: backend.maximum(backend.sum(counts), backend.scalar(1)),
  };
}

function asMatrix<T>(backend: Backend<T>, features: T): T {
  const [batch = 1, ...rest] = backend.shapeOf(features);
  return backend.reshape(features, [batch, sizeOf(rest)]);
}

/** Numbers of pairs of samples [batch, batch], 0 where one of the two does not count. */
export function ofPairs<T>(backend: Backend<T>, counts: T | undefined, pairs: T): T {
  if (counts === undefined) return pairs;
  return backend.where(backend.multiply(counts, backend.transpose(counts)), pairs, backend.scalar(0));
}
