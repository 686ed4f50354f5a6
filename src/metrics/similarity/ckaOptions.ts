/** Options of centred kernel alignment, and which of its two forms they ask for. */
import { rangeError } from '../../check.ts';
import { flag, type OptionReader, positive, readOptions, word } from '../../options.ts';
import { crossProductsSize } from './crossProducts.ts';
import type { Extents } from './pairSimilarity.ts';

/** Options of `cka` and `ckaMatrix`. */
export interface CkaOptions {
  /** `'linear'` (default) compares dot products of samples, `'rbf'` exp(−d²/2σ²) of their distances d. */
  readonly kernel?: 'linear' | 'rbf';
  /**
   * σ of the RBF kernel, in units of the median distance between samples: the root of the median of their squares, which of an
   * even number is the mean of the middle two. Default 1.
   */
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

/** Readers of the options. */
export function ckaReaders(): { readonly [Name in keyof CkaSettings]: OptionReader<CkaSettings[Name]> } {
  return {
    kernel: word(['linear', 'rbf'], 'linear'),
    bandwidth: positive(1),
    median: word(['withDiagonal', 'withoutDiagonal'], 'withDiagonal'),
    debiased: flag(false),
    minibatch: flag(false),
    form: word(['auto', 'features', 'gram'], 'auto'),
  };
}

/** Checks options and fills in defaults. */
export function ckaSettings(where: string, options: CkaOptions): CkaSettings {
  return checkedForm(where, readOptions(where, options, ckaReaders()));
}

/** Refuses a form that a kernel or minibatches do not have. */
export function checkedForm(where: string, settings: CkaSettings): CkaSettings {
  const { kernel, minibatch, form } = settings;
  if (form === 'features' && (kernel === 'rbf' || minibatch)) {
    const owner = kernel === 'rbf' ? "kernel 'rbf'" : 'minibatch';
    throw rangeError(where, 'form', `'auto' or 'gram' with ${owner}`, form);
  }
  return settings;
}

/** The largest state that `form: 'auto'` keeps, in numbers. */
const LARGEST_STATE = 2 ** 22;

/** Whether a CKA of these settings is computed by Gram matrices of samples. */
export function usesGram({ kernel, minibatch, form }: CkaSettings, { samples, x, y }: Extents): boolean {
  if (kernel === 'rbf' || minibatch || form === 'gram') return true;
  return form === 'auto' && gramIsSmaller(samples, x, y);
}

/** Whether Gram matrices of samples are the way out of a state that would be large. */
export function gramIsSmaller(samples: number, x: readonly number[], y: readonly number[]): boolean {
  const state = crossProductsSize(x, y);
  const widths = [...x, ...y].reduce((total, width) => total + width, 0);
  return state > LARGEST_STATE && samples * widths < state;
}
