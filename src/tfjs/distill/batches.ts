/** The batches of an epoch: cut from tensors in an order that the seed gives, or pulled from a dataset of tfjs-data. */
import * as tf from '@tensorflow/tfjs-core';
import { kindError, shapeError } from '../../check.ts';
import { deriveSeed, randomPermutation } from '../../random.ts';
import type { ModelInputs, NamedTensors } from './models.ts';

/**
 * Samples: what the models take, under `inputs`, and whatever else the objective and the metrics ask for, by their names
 * (`labels`, `rowWeights`, and `teacherLogits` where there is no teacher). The first axis of all tensors is the sample.
 */
export type DistillSamples<Inputs extends ModelInputs = ModelInputs> = { readonly inputs: Inputs } & {
  readonly [name: string]: tf.Tensor | Inputs;
};

/** What `distill` asks of a dataset of tfjs-data: `tf.data.Dataset` has it. Each element is a batch. */
export interface DatasetLike<Element> {
  /** Starts a walk over the elements. */
  iterator(): Promise<Pick<AsyncIterator<Element>, 'next'>>;
}

/** Samples in tensors, or a dataset of batches of them. */
export type DistillData<Inputs extends ModelInputs = ModelInputs> =
  | DistillSamples<Inputs>
  | DatasetLike<DistillSamples<Inputs>>
  // tfjs-data forgets what its batches hold.
  | DatasetLike<tf.TensorContainer>;

/** A batch: its tensors belong to whoever pulled it. */
export interface Batch {
  readonly inputs: ModelInputs;
  readonly tensors: NamedTensors;
  /** Samples in it. */
  readonly size: number;
  /** Where its samples are among those of the tensors, for what was computed for all of them before. */
  readonly rows: Int32Array | undefined;
}

/** Where batches come from. */
export interface BatchSource {
  /** Batches of an epoch, where that is known. */
  readonly count: number | undefined;
  /** The samples of the tensors; undefined for a dataset. */
  readonly samples: Batch | undefined;
  /** The batches of an epoch, one after the other. A batch that was pulled is freed by `freeBatch`. */
  epoch(number: number): AsyncIterable<Batch>;
  /** The batches in the order of the samples. */
  inOrder(): AsyncIterable<Batch>;
}

/** How tensors are cut. */
export interface CutOptions {
  readonly batchSize?: number | undefined;
  /** In place of it, where it is left out. */
  readonly otherwise?: number | undefined;
  readonly shuffle: boolean;
  readonly seed: number;
}

/** The batch size of tfjs-layers. */
const usualBatchSize = 32;

/** Makes a source of batches of what was given for `data`, or for the data of the validation. */
export function batchSource<Inputs extends ModelInputs>(
  name: string,
  data: DistillData<Inputs>,
  options: CutOptions,
): BatchSource {
  if (isDataset(data)) {
    if (options.batchSize !== undefined) {
      throw kindError(
        'distill',
        'batchSize',
        `left out where ${name} is a dataset`,
        options.batchSize,
        'It has batches.',
      );
    }
    const batches = (): AsyncIterable<Batch> => pulled(name, data);
    return { count: undefined, samples: undefined, epoch: batches, inOrder: batches };
  }
  const samples = batchOf(name, data, undefined);
  const batchSize = options.batchSize ?? options.otherwise ?? usualBatchSize;
  return {
    count: Math.ceil(samples.size / batchSize),
    samples,
    epoch: (number) =>
      batches(options.shuffle ? randomPermutation(deriveSeed(options.seed, number), samples.size) : undefined),
    inOrder: () => batches(undefined),
  };

  async function* batches(order: Int32Array | undefined): AsyncIterable<Batch> {
    for (let start = 0; start < samples.size; start += batchSize) yield cut(samples, order, start, batchSize);
  }
}

function isDataset<Inputs extends ModelInputs>(
  data: DistillData<Inputs>,
): data is Exclude<DistillData<Inputs>, DistillSamples<Inputs>> {
  return typeof data === 'object' && data !== null && typeof data.iterator === 'function';
}

async function* pulled(name: string, data: DatasetLike<unknown>): AsyncIterable<Batch> {
  const elements = await data.iterator();
  for (let element = await elements.next(); !element.done; element = await elements.next()) {
    yield ownBatch(`a batch of ${name}`, element.value as DistillSamples);
  }
}

/** A dataset's element as a batch; freed where it is none. */
function ownBatch(name: string, element: DistillSamples): Batch {
  try {
    return batchOf(name, element, undefined);
  } catch (error) {
    tf.dispose(element as tf.TensorContainer);
    throw error;
  }
}

function batchOf(name: string, given: DistillSamples, rows: Int32Array | undefined): Batch {
  if (typeof given !== 'object' || given === null || !('inputs' in given)) {
    const hint = 'Of a dataset: dataset.map(({ xs, ys }) => ({ inputs: xs, labels: ys })).';
    throw kindError('distill', name, 'a record of tensors with inputs among them', given, hint);
  }
  const { inputs, ...tensors } = given;
  const [first] = tensorsOf(inputs);
  if (!(first instanceof tf.Tensor) || first.rank === 0) {
    throw kindError('distill', `inputs of ${name}`, 'tensors of samples', inputs);
  }
  const size = first.shape[0]!;
  for (const [own, tensor] of Object.entries({ ...tensors, ...Object.fromEntries(tensorsOf(inputs).entries()) })) {
    if (!(tensor instanceof tf.Tensor)) throw kindError('distill', `${own} of ${name}`, 'a tensor', tensor);
    if (tensor.shape[0] !== size) throw shapeError('distill', `${own} of ${name}`, `of ${size} samples`, tensor.shape);
  }
  return { inputs, tensors: tensors as NamedTensors, size, rows };
}

/** The tensors of what a model takes. */
export function tensorsOf(inputs: ModelInputs): readonly tf.Tensor[] {
  return inputs instanceof tf.Tensor ? [inputs] : Object.values(inputs);
}

/** Some rows of all tensors: a part of the order, or of the tensors as they are. */
function cut(samples: Batch, order: Int32Array | undefined, start: number, count: number): Batch {
  const size = Math.min(count, samples.size - start);
  const rows = order?.slice(start, start + size) ?? Int32Array.from({ length: size }, (_, at) => start + at);
  const take = rowsTaker(rows, order === undefined);
  try {
    return { inputs: mapInputs(samples.inputs, take.of), tensors: mapRecord(samples.tensors, take.of), size, rows };
  } finally {
    take.end();
  }
}

/** Takes the same rows of many tensors. */
export function rowsTaker(rows: Int32Array, inOrder: boolean): { of(tensor: tf.Tensor): tf.Tensor; end(): void } {
  if (inOrder) return { of: (tensor) => tf.slice(tensor, rows[0]!, rows.length), end: () => undefined };
  const indices = tf.tensor1d(rows, 'int32');
  return { of: (tensor) => tf.gather(tensor, indices), end: () => indices.dispose() };
}

function mapInputs(inputs: ModelInputs, take: (tensor: tf.Tensor) => tf.Tensor): ModelInputs {
  if (inputs instanceof tf.Tensor) return take(inputs);
  if (Array.isArray(inputs)) return (inputs as readonly tf.Tensor[]).map(take);
  return mapRecord(inputs as NamedTensors, take);
}

function mapRecord(record: NamedTensors, take: (tensor: tf.Tensor) => tf.Tensor): NamedTensors {
  return Object.fromEntries(Object.entries(record).map(([name, tensor]) => [name, take(tensor)]));
}

/** Frees a batch that was pulled. */
export function freeBatch({ inputs, tensors }: Batch): void {
  tf.dispose([...tensorsOf(inputs), ...Object.values(tensors)]);
}
