import { initializeAffine } from '../../ops/initializeAffine.ts';
import { readOptions, whole } from '../../options.ts';
import { deriveSeed } from '../../random.ts';
import type { HostTensor } from '../../tensor.ts';

/** Options of `initializeCrd`. */
export interface InitializeCrdOptions {
  /** The width of the student's features. */
  readonly studentFeatures: number;
  /** The width of the teacher's features. */
  readonly teacherFeatures: number;
  /** The width of the embeddings, that of the memory. Default 128. */
  readonly dimension?: number;
  /** A whole number; the same seed gives the same parameters. Default 0. */
  readonly seed?: number;
}

/** The projections of `crd`, under the names of the loss's inputs. */
export interface CrdParameters {
  /** [student features, dimension]. */
  readonly studentProjectionWeight: HostTensor;
  /** [dimension]. */
  readonly studentProjectionBias: HostTensor;
  /** [teacher features, dimension]. */
  readonly teacherProjectionWeight: HostTensor;
  /** [dimension]. */
  readonly teacherProjectionBias: HostTensor;
}

/**
 * Starting values for the two projections of `crd`: weights uniform over ±1/√(features), zero bias.
 *
 * @returns Host tensors in float32 under the names of the loss's inputs; hand them to the optimizer, both sides.
 * @throws RangeError for a width below 1, a seed that is not a whole number, or an unknown option.
 * @example
 * const projections = initializeCrd({ studentFeatures: 32, teacherFeatures: 16, dimension: 128, seed: 1 });
 */
// @__NO_SIDE_EFFECTS__
export function initializeCrd(options: InitializeCrdOptions): CrdParameters {
  const { studentFeatures, teacherFeatures, dimension, seed } = readOptions('initializeCrd', options, {
    studentFeatures: whole(1),
    teacherFeatures: whole(1),
    dimension: whole(1, 128),
    seed: whole(0, 0),
  });
  const student = initializeAffine('initializeCrd', studentFeatures, dimension, deriveSeed(seed, 0));
  const teacher = initializeAffine('initializeCrd', teacherFeatures, dimension, deriveSeed(seed, 1));
  return {
    studentProjectionWeight: student.weight,
    studentProjectionBias: student.bias,
    teacherProjectionWeight: teacher.weight,
    teacherProjectionBias: teacher.bias,
  };
}
