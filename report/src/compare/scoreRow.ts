/**
 * The scores of one row, brought to weights and their logarithms: one walk over the classes for all that is asked of a row,
 * so that a file is read once and nothing of it is kept.
 */
import type { TypedArray } from 'dark-knowledge';
import { type Place, rowError } from './fault.ts';

/** What a model's scores are. */
export type Holds = 'logits' | 'probabilities' | 'predictions';

/** The row under way. Weights are exp(logit − largest logit), or the probabilities. */
export interface ScoredRow {
  readonly weights: Float64Array;
  readonly logs: Float64Array;
  /** The first largest class. */
  top: number;
  /** What the weights sum to. */
  total: number;
  logTotal: number;
  /** What weights are divided by to be the model's probabilities. */
  divisor: number;
  logDivisor: number;
  squares: number;
}

/** Room for a row of so many classes. */
export function scoredRow(classes: number): ScoredRow {
  const [weights, logs] = [new Float64Array(classes), new Float64Array(classes)];
  return { weights, logs, top: 0, total: 0, logTotal: 0, divisor: 1, logDivisor: 0, squares: 0 };
}

/** Reads a row that begins at `start`; false where it holds NaN or no distribution, for `refuseRow` to say. */
export function readRow(row: ScoredRow, holds: Holds, data: TypedArray, start: number): boolean {
  return holds === 'logits' ? readLogits(row, data, start) : readProbabilities(row, data, start);
}

function readLogits(row: ScoredRow, data: TypedArray, start: number): boolean {
  const { weights, logs } = row;
  const classes = weights.length;
  let top = 0;
  let highest = data[start]!;
  for (let index = 1; index < classes; index++) {
    const logit = data[start + index]!;
    if (logit > highest) {
      highest = logit;
      top = index;
    }
  }
  let [others, squares] = [0, 0];
  for (let index = 0; index < classes; index++) {
    const log = data[start + index]! - highest;
    const weight = Math.exp(log);
    logs[index] = log;
    weights[index] = weight;
    squares += weight * weight;
    // The others alone: beside a 1 they would lose their digits.
    if (index !== top) others += weight;
  }
  row.top = top;
  row.total = 1 + others;
  row.logTotal = Math.log1p(others);
  row.divisor = row.total;
  row.logDivisor = row.logTotal;
  row.squares = squares / (row.total * row.total);
  return squares > 0;
}

function readProbabilities(row: ScoredRow, data: TypedArray, start: number): boolean {
  const { weights, logs } = row;
  const classes = weights.length;
  let [top, total, squares, least] = [0, 0, 0, 0];
  for (let index = 0; index < classes; index++) {
    const probability = data[start + index]!;
    weights[index] = probability;
    logs[index] = Math.log(probability);
    total += probability;
    squares += probability * probability;
    if (probability > weights[top]!) top = index;
    if (probability < least) least = probability;
  }
  row.top = top;
  row.total = total;
  row.logTotal = Math.log(total);
  row.divisor = 1;
  row.logDivisor = 0;
  row.squares = squares;
  return least >= 0 && Math.abs(total - 1) <= 1e-3;
}

/** Why a row was not read. */
export function refuseRow(place: Place, holds: Holds, scores: ArrayLike<number>, row: number): RangeError {
  const values = Array.from(scores);
  const odd = values.find((value) => Number.isNaN(value) || value === Infinity);
  if (odd !== undefined) return rowError(place, holds, 'free of NaN and infinity', odd, row);
  if (holds === 'logits') return rowError(place, holds, 'finite in one class at least', '−Infinity in all', row);
  const negative = values.find((value) => value < 0);
  if (negative !== undefined) return rowError(place, holds, 'at least 0', negative, row);
  const total = values.reduce((sum, value) => sum + value, 0);
  return rowError(place, holds, 'rows that sum to 1 within 0.001', `a sum of ${Number(total.toPrecision(6))}`, row);
}

/** −log of the label's probability. */
export function negativeLogLikelihoodOf({ logs, logDivisor }: ScoredRow, label: number): number {
  return logDivisor - logs[label]!;
}

/** Σ (probability − [class = label])². */
export function brierScoreOf({ weights, divisor, squares }: ScoredRow, label: number): number {
  return Math.max(0, squares - (2 * weights[label]!) / divisor + 1);
}

/** The probability of the predicted class. */
export function confidenceOf({ weights, divisor, top }: ScoredRow): number {
  return weights[top]! / divisor;
}

/** KL(teacher ‖ student), in nats; infinite where the student rules out what the teacher does not. */
export function klDivergenceOf(teacher: ScoredRow, student: ScoredRow): number {
  const { weights, logs } = teacher;
  const { logs: others } = student;
  let sum = 0;
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index]!;
    if (weight > 0) sum += weight * (logs[index]! - others[index]!);
  }
  return Math.max(0, sum / teacher.total + student.logTotal - teacher.logTotal);
}
