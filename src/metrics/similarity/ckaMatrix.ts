import { checkOptions } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { type CkaOptions, ckaSettings } from './ckaOptions.ts';
import { type CkaStatus, ckaSimilarity } from './ckaSimilarity.ts';
import { checkNames } from './layerNames.ts';
import { pairMethods } from './pairSimilarity.ts';

/** Options of `ckaMatrix`: those of `cka`, and the layers. */
export interface CkaMatrixOptions<Layer extends string> extends CkaOptions {
  /** Layers of one model, the rows of the matrix: names of inputs. */
  readonly x: readonly Layer[];
  /** Layers of the other model, its columns. The same list gives a model's layers among themselves. */
  readonly y: readonly Layer[];
}

/** What `ckaMatrix` returns; every matrix is [row][column]. */
export interface CkaMatrixResult<Layer extends string> {
  readonly x: readonly Layer[];
  readonly y: readonly Layer[];
  readonly value: readonly (readonly number[])[];
  readonly biased: readonly (readonly number[])[];
  readonly debiased: readonly (readonly number[])[];
  /** Whether a cell is defined, and why not: see `cka`. */
  readonly status: readonly (readonly CkaStatus[])[];
  readonly samples: number;
}

/**
 * Centred kernel alignment of every layer of one model with every layer of another.
 *
 * Inputs: one for each layer named, [n, …], of the same samples; axes after the first are flattened. Each layer's own part
 * is computed once. The linear form streams and merges exactly; `minibatch: true` streams with a few numbers a cell,
 * whatever the widths.
 *
 * @returns `{ x, y, value, biased, debiased, status, samples }`.
 * @throws RangeError for NaN or infinite activations and for names that repeat within a model.
 * @example
 * const { debiased } = measure(ckaMatrix({ x: ['student1', 'student2'], y: ['teacher1'] }), {
 *   student1: firstBlock, student2: secondBlock, teacher1: teacherBlock,
 * });
 * @see Nguyen, Raghu and Kornblith, "Do Wide and Deep Networks Learn the Same Things?", 2021.
 */
// @__NO_SIDE_EFFECTS__
export function ckaMatrix<Layer extends string>(
  options: CkaMatrixOptions<Layer>,
): Metric<Layer, string, CkaMatrixResult<Layer>> {
  checkOptions('ckaMatrix', options, ['x', 'y', 'kernel', 'bandwidth', 'median', 'debiased', 'minibatch', 'form']);
  const { x, y, ...forCka } = options;
  checkNames('ckaMatrix', 'x', x);
  checkNames('ckaMatrix', 'y', y);
  const settings = ckaSettings('ckaMatrix', forCka);
  const sameLayers = x.length === y.length && x.every((layer, index) => layer === y[index]);
  return {
    name: 'ckaMatrix',
    reference: ckaMatrix,
    options: { x, y, ...settings },
    inputs: [...new Set([...x, ...y])],
    optionalInputs: [],
    ...pairMethods(ckaSimilarity('ckaMatrix', settings), 'ckaMatrix', x, sameLayers ? x : y, ({ cells, samples }) => ({
      x,
      y,
      value: cells.map((row) => row.map(({ value }) => value)),
      biased: cells.map((row) => row.map(({ biased }) => biased)),
      debiased: cells.map((row) => row.map(({ debiased }) => debiased)),
      status: cells.map((row) => row.map(({ status }) => status)),
      samples,
    })),
  };
}
