import type { Backend } from '../../backend.ts';
import { checkIsBackend, checkSameShape, disposedError } from '../../check.ts';
import { type TensorLike, toHostTensor } from '../../tensor.ts';
import {
  checkInterpolation,
  checkParameterNames,
  type InterpolationOptions,
  type InterpolationResult,
  isFloat,
  type Parameters,
  walk,
} from './interpolation.ts';

/** Options of `linearInterpolationOn`. */
export type LinearInterpolationOnOptions<T> = InterpolationOptions<T | TensorLike, T>;

/**
 * `linearInterpolation` with parameters on a device: θ(λ) = λ·to + (1 − λ)·from in the backend's tensors.
 *
 * `from` and `to` are borrowed: at λ = 0 and λ = 1 the evaluator gets them as they are. Tensors made between the ends,
 * those that `recalibrate` returns among them, are freed when the evaluator's promise resolves.
 *
 * @param backend The tensors' backend; host arrays among the parameters are copied onto it, and not
 * interpolated where they are typed arrays of whole numbers, unless `predicate` says so. A device's own tensors all are.
 * @returns A promise of `{ value, barrier: { linear, mean, endpoint }, lambdas, losses, measurements, status }`.
 * @throws TypeError for parameters whose names or shapes differ or that are disposed, with the name.
 * @example
 * const { barrier } = await linearInterpolationOn(tfjsBackend(), {
 *   from: firstWeights,
 *   to: secondWeights,
 *   evaluate: async (weights) => lossOnTestSet(weights),
 * });
 */
export async function linearInterpolationOn<T>(
  backend: Backend<T>,
  options: LinearInterpolationOnOptions<NoInfer<T>>,
): Promise<InterpolationResult> {
  const where = 'linearInterpolationOn';
  checkIsBackend(where, backend);
  const points = checkInterpolation(where, options);
  checkParameterNames(where, options.from, options.to);
  const made: T[] = [];
  const counters = new Set<string>();
  const place = (argument: string, given: Parameters<T | TensorLike>): Parameters<T> =>
    Object.fromEntries(
      Object.entries(given).map(([name, value]) => {
        const label = `${argument}['${name}']`;
        if (backend.isTensor(value)) {
          if (backend.isDisposed?.(value)) throw disposedError(where, label);
          return [name, value];
        }
        const host = toHostTensor(value as TensorLike, where, label);
        if (!isFloat(host)) counters.add(name);
        const placed = backend.fromHost(host);
        made.push(placed);
        return [name, placed];
      }),
    );
  try {
    const from = place('from', options.from);
    const to = place('to', options.to);
    for (const [name, value] of Object.entries(to)) {
      const shape = backend.shapeOf(from[name]!);
      checkSameShape(where, `to['${name}']`, backend.shapeOf(value), `from['${name}']`, shape);
    }
    const ends = new Set<T>([...Object.values(from), ...Object.values(to)]);
    const { predicate = (name) => !counters.has(name), recalibrate, evaluate, onProgress } = options;
    const between = (lambda: number): Parameters<T> =>
      backend.scope(() =>
        Object.fromEntries(
          Object.entries(from).map(([name, start]) => {
            if (!predicate(name, start)) return [name, lambda < 0.5 ? start : to[name]!];
            const share = backend.multiply(backend.scalar(lambda), to[name]!);
            return [name, backend.add(share, backend.multiply(backend.scalar(1 - lambda), start))];
          }),
        ),
      );
    return await walk(
      where,
      points,
      async (lambda) => {
        if (lambda === 0) return evaluate(from, lambda);
        if (lambda === 1) return evaluate(to, lambda);
        const mixed = between(lambda);
        const owned = new Set(Object.values(mixed));
        try {
          const recalibrated = (await recalibrate?.(mixed, lambda)) ?? mixed;
          for (const value of Object.values(recalibrated)) owned.add(value);
          return await evaluate(recalibrated, lambda);
        } finally {
          for (const value of owned) {
            if (!ends.has(value) && !backend.isDisposed?.(value)) backend.dispose(value);
          }
        }
      },
      onProgress,
    );
  } finally {
    for (const value of made) backend.dispose(value);
  }
}
