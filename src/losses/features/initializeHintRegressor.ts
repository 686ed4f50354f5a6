import { initializeAffine } from '../../ops/initializeAffine.ts';
import { readOptions, whole } from '../../options.ts';
import type { HostTensor } from '../../tensor.ts';

/** Options of `initializeHintRegressor`. */
export interface HintRegressorOptions {
  /** The student's width: its features, or the channels of its convolution. */
  readonly studentFeatures: number;
  /** The teacher's width. */
  readonly teacherFeatures: number;
  /** A whole number; the same seed gives the same parameters. Default 0. */
  readonly seed?: number;
}

/** The parameters of a hint's regressor, under the names of the loss's inputs. */
export interface HintRegressorParameters {
  /** [student width, teacher width]. */
  readonly regressorWeight: HostTensor;
  /** [teacher width]. */
  readonly regressorBias: HostTensor;
}

/**
 * Starting values for the regressor of `hint`, linear or 1×1 convolution: weights uniform over ±1/√(student width), zero
 * bias.
 *
 * @returns Host tensors in float32 under the names of the loss's inputs; hand them to the optimizer.
 * @throws RangeError for a width below 1, a seed that is not a whole number, or an unknown option.
 * @example
 * const parameters = initializeHintRegressor({ studentFeatures: 32, teacherFeatures: 64, seed: 1 });
 * const loss = hint({ regressor: 'linear' });   // inputs: { studentFeatures, teacherFeatures, ...parameters }
 */
// @__NO_SIDE_EFFECTS__
export function initializeHintRegressor(options: HintRegressorOptions): HintRegressorParameters {
  const { studentFeatures, teacherFeatures, seed } = readOptions('initializeHintRegressor', options, {
    studentFeatures: whole(1),
    teacherFeatures: whole(1),
    seed: whole(0, 0),
  });
  const { weight, bias } = initializeAffine('initializeHintRegressor', studentFeatures, teacherFeatures, seed);
  return { regressorWeight: weight, regressorBias: bias };
}
