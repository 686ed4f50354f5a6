import { rangeError } from '../../check.ts';
import { positive, readOptions, whole } from '../../options.ts';
import type { HostTensor } from '../../tensor.ts';

/** Options of `initializeVid`. */
export interface InitializeVidOptions {
  /** The teacher's channels. */
  readonly channels: number;
  /** The variance to begin with. Default 5. */
  readonly variance?: number;
  /** The ε of the loss. Default 1e-5. */
  readonly epsilon?: number;
}

/** The parameter of `vid`, under the name of its input. */
export interface VidParameters {
  readonly variance: HostTensor;
}

/**
 * Makes the trainable parameter of `vid`: for each channel the number whose softplus, plus ε, is the variance to begin with.
 *
 * @throws RangeError for a variance that is not greater than ε, or an unknown option.
 * @example
 * const { variance } = initializeVid({ channels: 64 });
 */
// @__NO_SIDE_EFFECTS__
export function initializeVid(options: InitializeVidOptions): VidParameters {
  const { channels, variance, epsilon } = readOptions('initializeVid', options, {
    channels: whole(1, undefined, 2 ** 30),
    variance: positive(5),
    epsilon: positive(1e-5),
  });
  if (!(variance > epsilon))
    throw rangeError('initializeVid', 'variance', `greater than epsilon, ${epsilon}`, variance);
  const excess = variance - epsilon;
  // log(e^x − 1) in the form that neither overflows for a large variance nor cancels for a small one.
  const parameter = excess + Math.log(-Math.expm1(-excess));
  return { variance: { data: new Float32Array(channels).fill(parameter), shape: [channels] } };
}
