/** Labels of which some are wrong. */
import { deriveSeed, randomBelow, randomUniform } from 'dark-knowledge';
import type { Dataset } from '../../examples/mnist/data.ts';

const classes = 10;

export interface NoisyDataset {
  readonly images: Dataset;
  /** Rows whose label is not the digit's. */
  readonly mislabelled: Int32Array;
}

/** A share of the labels replaced, each by one of the other classes, drawn evenly. */
export function withNoisyLabels(dataset: Dataset, share: number, seed: number): NoisyDataset {
  const rows = Int32Array.from({ length: dataset.count }, (_, row) => row).filter(
    (row) => randomUniform(deriveSeed(seed, 0), row) < share,
  );
  const labels = dataset.labels.slice();
  for (const row of rows)
    labels[row] = (labels[row]! + 1 + randomBelow(deriveSeed(seed, 1), row, classes - 1)) % classes;
  return { images: { ...dataset, labels }, mislabelled: rows };
}
