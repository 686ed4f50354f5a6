import { checkWhole, rangeError } from '../../check.ts';
import { flag, readOptions, whole, word } from '../../options.ts';
import type { TensorLike } from '../../tensor.ts';
import {
  type CalibrationBin,
  type CalibrationErrors,
  type CalibrationNorm,
  calibrationErrors,
  chooseError,
  mostBins,
  sparsityWarning,
} from './binTable.ts';
import { type ConfidenceRows, checkConfidenceRows, checkConfidences } from './confidenceRows.ts';
import { binRows } from './hostBins.ts';
import { quantileBoundaries } from './quantileBoundaries.ts';

/** Options of `equalMassCalibrationError`. */
export interface EqualMassOptions {
  /** The number of bins asked for; ties may leave fewer. Default 15. */
  readonly bins?: number;
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
  readonly count: number;
  /** Says so where the rows are too few for the bins; else null. */
  readonly warning: string | null;
}

/**
 * Boundaries of bins that hold equally many confidences: a first pass, whose result goes into
 * `calibrationError({ boundaries })`, which then streams on any backend.
 *
 * @param confidences [...], in [0, 1].
 * @param bins The number of bins asked for; boundaries that coincide through ties become one.
 * @returns Rising numbers from 0 to 1; each inner one lies halfway between two confidences.
 * @throws RangeError for a confidence outside [0, 1] or NaN.
 * @example
 * const boundaries = equalMassBoundaries([0.5, 0.6, 0.9, 0.95], 2); // [0, 0.75, 1]
 */
export function equalMassBoundaries(confidences: TensorLike, bins: number): readonly number[] {
  checkWhole('equalMassBoundaries', 'bins', bins, 1);
  return quantileBoundaries(checkConfidences('equalMassBoundaries', confidences), bins);
}

/**
 * Calibration error over bins of equal mass (adaptive calibration error). Where bins lie depends on all rows, so it is
 * computed in one go on host arrays; `equalMassBoundaries` is the first pass of a streamed form.
 *
 * @param rows `confidences` [...] in [0, 1] and `correct` [...], 0 or 1; `topLabelConfidences` makes both.
 * @throws RangeError for a confidence outside [0, 1], NaN, or no row.
 * @example
 * const { value } = equalMassCalibrationError(topLabelConfidences({ logits, labels }), { bins: 10 });
 * @see Nixon et al.: Measuring calibration in deep learning (2019), arXiv 1904.01685
 */
export function equalMassCalibrationError(rows: ConfidenceRows, options: EqualMassOptions = {}): EqualMassResult {
  const where = 'equalMassCalibrationError';
  const { bins, norm, debiased } = readOptions(where, options, {
    bins: whole(1, 15, mostBins),
    norm: word(['l1', 'l2', 'max'], 'l1'),
    debiased: flag(false),
  });
  if (debiased && norm !== 'l2') throw rangeError(where, 'norm', "'l2' where debiased is set", norm);
  const checked = checkConfidenceRows(where, rows);
  const boundaries = quantileBoundaries(checked.confidences, bins);
  const table = binRows(checked, boundaries);
  const errors = calibrationErrors(table);
  return {
    value: chooseError(errors, norm, debiased),
    ...errors,
    bins: table,
    boundaries,
    count: checked.confidences.length,
    warning: sparsityWarning(checked.confidences.length, bins),
  };
}
