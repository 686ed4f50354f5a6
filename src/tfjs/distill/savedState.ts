/** A training in progress as plain data that JSON keeps: weights, the optimizer's moments, and how far it has come. */
import * as tf from '@tensorflow/tfjs-core';
import { describeShape, kindError, rangeError } from '../../check.ts';

/** A tensor in JSON: its numbers in base64. */
export interface SavedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: 'float32' | 'int32' | 'bool';
  readonly base64: string;
}

/** The best weights so far. */
export interface SavedBest {
  readonly epoch: number;
  readonly value: number;
  readonly weights: readonly SavedTensor[];
}

/** What `distill` goes on from. Plain data: `JSON.stringify`, `structuredClone`, IndexedDB and workers take it as it is. */
export interface DistillState {
  readonly version: 1;
  /** Epochs that are done. */
  readonly epoch: number;
  /** Steps that are done: schedules go on from there. */
  readonly step: number;
  /** The student's weights, then the parameters. */
  readonly weights: readonly SavedTensor[];
  readonly optimizer: readonly SavedTensor[];
  /** With early stopping. */
  readonly best?: SavedBest;
}

/** The part of a tfjs optimizer that has a memory. */
export type OptimizerMemory = Pick<tf.Optimizer, 'getWeights' | 'setWeights'>;

/** Reads tensors. */
export function saveTensors(tensors: readonly tf.Tensor[], names?: readonly string[]): Promise<readonly SavedTensor[]> {
  return Promise.all(
    tensors.map(async (tensor, at) => {
      const { shape, dtype } = tensor;
      const data = await tensor.data();
      return {
        name: names?.[at] ?? nameOf(tensor),
        shape: [...shape],
        type: dtype as 'float32',
        base64: encoded(data),
      };
    }),
  );
}

function nameOf(tensor: tf.Tensor): string {
  return tensor instanceof tf.Variable ? tensor.name : '';
}

/** Reads an optimizer's moments and its count of steps. */
export async function saveOptimizer(optimizer: OptimizerMemory): Promise<readonly SavedTensor[]> {
  const weights = await optimizer.getWeights();
  const tensors = weights.map(({ tensor }) => tensor);
  const saved = await saveTensors(
    tensors,
    weights.map(({ name }) => name),
  );
  // The count is made for the caller; the moments are the optimizer's own variables.
  tf.dispose(tensors.filter((tensor) => !(tensor instanceof tf.Variable)));
  return saved;
}

/** Puts saved numbers into variables, in their order. */
export function restoreVariables(variables: readonly tf.Variable[], saved: readonly SavedTensor[]): void {
  if (variables.length !== saved.length) {
    const hint = 'It must be the same student, with the same parameters.';
    throw rangeError('distill', 'resume', `a state of ${variables.length} weights`, saved.length, hint);
  }
  variables.forEach((variable, at) => {
    const { name, shape } = saved[at]!;
    if (String(shape) === String(variable.shape)) return;
    const expected = `of the shape of ${variable.name}, ${describeShape(variable.shape)}`;
    throw rangeError('distill', `resume's weight ${name}`, expected, shape);
  });
  tf.tidy(() => {
    for (const [at, variable] of variables.entries()) variable.assign(tensorFrom(saved[at]!));
  });
}

/** Puts saved moments into an optimizer. */
export async function restoreOptimizer(optimizer: OptimizerMemory, saved: readonly SavedTensor[]): Promise<void> {
  const weights = saved.map((tensor) => ({ name: tensor.name, tensor: tensorFrom(tensor) }));
  try {
    await optimizer.setWeights(weights);
  } finally {
    // Variables made of them show the same numbers and keep them.
    tf.dispose(weights.map(({ tensor }) => tensor));
  }
}

/** Refuses what is no state. */
export function checkState(state: DistillState): void {
  const isState = Array.isArray(state?.weights) && Array.isArray(state.optimizer) && Number.isInteger(state.step);
  if (!isState) throw kindError('distill', 'resume', 'a state, as onEpoch and the result give it', state);
  if (state.version !== 1) throw rangeError('distill', 'version of resume', '1', state.version);
}

/** A tensor with saved numbers. */
export function tensorFrom({ shape, type, base64 }: SavedTensor): tf.Tensor {
  const { buffer } = decoded(base64);
  const data =
    type === 'float32' ? new Float32Array(buffer) : type === 'int32' ? new Int32Array(buffer) : new Uint8Array(buffer);
  return tf.tensor(data, [...shape], type);
}

/** Characters that are made at once: arguments of a call are limited. */
const charactersAtOnce = 4096;

function encoded(data: Float32Array | Int32Array | Uint8Array): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let characters = '';
  for (let start = 0; start < bytes.length; start += charactersAtOnce) {
    characters += String.fromCharCode(...bytes.subarray(start, start + charactersAtOnce));
  }
  return btoa(characters);
}

function decoded(base64: string): Uint8Array<ArrayBuffer> {
  const characters = atob(base64);
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at);
  return bytes;
}
