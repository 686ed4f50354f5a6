/** Options of `crd`, the names of the inputs that they ask for, and what kernels know it by. */
import { type Reduction, type RowOptions, rowOptions, withNormalizer } from '../../ops/rowReduction.ts';
import { optional, positive, readOptions, whole, word } from '../../options.ts';
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

/** What kernels know `crd` by: a bundle of theirs then holds no loss that nobody calls. */
export const crdMark = { name: 'crd' };

/** Options of `crd`, checked and complete. */
export interface CheckedCrdOptions {
  readonly temperature: number;
  readonly normalization: CrdNormalization;
  readonly negatives: CrdNegatives;
  readonly populationSize: number | undefined;
  readonly reduction: Reduction;
  readonly ignoreIndex: null;
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
  const { reduction, normalizer } = rowOptions(null);
  const checked = readOptions('crd', options, {
    temperature: positive(0.07),
    normalization: word<CrdNormalization>(['reference', 'paper'], 'reference'),
    negatives: word<CrdNegatives>(['bank', 'queue', 'inBatch'], 'bank'),
    populationSize: optional(whole(1)),
    reduction,
    normalizer,
  });
  withNormalizer('crd', { ...checked, ignoreIndex: null });
  return { ...checked, ignoreIndex: null };
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
