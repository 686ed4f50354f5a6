/** Options of `crd`, and the names of the inputs that they ask for. */
import { checkOneOf, checkOptions, checkPositive, checkWhole } from '../../check.ts';
import { checkRowOptions, type Reduction, type RowOptions } from '../../ops/rowReduction.ts';
import type { ProjectionInput } from './embedding.ts';

/** Where negatives come from. */
export type CrdNegatives = 'bank' | 'queue' | 'inBatch';

/** How scores become probabilities: with an estimated constant Z (the authors' code), or without (the paper). */
export type CrdNormalization = 'reference' | 'paper';

/** Options of `crd`. */
export interface CrdOptions<
  Negatives extends CrdNegatives = CrdNegatives,
  Normalization extends CrdNormalization = CrdNormalization,
  R extends Reduction = Reduction,
> extends Omit<RowOptions<R>, 'ignoreIndex'> {
  /** T: dot products are divided by it. Default 0.07. */
  readonly temperature?: number;
  /** `'reference'`: scores are divided by Z, which `estimatePartitions` finds; `'paper'`: no Z. Default `'reference'`. */
  readonly normalization?: Normalization;
  /**
   * `'bank'`: the rows of a memory bank that `contrastIndices` names. `'queue'`: all rows of a queue of earlier
   * embeddings. `'inBatch'`: the batch's other samples. Default `'bank'`.
   */
  readonly negatives?: Negatives;
  /** M, the number of samples that negatives are drawn from. Default: the rows of the bank; in a batch, its samples. */
  readonly populationSize?: number;
}

/** Required inputs of `crd`. */
export type CrdInput<Negatives extends CrdNegatives, Normalization extends CrdNormalization> =
  | ProjectionInput
  | (Negatives extends 'inBatch' ? never : 'studentBank' | 'teacherBank')
  | (Negatives extends 'bank' ? 'positiveIndices' | 'contrastIndices' : never)
  | (Normalization extends 'reference' ? 'studentLogPartition' | 'teacherLogPartition' : never);

/** Inputs of `crd` that may be left out. */
export type CrdOptionalInput<Negatives extends CrdNegatives> =
  | 'rowWeights'
  | (Negatives extends 'inBatch' ? 'labels' : never);

/** Options of `crd`, checked and complete. */
export interface CheckedCrdOptions {
  readonly temperature: number;
  readonly normalization: CrdNormalization;
  readonly negatives: CrdNegatives;
  readonly populationSize: number | undefined;
  readonly reduction: Reduction;
  readonly ignoreIndex: undefined;
  readonly normalizer: number | undefined;
}

/** Inputs that get a gradient, in the order of the gradients. */
export const projectionInputs: readonly ProjectionInput[] = [
  'studentFeatures',
  'studentProjectionWeight',
  'studentProjectionBias',
  'teacherFeatures',
  'teacherProjectionWeight',
  'teacherProjectionBias',
];

/** Checks options and fills in defaults. */
export function checkCrdOptions(options: CrdOptions): CheckedCrdOptions {
  checkOptions('crd', options, [
    'temperature',
    'normalization',
    'negatives',
    'populationSize',
    'reduction',
    'normalizer',
  ]);
  const { temperature = 0.07, normalization = 'reference', negatives = 'bank', populationSize } = options;
  checkPositive('crd', 'temperature', temperature);
  checkOneOf('crd', 'normalization', normalization, ['reference', 'paper']);
  checkOneOf('crd', 'negatives', negatives, ['bank', 'queue', 'inBatch']);
  if (populationSize !== undefined) checkWhole('crd', 'populationSize', populationSize, 1);
  const { reduction, normalizer } = checkRowOptions('crd', options);
  return { temperature, normalization, negatives, populationSize, reduction, ignoreIndex: undefined, normalizer };
}

/** The names of all required inputs. */
export function crdInputs({ negatives, normalization }: CheckedCrdOptions): readonly string[] {
  return [
    ...projectionInputs,
    ...(negatives === 'inBatch' ? [] : ['studentBank', 'teacherBank']),
    ...(negatives === 'bank' ? ['positiveIndices', 'contrastIndices'] : []),
    ...(normalization === 'reference' ? ['studentLogPartition', 'teacherLogPartition'] : []),
  ];
}
