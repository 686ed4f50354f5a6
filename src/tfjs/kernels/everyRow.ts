import type * as tf from '@tensorflow/tfjs-core';
import type { Backend, Shape } from '../../backend.ts';
import { sizeOf } from '../../tensor.ts';

/** A number for each row from a number for each row, or from one number for all. */
export function everyRow(backend: Backend<tf.Tensor>, factor: tf.Tensor, rowShape: Shape): tf.Tensor {
  if (factor.shape.length === rowShape.length) return factor;
  return backend.add(factor, backend.fromHost({ data: new Float32Array(sizeOf(rowShape)), shape: rowShape }));
}
