import { checkOptions, kindError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { checkNames } from './layerNames.ts';
import { pairMethods, type SimilarityMetric } from './pairSimilarity.ts';

/** What a pair's result holds at least. */
export interface SimilarityCell {
  readonly value: number;
  readonly status: string;
}

/** Options of `similarityMatrix`. */
export interface SimilarityMatrixOptions<Name extends string, Cell extends SimilarityCell> {
  /** Names of the models (or layers, or checkpoints), which are the names of the inputs. */
  readonly models: readonly Name[];
  /** How two of them are compared: `representationalSimilarity()` or `cka()`. */
  readonly similarity: SimilarityMetric<Cell>;
}

/** What `similarityMatrix` returns. */
export interface SimilarityMatrixResult<Name extends string, Cell extends SimilarityCell> {
  readonly models: readonly Name[];
  /** The similarity of model i and model j at `value[i][j]`; symmetric. */
  readonly value: readonly (readonly number[])[];
  readonly status: readonly (readonly string[])[];
  /** Each pair's whole result. */
  readonly cells: readonly (readonly Cell[])[];
  readonly samples: number;
}

/**
 * The similarity of every model with every other, from their activations on the same samples. Each model's own part is
 * computed once.
 *
 * Inputs: one for each name in `models`, [n, …]. Streams and merges where the similarity does.
 *
 * @returns `{ models, value, status, cells, samples }`; `dissimilarity(value)` is what `multidimensionalScaling` takes.
 * @throws RangeError for names that repeat and for NaN or infinite activations.
 * @example
 * const { value } = measure(
 *   similarityMatrix({ models: ['teacher', 'student'], similarity: representationalSimilarity() }),
 *   { teacher: teacherFeatures, student: studentFeatures },
 * );
 */
// @__NO_SIDE_EFFECTS__
export function similarityMatrix<Name extends string, Cell extends SimilarityCell>(
  options: SimilarityMatrixOptions<Name, Cell>,
): Metric<Name, string, SimilarityMatrixResult<Name, Cell>> {
  checkOptions('similarityMatrix', options, ['models', 'similarity']);
  const { models, similarity } = options;
  checkNames('similarityMatrix', 'models', models);
  if (typeof similarity?.pairs?.relate !== 'function') {
    throw kindError('similarityMatrix', 'similarity', 'representationalSimilarity() or cka()', similarity);
  }
  return {
    name: 'similarityMatrix',
    reference: similarityMatrix,
    options: { models, similarity: { name: similarity.name, ...similarity.options } },
    inputs: models,
    optionalInputs: [],
    ...pairMethods(similarity.pairs, 'similarityMatrix', models, models, ({ cells, samples }) => ({
      models,
      value: cells.map((row) => row.map(({ value }) => value)),
      status: cells.map((row) => row.map(({ status }) => status)),
      cells,
      samples,
    })),
  };
}
