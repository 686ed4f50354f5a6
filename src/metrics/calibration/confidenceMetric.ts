/** Metrics of each row's confidence and hit that need the order of all confidences: checks, columns and state of all of them. */
import { rangeError } from '../../check.ts';
import { columnMetric } from '../../columnMetric.ts';
import type { Metric } from '../../metric.ts';
import { missing } from '../../ops/scoreFaults.ts';
import { type OptionReader, word } from '../../options.ts';
import { type RowMetricOptions, rowMask } from '../../rowMetric.ts';
import type { CalibrationInput, CalibrationOptionalInput } from './calibrationError.ts';
import { confidenceColumns, confidenceFaults } from './confidenceColumns.ts';
import {
  type DigestStatistic,
  digested,
  digestFrom,
  digestState,
  mergeDigests,
  resolutionOf,
} from './confidenceDigest.ts';
import type { ConfidenceGroups } from './confidenceGroups.ts';
import { checkRanks, type RankOptions, rankReaders, readRanks } from './rankOptions.ts';
import { checkOneScore, scoreInputs } from './scoreInputs.ts';

/** Options of metrics of confidences. */
export interface ConfidenceMetricOptions<From extends 'scores' | 'confidences' = 'scores' | 'confidences'>
  extends RankOptions,
    RowMetricOptions {
  /**
   * `'scores'`: from labels and probabilities or logits, the default. `'confidences'`: from the inputs `confidences` and
   * `correct`, for whoever has one confidence and one hit a row.
   */
  readonly from?: From;
}

/** The options, checked. */
export interface CheckedMetricOptions {
  readonly from: 'scores' | 'confidences';
  readonly rank: number | undefined;
  readonly withinTop: number | undefined;
  readonly ignoreIndex: number | null;
}

/** Readers of these options. */
export function confidenceMetricReaders<From extends 'scores' | 'confidences'>(): {
  readonly from: OptionReader<From>;
  readonly rank: OptionReader<number | undefined>;
  readonly withinTop: OptionReader<number | undefined>;
  readonly ignoreIndex: OptionReader<number | null>;
} {
  const sources: OptionReader<'scores' | 'confidences'> = word(['scores', 'confidences'], 'scores');
  return { from: sources as OptionReader<From>, ...rankReaders(), ...rowMask() };
}

/** The metric; `finish` gets the groups of rows in rising order of confidence, none for a stream in which no row counts. */
export function confidenceMetric<From extends 'scores' | 'confidences', Result>(
  where: string,
  reference: object,
  options: CheckedMetricOptions & Readonly<Record<string, unknown>>,
  finish: (groups: ConfidenceGroups, resolution: number) => Result,
): Metric<CalibrationInput<From>, string, Result, CalibrationOptionalInput<From>> {
  const { from, rank, withinTop } = options;
  const ranks = readRanks(where, { rank, withinTop });
  if (from === 'confidences' && ranks.last > 1) {
    throw rangeError(where, 'rank and withinTop', 'left out where confidences are given', ranks.last, rankHint);
  }
  const metric = columnMetric<string, 'confidence' | 'correct', DigestStatistic, Result, string>({
    name: where,
    reference,
    options,
    inputs: from === 'scores' ? { labels: 'labels' } : { confidences: 'numbers', correct: 'numbers' },
    optionalInputs: from === 'scores' ? scoreInputs : {},
    faults: {
      outside: { argument: 'confidences', expected: 'in [0, 1]', counted: 'others' },
      undecided: { argument: 'correct', expected: '0 or 1', counted: 'others' },
    },

    check(backend, batch) {
      if (from === 'confidences') return;
      const scores = batch[checkOneScore(where, batch.probabilities, batch.logits)]!;
      checkRanks(where, ranks, backend.shapeOf(scores).at(-1)!);
    },

    columns(backend, batch) {
      const found = confidenceColumns(backend, batch, ranks);
      if (from === 'confidences') return { ...found, ...confidenceFaults(backend, found.confidence, found.correct) };
      return { ...found, notANumber: missing(backend, found.confidence) };
    },

    condense({ confidence, correct }, weights) {
      // Rounding of float32, and of a sum of probabilities.
      const confidences = confidence.map((value) => Math.min(1, Math.max(0, value)));
      return digested([{ confidences, correct, weights }]);
    },
    state: digestState,
    merge: mergeDigests,

    finish(statistics) {
      const digest = digestFrom(statistics);
      return finish(digest.columns[0]!, resolutionOf(digest));
    },
  });
  return metric as never;
}

const rankHint = 'They are options of topLabelConfidences, which makes confidences of scores.';
