import type { Metric } from '../../metric.ts';
import { readOptions } from '../../options.ts';
import { namesOf } from './layerNames.ts';
import { pairMethods } from './pairMetric.ts';
import type { SimilarityMetric } from './pairSimilarity.ts';
import { namedSimilarity, similarityOption } from './similarityOption.ts';

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
  /** Whether the values are similarities or distances. */
  readonly kind: 'similarity' | 'distance';
  readonly samples: number;
}

/**
 * The similarity of every model with every other, from their activations on the same samples. Each model's own part is
 * computed once.
 *
 * Inputs: one for each name in `models`, [n, …]. Streams and merges where the similarity does.
 *
 * @returns `{ models, value, status, cells, kind, samples }`; `dissimilarity` of it is what `multidimensionalScaling` takes.
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
  const { models, similarity } = readOptions('similarityMatrix', options, {
    models: namesOf<Name>(),
    similarity: similarityOption<Cell>(),
  });
  const { kind } = similarity.pairs;
  return {
    name: 'similarityMatrix',
    reference: similarityMatrix,
    options: { models, similarity: namedSimilarity(similarity) },
    inputs: models,
    optionalInputs: [],
    ...pairMethods(similarity.pairs, 'similarityMatrix', models, models, ({ cells, samples }) => ({
      models,
      value: cells.map((row) => row.map(({ value }) => value)),
      status: cells.map((row) => row.map(({ status }) => status)),
      cells,
      kind,
      samples,
    })),
  };
}
