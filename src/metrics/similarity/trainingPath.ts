import { kindError } from '../../check.ts';
import type { Metric } from '../../metric.ts';
import { type OptionReader, readOptions } from '../../options.ts';
import { dissimilarity } from '../embedding/dissimilarity.ts';
import {
  type MultidimensionalScalingOptions,
  multidimensionalScaling,
  scalingSettings,
} from '../embedding/multidimensionalScaling.ts';
import { namesOf } from './layerNames.ts';
import { pairMethods } from './pairMetric.ts';
import type { SimilarityMetric } from './pairSimilarity.ts';
import type { SimilarityCell } from './similarityMatrix.ts';
import { namedSimilarity, similarityOption } from './similarityOption.ts';

/** Options of `trainingPath`. */
export interface TrainingPathOptions<Model extends string, Checkpoint extends string> {
  /** For each model its checkpoints in the order of training: names of inputs. A model that stands still has one. */
  readonly models: Readonly<Record<Model, readonly Checkpoint[]>>;
  /** How two checkpoints are compared: `representationalSimilarity()`, `cka()`, `procrustesDistance()` … */
  readonly similarity: SimilarityMetric<SimilarityCell>;
  /** Options of `multidimensionalScaling`. */
  readonly scaling?: MultidimensionalScalingOptions;
}

/** One model's way over the map. */
export interface Path<Checkpoint extends string> {
  readonly checkpoints: readonly Checkpoint[];
  /** A point for each checkpoint. */
  readonly coordinates: readonly (readonly number[])[];
  /** Map distance from each checkpoint to the next. */
  readonly steps: readonly number[];
}

/** What `trainingPath` returns. */
export interface TrainingPathResult<Model extends string, Checkpoint extends string> {
  readonly paths: Readonly<Record<Model, Path<Checkpoint>>>;
  /** All checkpoints, model by model: rows and columns of the matrices. */
  readonly checkpoints: readonly Checkpoint[];
  /** The similarity (or distance) of every checkpoint with every other. */
  readonly value: readonly (readonly number[])[];
  readonly status: readonly (readonly string[])[];
  /** Stress-1 of the map: how much of the dissimilarities it bends. */
  readonly stress1: number;
  readonly samples: number;
}

/**
 * Training paths: models at many checkpoints on one map, whose distances stand for the dissimilarity of representations.
 *
 * The matrix of similarities of all checkpoints, dissimilarity (1 − s)/max (a distance is taken as it is), then
 * multidimensional scaling.
 *
 * Inputs: one for each checkpoint, its activations on the same samples, [n, …]. Streams and merges where the similarity
 * does.
 *
 * @returns `{ paths, checkpoints, value, status, stress1, samples }`.
 * @throws RangeError for names that repeat and for NaN or infinite activations.
 * @example
 * const { paths } = measure(
 *   trainingPath({
 *     models: { cnn: ['cnnEpoch1', 'cnnEpoch2'], mlp: ['mlpEpoch1', 'mlpEpoch2'] },
 *     similarity: representationalSimilarity(),
 *   }),
 *   activations,
 * );
 * paths.mlp.coordinates; // one point a checkpoint
 * @see Abnar, Dehghani and Zuidema, "Transferring inductive biases through knowledge distillation", 2020, figure 1.
 */
// @__NO_SIDE_EFFECTS__
export function trainingPath<Model extends string, Checkpoint extends string>(
  options: TrainingPathOptions<Model, Checkpoint>,
): Metric<Checkpoint, string, TrainingPathResult<Model, Checkpoint>> {
  const { models, similarity, scaling } = readOptions('trainingPath', options, {
    models: listsOf<Model, Checkpoint>(),
    similarity: similarityOption<SimilarityCell>(),
    // Options of the map are refused here, not after hours of collecting activations.
    scaling: (_where, _name, given) => scalingSettings(given),
  });
  const names = Object.keys(models) as Model[];
  const checkpoints = names.flatMap((model) => models[model]);
  const { kind } = similarity.pairs;
  return {
    name: 'trainingPath',
    reference: trainingPath,
    options: { models, similarity: namedSimilarity(similarity), scaling },
    inputs: checkpoints,
    optionalInputs: [],
    ...pairMethods(similarity.pairs, 'trainingPath', checkpoints, checkpoints, ({ cells, samples }) => {
      const value = cells.map((row) => row.map((cell) => cell.value));
      const apart = kind === 'similarity' ? dissimilarity(value) : withZeroDiagonal(value);
      const { coordinates, stress1 } = multidimensionalScaling(apart, scaling);
      let start = 0;
      const paths: Partial<Record<Model, Path<Checkpoint>>> = {};
      for (const model of names) {
        const points = coordinates.slice(start, start + models[model].length);
        start += points.length;
        paths[model] = { checkpoints: models[model], coordinates: points, steps: stepsOf(points) };
      }
      return {
        paths: paths as Record<Model, Path<Checkpoint>>,
        checkpoints,
        value,
        status: cells.map((row) => row.map((cell) => cell.status)),
        stress1,
        samples,
      };
    }),
  };
}

/** The reader of each model's checkpoints, all of different names. */
function listsOf<Model extends string, Checkpoint extends string>(): OptionReader<
  Readonly<Record<Model, readonly Checkpoint[]>>
> {
  return (where, name, given) => {
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      throw kindError(where, name, 'a record of lists of checkpoints', given);
    }
    const models = given as Readonly<Record<Model, readonly Checkpoint[]>>;
    const lists = Object.entries<readonly Checkpoint[]>(models);
    for (const [model, list] of lists) namesOf<Checkpoint>()(where, `${name}.${model}`, list);
    namesOf<Checkpoint>()(
      where,
      name,
      lists.flatMap(([, list]) => list),
    );
    return models;
  };
}

function stepsOf(points: readonly (readonly number[])[]): readonly number[] {
  return points
    .slice(1)
    .map((point, index) => Math.hypot(...point.map((value, axis) => value - points[index]![axis]!)));
}

/** A set's distance to itself is 0 but for the root of float32's rounding. */
function withZeroDiagonal(distances: readonly (readonly number[])[]): readonly (readonly number[])[] {
  return distances.map((row, index) => row.map((distance, column) => (index === column ? 0 : distance)));
}
