import { checkWhole } from '../../check.ts';
import { flag, readOptions, whole, word } from '../../options.ts';
import { type TensorLike, toHostTensor } from '../../tensor.ts';
import {
  type CalibrationBin,
  type CalibrationErrors,
  type CalibrationNorm,
  calibrationErrors,
  checkDebiased,
  chooseError,
  mostBins,
  sparsityWarning,
} from './binTable.ts';
import { groupConfidences } from './confidenceGroups.ts';
import {
  type ConfidenceOptions,
  type ConfidenceRows,
  checkConfidenceRows,
  confidenceReaders,
  noRanks,
  totalWeight,
} from './confidenceRows.ts';
import { binRows } from './hostBins.ts';
import type { LabelledScores } from './hostScores.ts';
import { quantileBoundaries } from './quantileBoundaries.ts';
import { sweptBins } from './sweptBins.ts';

/** Options of `equalMassCalibrationError`. */
export interface EqualMassOptions extends ConfidenceOptions {
  /**
   * The number of bins asked for; ties may leave fewer. Default 15. `'sweep'`: as many as there can be, up to 4096, before
   * the accuracies of the bins no longer rise with their confidence; it is the choice with the least bias.
   */
  readonly bins?: number | 'sweep';
  /** `'l1'` (default), `'l2'` or `'max'`. */
  readonly norm?: CalibrationNorm;
  /** With `norm: 'l2'`: takes off the bias of few samples. Default false. */
  readonly debiased?: boolean;
}

/** What `equalMassCalibrationError` returns. */
export interface EqualMassResult extends CalibrationErrors {
  /** The error of the norm that was asked for, in [0, 1]. */
  readonly value: number;
  /** The bins, with as many rows in each as ties allow. */
  readonly bins: readonly CalibrationBin[];
  /** Feed these to `calibrationError({ boundaries })` to stream other data over the same bins. */
  readonly boundaries: readonly number[];
  /** Rows that count: the sum of their weights, where there are any. */
  readonly count: number;
  /** Mean confidence and accuracy of all rows. */
  readonly confidence: number;
  readonly accuracy: number;
  /** Says so where the rows are too few for the bins; else null. */
  readonly warning: string | null;
}

/**
 * Boundaries of bins that hold equally many confidences: a first pass, whose result goes into
 * `calibrationError({ boundaries })`, which then streams on any backend.
 *
 * @param confidences [...], in [0, 1].
 * @param bins The number of bins asked for; boundaries that coincide through ties become one.
 * @param rowWeights [...]: then bins hold equal weight.
 * @returns Rising numbers from 0 to 1; each inner one lies halfway between two confidences.
 * @throws RangeError for a confidence outside [0, 1] or NaN.
 * @example
 * const boundaries = equalMassBoundaries([0.5, 0.6, 0.9, 0.95], 2); // [0, 0.75, 1]
 */
export function equalMassBoundaries(confidences: TensorLike, bins: number, rowWeights?: TensorLike): readonly number[] {
  const where = 'equalMassBoundaries';
  checkWhole(where, 'bins', bins, 1);
  const given = toHostTensor(confidences, where, 'confidences');
  const correct = { data: new Uint8Array(given.data.length), shape: given.shape };
  const rows = { confidences: given, correct, ...(rowWeights !== undefined && { rowWeights }) };
  return quantileBoundaries(groupConfidences(checkConfidenceRows(where, rows, noRanks)), bins);
}

/**
 * Calibration error of the top label over bins of equal mass. Where bins lie depends on all rows, so it is computed in one
 * go on host arrays; `equalMassBoundaries` is the first pass of a streamed form. `adaptiveCalibrationError` is the same over
 * every class.
 *
 * @param rows `labels` [...] and one of `logits` and `probabilities` [..., classes], or `confidences` [...] in [0, 1] and
 * `correct` [...], 0 or 1, as `topLabelConfidences` makes them; `rowWeights` [...] in either case.
 * @throws RangeError for a confidence outside [0, 1], NaN, a label out of range, or no row that counts.
 * @example
 * const { value } = equalMassCalibrationError({ logits, labels }, { bins: 10 });
 * const swept = equalMassCalibrationError({ logits, labels }, { bins: 'sweep' });
 * @see Nguyen, O'Connor: Posterior calibration and exploratory analysis for natural language processing models (2015),
 * arXiv 1508.05154; sweep: Roelofs, Cain, Shlens, Mozer: Mitigating bias in calibration error estimation (2022),
 * arXiv 2012.08668
 */
export function equalMassCalibrationError(
  rows: ConfidenceRows | LabelledScores,
  options: EqualMassOptions = {},
): EqualMassResult {
  const where = 'equalMassCalibrationError';
  const { bins, norm, debiased, ...ranked } = readOptions(where, options, {
    bins: readBins,
    norm: word(['l1', 'l2', 'max'], 'l1'),
    debiased: flag(false),
    ...confidenceReaders(),
  });
  checkDebiased(where, norm, debiased);
  const checked = checkConfidenceRows(where, rows, ranked);
  const groups = groupConfidences(checked);
  const boundaries = quantileBoundaries(groups, bins === 'sweep' ? sweptBins(groups) : bins);
  const table = binRows(checked, boundaries);
  const errors = calibrationErrors(table);
  const count = totalWeight(checked);
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  return {
    value: chooseError(errors, norm, debiased),
    ...errors,
    bins: table,
    boundaries,
    count,
    confidence: sum(groups.sums) / count,
    accuracy: sum(groups.hits) / count,
    warning: sparsityWarning(count, table.length),
  };
}

function readBins(where: string, name: string, given: unknown): number | 'sweep' {
  if (typeof given === 'string') return word(['sweep'])(where, name, given);
  return whole(1, 15, mostBins)(where, name, given);
}
