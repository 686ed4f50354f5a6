/** The probabilities of one class, each with whether the class is the row's label. */
import type { CheckedRows } from './confidenceRows.ts';
import type { CheckedScores } from './hostScores.ts';

/**
 * A function that gives the entries of a class, of rows that count and of probabilities that reach a threshold. Of logits
 * it keeps one number a row, not a table of probabilities.
 */
export function classColumn(checked: CheckedScores): (index: number, threshold: number) => CheckedRows {
  const { scores, labels, classes, weights, from } = checked;
  const rows = labels.length;
  const normalisers = from === 'logits' ? logSums(checked) : undefined;
  return (index, threshold) => {
    const confidences = new Float64Array(rows);
    const correct = new Uint8Array(rows);
    const kept = new Float64Array(weights === undefined ? 0 : rows);
    let size = 0;
    for (let row = 0; row < rows; row++) {
      if (weights?.[row] === 0) continue;
      const score = scores[row * classes + index]!;
      const probability = normalisers === undefined ? score : Math.exp(score - normalisers[row]!);
      if (probability < threshold) continue;
      // What rounding left of 0 and 1.
      confidences[size] = Math.min(1, Math.max(0, probability));
      correct[size] = labels[row] === index ? 1 : 0;
      if (weights !== undefined) kept[size] = weights[row]!;
      size++;
    }
    return {
      confidences: confidences.subarray(0, size),
      correct: Float64Array.from(correct.subarray(0, size)),
      weights: weights && kept.subarray(0, size),
    };
  };
}

/** log Σ exp of each row that counts. */
function logSums({ scores, labels, classes, weights }: CheckedScores): Float64Array {
  const sums = new Float64Array(labels.length);
  for (let row = 0; row < sums.length; row++) {
    if (weights?.[row] === 0) continue;
    const own = scores.subarray(row * classes, (row + 1) * classes);
    let largest = -Infinity;
    for (const score of own) largest = Math.max(largest, score);
    let sum = 0;
    for (const score of own) sum += Math.exp(score - largest);
    sums[row] = largest + Math.log(sum);
  }
  return sums;
}
