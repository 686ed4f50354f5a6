import {
  accuracy,
  agreement,
  confusionMatrix,
  f1Score,
  measure,
  measureOn,
  multiLabelScores,
  negativeLogLikelihood,
  predictionFlips,
  predictiveDivergence,
  rightWrongSplit,
  tensor,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';

const masked = [
  [1, 0],
  [-Infinity, -Infinity],
];
const labels = [0, 0];
const pair = {
  studentLogits: masked,
  teacherLogits: [
    [1, 0],
    [0, 1],
  ],
};
const refusals = {
  accuracy: () => measure(accuracy(), { logits: masked, labels }),
  'accuracy among the first two': () => measure(accuracy({ topK: 2 }), { logits: masked, labels }),
  confusionMatrix: () => measure(confusionMatrix(), { logits: masked, labels }),
  f1Score: () => measure(f1Score(), { logits: masked, labels }),
  agreement: () => measure(agreement(), pair),
  rightWrongSplit: () => measure(rightWrongSplit(), { ...pair, labels }),
  predictiveDivergence: () => measure(predictiveDivergence(), pair),
  negativeLogLikelihood: () => measure(negativeLogLikelihood(), { logits: masked, labels }),
  predictionFlips: () =>
    measure(predictionFlips({ from: 'logits' }), { beforeLogits: masked, afterLogits: masked, labels }),
};

describe('a row whose classes are all masked is refused, for it predicts none, by', () => {
  for (const [name, run] of Object.entries(refusals)) {
    it(name, () => {
      expect(run).toThrow(/ogits must be rows with a class above −Infinity, got '\d rows that are −Infinity'/);
    });
  }

  it('accuracy on a device that cannot be read, too', async () => {
    const { readSync, ...blind } = cpuBackend();
    expect(readSync).toBeDefined();
    await expect(measureOn(blind, accuracy(), { logits: masked, labels })).rejects.toThrow(/a class above −Infinity/);
  });
});

it('a masked row that does not count, and labels none of which holds, are none', () => {
  expect(measure(accuracy(), { logits: masked, labels, rowWeights: [1, 0] }).value).toBe(1);
  const none = { logits: tensor([-Infinity, -Infinity], [1, 2]), targets: [[0, 0]] };
  expect(measure(multiLabelScores(), none).exactMatch).toBe(1);
});
