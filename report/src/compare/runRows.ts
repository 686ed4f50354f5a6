/** What is kept of a run: a few numbers a row, whatever the number of classes. */
import type { HostTensor } from 'dark-knowledge';
import { inputError, rowError } from './fault.ts';
import { growing } from './growing.ts';
import {
  brierScoreOf,
  confidenceOf,
  klDivergenceOf,
  negativeLogLikelihoodOf,
  readRow,
  refuseRow,
  type ScoredRow,
  scoredRow,
} from './scoreRow.ts';
import type { Run, RunPart } from './setup.ts';

/** Numbers of all rows so far. Of predictions alone there are no scores. */
export interface RowNumbers {
  readonly predictions: Int32Array;
  readonly scores: Readonly<Record<'confidences' | 'negativeLogLikelihoods' | 'brierScores', Float64Array>> | undefined;
  /** Of students with scores, whose teacher has scores. */
  readonly klDivergences: Float64Array | undefined;
  /** Whether confidences were float32: the edges of bins are then rounded as they are. */
  readonly single: boolean;
}

/** A run whose rows are coming in. */
export interface RunRows {
  readonly run: Run;
  /** The row read last; undefined for predictions. */
  current(): ScoredRow | undefined;
  /** Checks a part's shape and makes room. */
  begin(part: RunPart, first: number, rows: number, classes: number | undefined): void;
  /** Adds the next row of the part. */
  add(label: number, teacher: ScoredRow | undefined): void;
  numbers(): RowNumbers;
}

/** Rows that sum to 1 from which on that is no chance. */
const leastSuspicious = 5;

/** A run without rows. */
export function runRows(run: Run): RunRows {
  const { holds, place } = run;
  const predictions = growing(Int32Array);
  const [confidences, likelihoods, briers, divergences] = Array.from({ length: 4 }, () => growing(Float64Array));
  let columns: Readonly<Record<'confidence' | 'likelihood' | 'brier' | 'divergence', Float64Array>>;
  let predicted: Int32Array;
  let row: ScoredRow | undefined;
  let scores: HostTensor;
  let [classes, first, at, next] = [Infinity, 0, 0, 0];
  let [single, divergent, mayBeProbabilities] = [false, false, holds === 'logits' && !run.said];

  return {
    run,
    current: () => row,

    begin(part, firstRow, rows, found) {
      ({ scores } = part);
      [first, at] = [firstRow, 0];
      checkShape(run, scores, rows, found);
      if (holds === 'predictions') {
        classes = found ?? Infinity;
      } else {
        classes = scores.shape[1]!;
        row ??= scoredRow(classes);
        single = holds === 'probabilities' && scores.data instanceof Float32Array;
      }
      const total = firstRow + rows;
      predicted = predictions.room(total);
      if (holds === 'predictions') return;
      columns = {
        confidence: confidences!.room(total),
        likelihood: likelihoods!.room(total),
        brier: briers!.room(total),
        divergence: divergences!.room(total),
      };
    },

    add(label, teacher) {
      next = first + at;
      if (row === undefined) {
        const prediction = scores.data[at]!;
        if (!(Number.isInteger(prediction) && prediction >= 0 && prediction < Math.min(classes, 2 ** 31))) {
          const most = Number.isFinite(classes) ? `in [0, ${classes})` : 'of at least 0';
          throw rowError(place, holds, `whole numbers ${most}`, prediction, next);
        }
        predicted[next] = prediction;
        at++;
        return;
      }
      const start = at * classes;
      if (!readRow(row, holds, scores.data, start)) {
        throw refuseRow(place, holds, scores.data.subarray(start, start + classes), next);
      }
      if (mayBeProbabilities) mayBeProbabilities = looksNormalised(scores, start, classes);
      predicted[next] = row.top;
      columns.confidence[next] = confidenceOf(row);
      columns.likelihood[next] = negativeLogLikelihoodOf(row, label);
      columns.brier[next] = brierScoreOf(row, label);
      if (teacher !== undefined) {
        divergent = true;
        columns.divergence[next] = klDivergenceOf(teacher, row);
      }
      at++;
    },

    numbers() {
      const rows = first + at;
      if (mayBeProbabilities && rows >= leastSuspicious) {
        throw inputError(
          `${place('logits')} must be logits, got rows of probabilities, which sum to 1. Name them so, or insist: --from, { logits }.`,
        );
      }
      return {
        predictions: predictions.taken(rows),
        scores:
          holds === 'predictions'
            ? undefined
            : {
                confidences: confidences!.taken(rows),
                negativeLogLikelihoods: likelihoods!.taken(rows),
                brierScores: briers!.taken(rows),
              },
        klDivergences: divergent ? divergences!.taken(rows) : undefined,
        single,
      };
    },
  };
}

function checkShape({ holds, place }: Run, { shape, data }: HostTensor, rows: number, classes: number | undefined) {
  const given = `[${shape.join(', ')}]`;
  if (holds === 'predictions') {
    if (data.length !== rows) throw inputError(`${place(holds)} must be one class a row, got shape ${given}.`);
    return;
  }
  if (shape.length !== 2 || shape[1]! < 2) {
    throw inputError(`${place(holds)} must be of shape [rows, classes] with at least 2 classes, got ${given}.`);
  }
  if (classes !== undefined && shape[1] !== classes) {
    throw inputError(`${place(holds)} must have the ${classes} classes of the models before, got ${shape[1]}.`);
  }
}

/** Whether a row is made of numbers in [0, 1] that sum to 1. */
function looksNormalised({ data }: HostTensor, start: number, classes: number): boolean {
  let sum = 0;
  for (let index = start; index < start + classes; index++) {
    const value = data[index]!;
    if (value < 0) return false;
    sum += value;
  }
  return Math.abs(sum - 1) < 1e-3;
}
