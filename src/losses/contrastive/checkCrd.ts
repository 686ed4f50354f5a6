/** Refuses inputs of `crd` that do not fit together, and says which. */
import type { Backend } from '../../backend.ts';
import { checkNotEmpty, checkRank, checkSameShape, kindError, rangeError, shapeError } from '../../check.ts';
import { checkRowWeights } from '../../ops/checkRows.ts';
import type { CheckedCrdOptions } from './crdOptions.ts';

type Given<T> = Readonly<Record<string, T | undefined>>;

/** Checks features and projections of both sides; returns the batch size and the embeddings' dimension. */
export function checkProjections<T>(
  backend: Backend<T>,
  where: string,
  inputs: Given<T>,
): { readonly batch: number; readonly dimension: number } {
  const shapeOf = (name: string): readonly number[] => backend.shapeOf(inputs[name] as T);
  for (const side of ['student', 'teacher'] as const) {
    const features = shapeOf(`${side}Features`);
    checkRank(where, `${side}Features`, features, 2, '[batch, features]');
    checkNotEmpty(where, `${side}Features`, features);
    const weight = shapeOf(`${side}ProjectionWeight`);
    checkRank(where, `${side}ProjectionWeight`, weight, 2, '[features, dimension]');
    checkNotEmpty(where, `${side}ProjectionWeight`, weight);
    if (weight[0] !== features[1]) {
      const form = `[${features[1]}, dimension] to fit ${side}Features`;
      throw shapeError(where, `${side}ProjectionWeight`, `of shape ${form}`, weight);
    }
    checkSameShape(where, `${side}ProjectionBias`, shapeOf(`${side}ProjectionBias`), '[dimension]', [weight[1]!]);
  }
  const [batch = 0] = shapeOf('studentFeatures');
  const dimension = shapeOf('studentProjectionWeight')[1]!;
  if (shapeOf('teacherFeatures')[0] !== batch) {
    throw shapeError(where, 'teacherFeatures', `of ${batch} samples as studentFeatures`, shapeOf('teacherFeatures'));
  }
  const teacherWeight = shapeOf('teacherProjectionWeight');
  if (teacherWeight[1] !== dimension) {
    throw shapeError(where, 'teacherProjectionWeight', `of dimension ${dimension} as the student's`, teacherWeight);
  }
  return { batch, dimension };
}

/** Requires whole numbers in [0, size) where reading is free. */
export function checkRowNumbers<T>(
  backend: Backend<T>,
  where: string,
  argument: string,
  indices: T,
  size: number,
): void {
  const numbers = backend.readSync?.(indices).data ?? [];
  // An iterator over a million draws would take ten times as long.
  for (let at = 0; at < numbers.length; at++) {
    const index = numbers[at]!;
    if (!(index >= 0 && index < size && Math.floor(index) === index)) {
      throw rangeError(where, argument, `row numbers of the bank, whole numbers in [0, ${size})`, index);
    }
  }
}

/** Checks all inputs but the partitions. */
export function checkContrast<T>(
  backend: Backend<T>,
  where: string,
  { negatives }: CheckedCrdOptions,
  inputs: Given<T>,
): void {
  const { batch, dimension } = checkProjections(backend, where, inputs);
  checkRowWeights(backend, where, inputs.rowWeights, [batch]);
  if (negatives === 'inBatch') {
    if (batch < 2) {
      const shape = backend.shapeOf(inputs.studentFeatures as T);
      throw shapeError(where, 'studentFeatures', "of at least 2 samples where negatives is 'inBatch'", shape);
    }
    if (inputs.labels !== undefined) {
      checkSameShape(where, 'labels', backend.shapeOf(inputs.labels), 'the batch', [batch]);
    }
    return;
  }
  const bankShape = backend.shapeOf(inputs.studentBank as T);
  checkRank(where, 'studentBank', bankShape, 2, '[size, dimension]');
  checkSameShape(where, 'teacherBank', backend.shapeOf(inputs.teacherBank as T), 'studentBank', bankShape);
  const [size = 0, bankDimension = 0] = bankShape;
  if (bankDimension !== dimension) {
    throw shapeError(where, 'studentBank', `of dimension ${dimension} as the projections`, bankShape);
  }
  if (size < batch) {
    throw rangeError(where, 'studentBank', `of at least as many rows as the batch has samples, ${batch}`, size);
  }
  if (negatives === 'queue') return;
  const positives = inputs.positiveIndices as T;
  const candidates = inputs.contrastIndices as T;
  checkSameShape(where, 'positiveIndices', backend.shapeOf(positives), 'the batch', [batch]);
  const shape = backend.shapeOf(candidates);
  checkRank(where, 'contrastIndices', shape, 2, '[batch, negatives]');
  checkNotEmpty(where, 'contrastIndices', shape);
  if (shape[0] !== batch) throw shapeError(where, 'contrastIndices', `of shape [${batch}, negatives]`, shape);
  checkRowNumbers(backend, where, 'positiveIndices', positives, size);
  checkRowNumbers(backend, where, 'contrastIndices', candidates, size);
}

/** Requires log Z of both sides as scalars, and finite where reading is free. */
export function checkPartitions<T>(backend: Backend<T>, where: string, inputs: Given<T>): void {
  for (const name of ['studentLogPartition', 'teacherLogPartition']) {
    const partition = inputs[name] as T;
    const shape = backend.shapeOf(partition);
    if (shape.some((extent) => extent !== 1)) throw shapeError(where, name, 'a scalar', shape);
    const value = backend.readSync?.(partition).data[0] ?? 0;
    if (!Number.isFinite(value)) {
      throw kindError(
        where,
        name,
        'a finite number',
        value,
        "Call estimatePartitions on the first batch, or use normalization: 'paper'.",
      );
    }
  }
}
