/** Parts of data sets. */
import { randomPermutation } from 'dark-knowledge';
import { type Dataset, selectExamples } from '../../examples/mnist/data.ts';

/** Some of the samples, drawn without replacement: MNIST's test images are not in random order. */
export function someSamples(dataset: Dataset, wanted: number, seed: number): Dataset {
  if (wanted >= dataset.count) return dataset;
  return selectExamples(dataset, randomPermutation(seed, dataset.count).subarray(0, wanted));
}
