/** What models of tfjs-layers return, by form: this package is no dependency of the library. */
import * as tf from '@tensorflow/tfjs-core';
import { kindError } from '../check.ts';

/** A tensor without numbers, from which tfjs-layers builds its models: part of the type of what `apply` returns. */
export interface SymbolicOutput {
  readonly shape: readonly (number | null)[];
  readonly sourceLayer: object;
  readonly nodeIndex: number;
}

/** What `LayersModel.apply` and `predict` are declared to return: for real inputs, a tensor or a list of them. */
export type ModelOutput = tf.Tensor | SymbolicOutput | readonly tf.Tensor[] | readonly SymbolicOutput[];

/** The tensor of a model with one output, however it is wrapped; what is no model's output stays as it is. */
export function onlyTensor<Value>(where: string, name: string, value: Value): Value | tf.Tensor {
  if (isSymbolic(value)) {
    throw kindError(where, name, 'a tensor with numbers', value, 'Apply the model to a tf.Tensor to get one.');
  }
  if (!Array.isArray(value)) return value;
  const first: unknown = value[0];
  if (!(first instanceof tf.Tensor || isSymbolic(first))) return value;
  if (value.length > 1) throw kindError(where, name, 'one output of a model', value, 'Pick it: model.apply(x)[0].');
  return onlyTensor<tf.Tensor>(where, name, first as tf.Tensor);
}

function isSymbolic(value: unknown): value is SymbolicOutput {
  return typeof value === 'object' && value !== null && 'sourceLayer' in value && !(value instanceof tf.Tensor);
}
