/** Where the tensors of the tfjs backend that is set lie, and the way between them and host arrays. */
import * as tf from '@tensorflow/tfjs-core';
import { kindError } from '../check.ts';
import type { HostTensor, TypedArray } from '../tensor.ts';

/** tfjs backends whose `dataSync` waits for nothing, or in `tensorflow`'s case for no more than a copy. */
const hostResident: readonly string[] = ['cpu', 'wasm', 'tensorflow'];

/** Whether tensors can be read at once on the tfjs backend that is set. */
export function readsAtOnce(): boolean {
  return hostResident.includes(tf.getBackend());
}

/** Whether its tensors lie in the memory of the processor: `tensorflow` may be the binding that computes on a GPU. */
export function liesInHostMemory(): boolean {
  return readsAtOnce() && (tf.backend() as { readonly isUsingGpuDevice?: boolean }).isUsingGpuDevice !== true;
}

/** A tensor's numbers, at once. */
export function hostTensorOf(tensor: tf.Tensor): HostTensor {
  return { data: hostData(tensor.dataSync()), shape: tensor.shape };
}

/** What tfjs read, as numbers. */
export function hostData(data: unknown): TypedArray {
  if (ArrayBuffer.isView(data)) return data as TypedArray;
  throw kindError('tfjsBackend', 'tensor', 'of numbers', data, 'Tensors of strings cannot be read.');
}

/** A host array as a tensor: whole numbers that int32 holds stay exact; all others become float32. */
export function tensorOf({ data, shape }: HostTensor): tf.Tensor {
  const values = storable(data);
  return tf.tensor(values, shape.slice(), values instanceof Int32Array ? 'int32' : 'float32');
}

function storable(data: TypedArray): Int32Array | Float32Array {
  if (data instanceof Int32Array || data instanceof Float32Array) return data;
  const becomesFloat = data instanceof Float64Array || data instanceof Uint32Array;
  return becomesFloat ? Float32Array.from(data) : Int32Array.from(data);
}
