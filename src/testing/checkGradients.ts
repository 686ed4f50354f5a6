/** The gradient check: a loss's stated gradient against central differences of its value, in float64. */

import { rangeError } from '../check.ts';
import { cpuBackend } from '../cpu/index.ts';
import { inputsOn } from '../inputs.ts';
import { type AnyLoss, evaluateOn, type InputsOf, type LossContext, valueAndGradientsOn } from '../loss.ts';
import type { TensorLike } from '../tensor.ts';

/** Options of `checkGradients`. */
export interface CheckGradientsOptions extends LossContext {
  /** Step of the central difference, relative to the element's size (at least 1). Default 1e-5. */
  readonly stepSize?: number;
  /** Largest difference allowed, relative to the largest gradient of the input (at least 1e-3). Default 1e-6. */
  readonly tolerance?: number;
}

/** What `checkGradients` found for each differentiable input. */
export interface GradientCheck {
  readonly input: string;
  /** The largest difference between the stated and the numerical gradient. */
  readonly largestDifference: number;
  readonly elements: number;
}

/**
 * Compares a loss's gradient with central differences of its value, element by element, in float64 on the host.
 *
 * @param loss The loss; with `reduction: 'none'` the sum of its rows is differentiated.
 * @param inputs Host arrays, away from kinks and infinities.
 * @returns One line for each differentiable input that is given.
 * @throws RangeError that names the input and the element whose gradient differs by more than the tolerance.
 * @example
 * checkGradients(myLoss(), { studentLogits: [[1, 2, 3]], labels: [0] });
 */
export function checkGradients<L extends AnyLoss>(
  loss: L,
  inputs: InputsOf<L, TensorLike>,
  options: CheckGradientsOptions = {},
): readonly GradientCheck[] {
  const { stepSize = 1e-5, tolerance = 1e-6, ...context } = options;
  const backend = cpuBackend({ precision: 'float64' });
  const plain: AnyLoss = loss;
  const placed = inputsOn(backend, plain, inputs);
  const { gradients } = valueAndGradientsOn(backend, plain, placed, context);
  const given = plain.differentiable.filter((name) => placed[name] !== undefined);
  const valueWith = (name: string, data: Float64Array): number => {
    const moved = { ...placed, [name]: { data, shape: placed[name]!.shape } };
    const { value } = evaluateOn(backend, plain, moved, context);
    return Float64Array.from(value.data).reduce((sum, row) => sum + row, 0);
  };
  return given.map((name) => {
    const gradient = Float64Array.from(gradients[name]!.data);
    const origin = Float64Array.from(placed[name]!.data);
    const allowed =
      tolerance *
      Math.max(
        1e-3,
        gradient.reduce((most, g) => Math.max(most, Math.abs(g)), 0),
      );
    let largestDifference = 0;
    for (let index = 0; index < origin.length; index++) {
      const step = stepSize * Math.max(1, Math.abs(origin[index]!));
      const above = origin.slice();
      const below = origin.slice();
      above[index]! += step;
      below[index]! -= step;
      const numerical = (valueWith(name, above) - valueWith(name, below)) / (above[index]! - below[index]!);
      const difference = Math.abs(numerical - gradient[index]!);
      if (!(difference <= allowed)) {
        throw rangeError(
          'checkGradients',
          `${loss.name}'s gradient of ${name} at element ${index}`,
          `${numerical} (central difference) within ${allowed.toExponential(1)}`,
          gradient[index],
        );
      }
      largestDifference = Math.max(largestDifference, difference);
    }
    return { input: name, largestDifference, elements: origin.length };
  });
}
