/** What the host and the device form of linear interpolation share: points, the walk along them, barriers. */
import { kindError, rangeError } from '../../check.ts';
import { asGiven, callback, optional, readOptions, whole } from '../../options.ts';
import type { HostTensor } from '../../tensor.ts';

/** What an evaluator returns: a loss, or a record of numbers with the loss among them. */
export type Measured = number | ({ readonly loss: number } & Readonly<Record<string, number>>);

/** What is reported after each point. */
export interface InterpolationProgress {
  /** Points evaluated so far, and all of them. */
  readonly done: number;
  readonly total: number;
  readonly lambda: number;
  readonly loss: number;
}

/** The heights of the barrier over three baselines; where a loss is NaN, that point does not count. */
export interface Barriers {
  /** max over λ of L(λ) − (λ·L₁ + (1 − λ)·L₀): over the straight line between the ends. */
  readonly linear: number;
  /** max over λ of L(λ) − ½(L₀ + L₁). */
  readonly mean: number;
  /** max over λ of L(λ) − max(L₀, L₁). */
  readonly endpoint: number;
}

/** What linear interpolation returns. */
export interface InterpolationResult {
  /** `barrier.linear`. */
  readonly value: number;
  readonly barrier: Barriers;
  /** From 0 (`from`) to 1 (`to`). */
  readonly lambdas: readonly number[];
  /** The loss at each λ. */
  readonly losses: readonly number[];
  /** Every other number that the evaluator returned, at each λ; NaN at a point where it was missing. */
  readonly measurements: Readonly<Record<string, readonly number[]>>;
  /**
   * `'nanLoss'` where some loss was NaN, `'infiniteEnd'` where the loss at an end is infinite. Over a NaN or infinite end no
   * height is defined: barriers of such a path are 0.
   */
  readonly status: 'ok' | 'nanLoss' | 'infiniteEnd';
}

/** Whether host parameters are interpolated where nothing is said: whole numbers count something. */
export function isFloat({ data }: HostTensor): boolean {
  return data instanceof Float32Array || data instanceof Float64Array;
}

/** A set of parameters by name. */
export type Parameters<Tensor> = Readonly<Record<string, Tensor>>;

/** Options of linear interpolation. */
export interface InterpolationOptions<Given, Tensor> {
  /** Parameters at λ = 0. */
  readonly from: Parameters<Given>;
  /** Parameters at λ = 1: the same names and shapes. */
  readonly to: Parameters<Given>;
  /** The loss of a model with these parameters (and more numbers, such as its accuracy); may be asynchronous. */
  readonly evaluate: (parameters: Parameters<Tensor>, lambda: number) => Measured | Promise<Measured>;
  /** Points on the path, both ends among them. Default 25. */
  readonly points?: number;
  /**
   * Which parameters are interpolated. The others (step counters, statistics of batch normalisation) are those of the
   * nearer end, of `to` at λ = ½. Default: all but host arrays of whole numbers; those that it names are mixed into doubles.
   */
  readonly predicate?: (name: string, parameter: Tensor) => boolean;
  /**
   * Re-estimates what interpolation spoils, the statistics of batch normalisation above all; returns the parameters to
   * evaluate. Not called at the ends, which are evaluated as they are.
   */
  readonly recalibrate?: (
    parameters: Parameters<Tensor>,
    lambda: number,
  ) => Parameters<Tensor> | Promise<Parameters<Tensor>>;
  /** Called after each point. */
  readonly onProgress?: (progress: InterpolationProgress) => void;
}

/** Checks all but the parameters; returns the number of points. */
export function checkInterpolation<Given, Tensor>(where: string, options: InterpolationOptions<Given, Tensor>): number {
  return readOptions(where, options, {
    from: asGiven,
    to: asGiven,
    evaluate: callback(),
    points: whole(2, 25),
    predicate: optional(callback()),
    recalibrate: optional(callback()),
    onProgress: optional(callback()),
  }).points;
}

/** Requires the same parameter names on both sides. */
export function checkParameterNames(where: string, from: Parameters<unknown>, to: Parameters<unknown>): void {
  for (const [argument, value] of Object.entries({ from, to })) {
    if (typeof value !== 'object' || value === null) {
      throw kindError(where, argument, 'a record of named parameters', value);
    }
  }
  if (Object.keys(from).length === 0) throw rangeError(where, 'from', 'a record of at least one parameter', from);
  const missing = (argument: string, names: Parameters<unknown>, other: Parameters<unknown>, otherArgument: string) => {
    for (const name of Object.keys(other)) {
      if (!Object.hasOwn(names, name)) {
        throw kindError(where, `${argument}['${name}']`, `given, as ${otherArgument}['${name}'] is`, undefined);
      }
    }
  };
  missing('to', to, from, 'from');
  missing('from', from, to, 'to');
}

/** Walks the path one point after the other. */
export async function walk(
  where: string,
  points: number,
  evaluateAt: (lambda: number) => Promise<Measured>,
  onProgress: ((progress: InterpolationProgress) => void) | undefined,
): Promise<InterpolationResult> {
  const lambdas = Array.from({ length: points }, (_, index) => index / (points - 1));
  const losses: number[] = [];
  // A Map: every object has a `constructor`.
  const measurements = new Map<string, number[]>();
  for (const [index, lambda] of lambdas.entries()) {
    const measured = await evaluateAt(lambda);
    const numbers = typeof measured === 'number' ? { loss: measured } : measured;
    if (typeof numbers?.loss !== 'number') {
      throw kindError(where, 'the result of evaluate', 'a number or a record with a number `loss`', measured);
    }
    losses.push(numbers.loss);
    for (const [name, value] of Object.entries(numbers)) {
      if (name === 'loss') continue;
      if (typeof value !== 'number') throw kindError(where, `the ${name} that evaluate returned`, 'a number', value);
      const listed = measurements.get(name) ?? new Array<number>(points).fill(Number.NaN);
      listed[index] = value;
      measurements.set(name, listed);
    }
    onProgress?.({ done: index + 1, total: points, lambda, loss: numbers.loss });
  }
  const barrier = barriersOf(lambdas, losses);
  return {
    value: barrier.linear,
    barrier,
    lambdas,
    losses,
    measurements: Object.fromEntries(measurements),
    status: statusOf(losses),
  };
}

function statusOf(losses: readonly number[]): InterpolationResult['status'] {
  if (losses.some(Number.isNaN)) return 'nanLoss';
  return Number.isFinite(losses[0]) && Number.isFinite(losses.at(-1)) ? 'ok' : 'infiniteEnd';
}

function barriersOf(lambdas: readonly number[], losses: readonly number[]): Barriers {
  const [first, last] = [losses[0]!, losses.at(-1)!];
  if (!Number.isFinite(first) || !Number.isFinite(last)) return { linear: 0, mean: 0, endpoint: 0 };
  const above = (baseline: (lambda: number) => number): number => {
    const heights = losses
      .map((loss, index) => loss - baseline(lambdas[index]!))
      .filter((height) => !Number.isNaN(height));
    // Of two finite ends each has a height.
    return heights.reduce((highest, height) => Math.max(highest, height), -Infinity);
  };
  const ends = { 0: first, 1: last };
  return {
    // At the ends the line is the loss itself, to the last digit.
    linear: above((lambda) => (lambda === 0 || lambda === 1 ? ends[lambda] : lambda * last + (1 - lambda) * first)),
    mean: above(() => (first + last) / 2),
    endpoint: above(() => Math.max(first, last)),
  };
}
