/** A model's logits and features on samples, on the host. */
import * as tf from '@tensorflow/tfjs-core';
import { type HostTensor, tensor } from 'dark-knowledge';

export interface Predictions {
  readonly logits: HostTensor;
  readonly features: HostTensor;
}

/** Runs a model over samples 0 … count − 1, batch by batch. */
export async function predict(
  count: number,
  apply: (rows: Int32Array) => { readonly logits: tf.Tensor2D; readonly features: tf.Tensor2D },
  batchSize = 200,
): Promise<Predictions> {
  const parts: { logits: Float32Array[]; features: Float32Array[] } = { logits: [], features: [] };
  for (let from = 0; from < count; from += batchSize) {
    const rows = Int32Array.from({ length: Math.min(batchSize, count - from) }, (_, row) => from + row);
    const { logits, features } = tf.tidy(() => {
      const given = apply(rows);
      return { logits: given.logits, features: given.features };
    });
    parts.logits.push(await logits.data<'float32'>());
    parts.features.push(await features.data<'float32'>());
    tf.dispose([logits, features]);
  }
  return { logits: stacked(parts.logits, count), features: stacked(parts.features, count) };
}

function stacked(parts: readonly Float32Array[], rows: number): HostTensor {
  const data = new Float32Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return tensor(data, [rows, data.length / rows]);
}
