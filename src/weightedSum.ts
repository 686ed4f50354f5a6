/** Composition of losses: a weighted, scheduled sum of named terms. */
import type { Backend, Residuals } from './backend.ts';
import { checkFinite, checkRecord, describe, kindError, rangeError } from './check.ts';
import type { Inputs } from './inputs.ts';
import {
  type AnyLoss,
  backwardOf,
  type DifferentiableOf,
  forwardOf,
  type InputOf,
  type Loss,
  type LossContext,
  type OptionalOf,
} from './loss.ts';
import { asGiven, readOptions } from './options.ts';
import type { Schedule } from './schedule.ts';

/** One term of a weighted sum. */
export interface Term<TermLoss extends AnyLoss<'scalar'> = AnyLoss<'scalar'>> {
  readonly loss: TermLoss;
  /** A number, or a function of the training step. */
  readonly weight: number | Schedule;
}

type LossesOf<Terms extends Readonly<Record<string, Term>>> = Terms[keyof Terms]['loss'];

/**
 * The weighted sum of several losses, Σ wᵢ·lossᵢ, itself a loss. The terms share one flat record of inputs; use `rename`
 * where two terms read different tensors under the same name.
 *
 * Gradients of shared inputs add up. A term whose weight is 0 at a step is still reported in `terms`, and takes no part
 * in the sum or the gradients.
 *
 * @param terms Losses by name, each with a weight: a number or a schedule of the training step.
 * @throws RangeError when a weight is not finite, or depends on the step and no step is given.
 * @example
 * const objective = weightedSum({
 *   task: { loss: crossEntropy(), weight: 0.1 },
 *   distillation: { loss: klDivergence({ temperature: 8 }), weight: linearRamp({ end: 1000 }) },
 * });
 * const { value, terms, gradients } = valueAndGradients(objective, batch, { step });
 */
// @__NO_SIDE_EFFECTS__
export function weightedSum<const Terms extends Readonly<Record<string, Term>>>(
  terms: Terms,
): Loss<
  InputOf<LossesOf<Terms>>,
  DifferentiableOf<LossesOf<Terms>>,
  Exclude<OptionalOf<LossesOf<Terms>>, InputOf<LossesOf<Terms>>>
> {
  const isRecord = typeof terms === 'object' && terms !== null && !Array.isArray(terms);
  const named = isRecord ? (Object.entries(terms) as readonly (readonly [string, Term])[]) : [];
  if (named.length === 0) throw rangeError('weightedSum', 'terms', 'a record of at least one term', terms);
  for (const [name, term] of named) {
    checkRecord('weightedSum', `terms.${name}`, term, '{ loss, weight }');
    readOptions(`weightedSum: terms.${name}`, term, { loss: asGiven, weight: asGiven });
    const { loss, weight } = term;
    if (typeof loss?.forward !== 'function') throw kindError('weightedSum', `terms.${name}.loss`, 'a loss', loss);
    if (loss.form !== 'scalar') {
      throw rangeError('weightedSum', `terms.${name}.loss`, "reduced by 'mean' or 'sum'", 'none');
    }
    if (typeof weight !== 'function') checkFinite('weightedSum', `terms.${name}.weight`, weight);
  }
  const inputs = unique(named.flatMap(([, { loss }]) => loss.inputs));
  const optionalInputs = unique(named.flatMap(([, { loss }]) => loss.optionalInputs)).filter(
    (name) => !inputs.includes(name),
  );
  const differentiable = unique(named.flatMap(([, { loss }]) => loss.differentiable));

  const composed: Loss<string, string, string> = {
    name: 'weightedSum',
    reference: weightedSum,
    options: { terms },
    inputs,
    optionalInputs,
    differentiable,
    otherNames: Object.assign({}, ...named.map(([, { loss }]) => loss.otherNames)) as Readonly<Record<string, string>>,
    form: 'scalar',
    // Each term says for itself whether it takes one.
    takesNormalizer: true,

    check(backend, given) {
      for (const [, { loss }] of named) loss.check(backend, given);
    },

    forward<T>(backend: Backend<T>, given: Inputs<string, string, T>, context?: LossContext) {
      const weights = named.map(([name, { weight }]) => weightAt(name, weight, context?.step));
      const values: Record<string, T> = {};
      const residuals: Record<string, Residuals<T>> = {};
      let total: T | undefined;
      named.forEach(([name, { loss }], index) => {
        const { value, residuals: termResiduals } = forwardOf(backend, loss, given, context);
        values[name] = value;
        const weight = weights[index]!;
        const covered = loss.differentiable.every((input) =>
          named.some(([, other], position) => weights[position] !== 0 && other.loss.differentiable.includes(input)),
        );
        if (weight === 0 && covered) return;
        // Without a weight it gives zeros alone: times 0 an infinite term, or gradient, would be NaN.
        if (weight === 0) {
          residuals[name] = { term: termResiduals };
          return;
        }
        const scale = backend.scalar(weight);
        residuals[name] = { weight: scale, term: termResiduals };
        const weighted = weight === 1 ? value : backend.multiply(value, scale);
        total = total === undefined ? weighted : backend.add(total, weighted);
      });
      return { value: total ?? backend.scalar(0), residuals, terms: values };
    },

    backward<T>(backend: Backend<T>, residuals: Residuals<T>, upstream: T) {
      const sums = new Map<string, T>();
      for (const [name, { loss }] of named) {
        const saved = residuals[name] as { weight?: T; term: Residuals<T> } | undefined;
        if (saved === undefined) continue;
        const { weight, term } = saved;
        const gradients = backwardOf(backend, loss, term, weight ? backend.multiply(upstream, weight) : upstream);
        loss.differentiable.forEach((input, index) => {
          const sum = sums.get(input);
          const own = gradients[index];
          if (own === undefined) return;
          const gradient = weight ? own : zerosLike(backend, own);
          sums.set(input, sum === undefined ? gradient : backend.add(sum, gradient));
        });
      }
      return differentiable.map((input) => sums.get(input));
    },
  };
  return composed as never;
}

/** Zeros in the shape of a tensor, whatever it holds. */
function zerosLike<T>(backend: Backend<T>, x: T): T {
  const zero = backend.scalar(0);
  return backend.where(zero, x, zero);
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}

function weightAt(name: string, weight: number | Schedule, step: number | undefined): number {
  if (typeof weight === 'number') return weight;
  if (step === undefined) {
    throw kindError(
      'weightedSum',
      'step',
      'given',
      step,
      `The weight of term '${name}' is a schedule: pass { step } after the inputs.`,
    );
  }
  const value = weight(step);
  if (!Number.isFinite(value)) {
    throw rangeError('weightedSum', `terms.${name}.weight(${describe(step)})`, 'a finite number', value);
  }
  return value;
}
