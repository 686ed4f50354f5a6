/** Options of centred kernel alignment, and which of its two forms they ask for. */
import { checkOneOf, checkOptions, checkPositive, kindError, rangeError } from '../../check.ts';
import { crossProductsSize } from './crossProducts.ts';
import type { Widths } from './pairSimilarity.ts';

/** Options of `cka` and `ckaMatrix`. */
export interface CkaOptions {
  /** `'linear'` (default) compares dot products of samples, `'rbf'` exp(−d²/2σ²) of their distances d. */
  readonly kernel?: 'linear' | 'rbf';
  /** σ of the RBF kernel, in units of the median distance between samples. Default 1. */
  readonly bandwidth?: number;
  /**
   * Whether the median runs over all n² distances, the n zeros of the diagonal among them (default), or over those
   * between different samples.
   */
  readonly median?: 'withDiagonal' | 'withoutDiagonal';
  /** Whether `value` is the debiased form. Default false; the result holds both. */
  readonly debiased?: boolean;
  /**
   * Whether unbiased HSICs are summed over minibatches, Σ HSIC(x, y)/√(Σ HSIC(x, x)·Σ HSIC(y, y)): state of three
   * numbers, at least 4 samples a batch, and a value that depends a little on the batches. `value` is debiased then.
   * Default false.
   */
  readonly minibatch?: boolean;
  /**
   * How linear CKA is computed: `'features'` from the cross-products of features, exact over a stream, with a state of
   * about widthₓ² + widthᵧ² + widthₓ·widthᵧ numbers; `'gram'` from the dot products of samples, in one go.
   * `'auto'` (default) takes Gram matrices only where that state would pass 2²² numbers and samples are few beside both
   * widths.
   */
  readonly form?: 'auto' | 'features' | 'gram';
}

/** Options, complete. */
export type CkaSettings = Required<CkaOptions>;

/** Checks options and fills in defaults. */
export function ckaSettings(where: string, options: CkaOptions): CkaSettings {
  checkOptions(where, options, ['kernel', 'bandwidth', 'median', 'debiased', 'minibatch', 'form']);
  const { kernel = 'linear', bandwidth = 1, median = 'withDiagonal' } = options;
  const { debiased = false, minibatch = false, form = 'auto' } = options;
  checkOneOf(where, 'kernel', kernel, ['linear', 'rbf']);
  checkPositive(where, 'bandwidth', bandwidth);
  checkOneOf(where, 'median', median, ['withDiagonal', 'withoutDiagonal']);
  checkOneOf(where, 'form', form, ['auto', 'features', 'gram']);
  for (const [name, value] of Object.entries({ debiased, minibatch })) {
    if (typeof value !== 'boolean') throw kindError(where, name, 'true or false', value);
  }
  if (form === 'features' && (kernel === 'rbf' || minibatch)) {
    const owner = kernel === 'rbf' ? "kernel 'rbf'" : 'minibatch';
    throw rangeError(where, 'form', `'auto' or 'gram' with ${owner}`, form);
  }
  return { kernel, bandwidth, median, debiased, minibatch, form };
}

/** The largest state that `form: 'auto'` keeps, in numbers. */
const LARGEST_STATE = 2 ** 22;

/** Whether a CKA of these settings is computed by Gram matrices of samples. */
export function usesGram({ kernel, minibatch, form }: CkaSettings, samples: number, { x, y }: Widths): boolean {
  if (kernel === 'rbf' || minibatch || form === 'gram') return true;
  if (form === 'features') return false;
  const state = crossProductsSize(x, y);
  const widths = [...x, ...y].reduce((total, width) => total + width, 0);
  return state > LARGEST_STATE && samples * widths < state;
}
