import type { Metric } from '../../metric.ts';
import { readOptions } from '../../options.ts';
import { type CkaOptions, checkedForm, ckaReaders } from './ckaOptions.ts';
import { type CkaStatus, ckaSimilarity } from './ckaSimilarity.ts';
import { namesOf } from './layerNames.ts';
import { pairMethods } from './pairMetric.ts';

/** Options of `ckaMatrix`: those of `cka`, and the layers. */
export interface CkaMatrixOptions<Layer extends string> extends CkaOptions {
  /** Layers of one model, the rows of the matrix: names of inputs. */
  readonly x: readonly Layer[];
  /** Layers of the other model, its columns. The same list gives a model's layers among themselves. */
  readonly y: readonly Layer[];
}

/** What `ckaMatrix` returns; every matrix is [row][column]. */
export interface CkaMatrixResult<Layer extends string> {
  /** The layers of the rows. */
  readonly x: readonly Layer[];
  /** The layers of the columns. */
  readonly y: readonly Layer[];
  /** CKA of each pair, in the form that was asked for: a row for each layer of `x`. */
  readonly value: readonly (readonly number[])[];
  /** The same in either form: the debiased one is about 0 for unrelated layers, whatever their widths. */
  readonly biased: readonly (readonly number[])[];
  readonly debiased: readonly (readonly number[])[];
  /** Whether a cell is defined, and why not: see `cka`. */
  readonly status: readonly (readonly CkaStatus[])[];
  /** What chance would give on average, and each value in standard deviations from there: see `cka`. */
  readonly expected: readonly (readonly (number | null)[])[];
  readonly z: readonly (readonly (number | null)[])[];
  readonly kind: 'similarity';
  readonly samples: number;
}

/**
 * Centred kernel alignment of every layer of one model with every layer of another.
 *
 * Inputs: one for each layer named, [n, …], of the same samples; axes after the first are flattened. Each layer's own part
 * is computed once. The linear form streams and merges exactly; `minibatch: true` streams with a few numbers a cell,
 * whatever the widths.
 *
 * @returns `{ x, y, value, biased, debiased, status, expected, z, kind, samples }`.
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
  const read = readOptions('ckaMatrix', options, { x: namesOf<Layer>(), y: namesOf<Layer>(), ...ckaReaders() });
  const { x, y, ...settings } = read;
  const similarity = ckaSimilarity('ckaMatrix', checkedForm('ckaMatrix', settings));
  return {
    name: 'ckaMatrix',
    reference: ckaMatrix,
    options: read,
    inputs: [...new Set([...x, ...y])],
    optionalInputs: [],
    ...pairMethods(similarity, 'ckaMatrix', x, y, ({ cells, samples }) => ({
      x,
      y,
      value: cells.map((row) => row.map(({ value }) => value)),
      biased: cells.map((row) => row.map(({ biased }) => biased)),
      debiased: cells.map((row) => row.map(({ debiased }) => debiased)),
      status: cells.map((row) => row.map(({ status }) => status)),
      expected: cells.map((row) => row.map(({ expected }) => expected)),
      z: cells.map((row) => row.map(({ z }) => z)),
      kind: 'similarity',
      samples,
    })),
  };
}
