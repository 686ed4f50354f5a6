import { checkSameShape, kindError } from '../../check.ts';
import { type HostTensor, type TensorLike, toHostTensor } from '../../tensor.ts';
import {
  checkInterpolation,
  checkParameterNames,
  type InterpolationOptions,
  type InterpolationResult,
  isFloat,
  type Parameters,
  walk,
} from './interpolation.ts';

/** Options of `linearInterpolation`. */
export type LinearInterpolationOptions = InterpolationOptions<TensorLike, HostTensor>;

function hostParameters(where: string, argument: string, given: Parameters<TensorLike>): Parameters<HostTensor> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, toHostTensor(value, where, `${argument}['${name}']`)]),
  );
}

function between(from: HostTensor, to: HostTensor, lambda: number): HostTensor {
  // The type of `from` is kept, where it holds fractions: float32 weights are mixed in float64 and rounded once.
  const start = isFloat(from) ? from.data : Float64Array.from(from.data);
  const data = start.map((value, index) => lambda * to.data[index]! + (1 - lambda) * value);
  return { data, shape: from.shape };
}

/**
 * The loss along the straight line between two models' parameters, θ(λ) = λ·to + (1 − λ)·from, and the height of the
 * barrier on it: near 0 where both lie in one basin of the loss.
 *
 * Parameters are host arrays by name. At λ = 0 and λ = 1 the evaluator gets `from` and `to` themselves, bit for bit;
 * between them, new arrays. Typed arrays of whole numbers are not interpolated unless `predicate` says so, and then are doubles.
 *
 * @returns A promise of `{ value, barrier: { linear, mean, endpoint }, lambdas, losses, measurements, status }`.
 * @throws TypeError for parameters whose names or shapes differ, with the name. An error of the evaluator is passed on.
 * @example
 * const { barrier, lambdas, losses } = await linearInterpolation({
 *   from: { weight: [[1, 0]] },
 *   to: { weight: [[0, 1]] },
 *   evaluate: ({ weight }) => weight.data[0] * weight.data[1],
 * });
 * @see Neyshabur, Sedghi and Zhang, "What is being transferred in transfer learning?", 2020; Frankle et al., "Linear mode
 * connectivity and the lottery ticket hypothesis", 2020, for the linear baseline.
 */
export async function linearInterpolation(options: LinearInterpolationOptions): Promise<InterpolationResult> {
  const where = 'linearInterpolation';
  const points = checkInterpolation(where, options);
  checkParameterNames(where, options.from, options.to);
  const from = hostParameters(where, 'from', options.from);
  const to = hostParameters(where, 'to', options.to);
  for (const [name, parameter] of Object.entries(to)) {
    const { shape, data } = parameter;
    checkSameShape(where, `to['${name}']`, shape, `from['${name}']`, from[name]!.shape);
    if (isFloat(from[name]!) !== isFloat(parameter)) {
      throw kindError(where, `to['${name}']`, `an array of the kind of from['${name}']`, data);
    }
  }
  const { predicate = (_, parameter) => isFloat(parameter), recalibrate, evaluate, onProgress } = options;
  const at = (lambda: number): Parameters<HostTensor> => {
    if (lambda === 0) return from;
    if (lambda === 1) return to;
    return Object.fromEntries(
      Object.entries(from).map(([name, start]) => {
        if (!predicate(name, start)) return [name, lambda < 0.5 ? start : to[name]!];
        return [name, between(start, to[name]!, lambda)];
      }),
    );
  };
  return walk(
    where,
    points,
    async (lambda) => {
      const parameters = at(lambda);
      const isEnd = lambda === 0 || lambda === 1;
      return evaluate(isEnd ? parameters : ((await recalibrate?.(parameters, lambda)) ?? parameters), lambda);
    },
    onProgress,
  );
}
