/** A model's outputs on a whole data set, on the host. */
import * as tf from '@tensorflow/tfjs-core';
import { type HostTensor, tensor } from 'dark-knowledge';
import { type Dataset, pixelsPerImage } from './data.ts';
import type { Model } from './layers.ts';

export interface Outputs {
  readonly logits: HostTensor;
  readonly features: HostTensor;
}

/** Runs a model over a data set, batch by batch. */
export async function outputsOf(
  model: Pick<Model, 'apply'>,
  dataset: Dataset,
  onProgress?: (done: number) => void,
  batchSize = 250,
): Promise<Outputs> {
  const logits: Float32Array[] = [];
  const features: Float32Array[] = [];
  for (let from = 0; from < dataset.count; from += batchSize) {
    const to = Math.min(from + batchSize, dataset.count);
    const pixels = dataset.images.subarray(from * pixelsPerImage, to * pixelsPerImage);
    const output = tf.tidy(() => ({ ...model.apply(tf.tensor2d(pixels, [to - from, pixelsPerImage])) }));
    logits.push((await output.logits.data()) as Float32Array);
    features.push((await output.features.data()) as Float32Array);
    tf.dispose([output.logits, output.features]);
    onProgress?.(to);
  }
  return { logits: stack(logits, dataset.count), features: stack(features, dataset.count) };
}

function stack(parts: readonly Float32Array[], rows: number): HostTensor {
  const size = parts.reduce((total, part) => total + part.length, 0);
  const data = new Float32Array(size);
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return tensor(data, [rows, size / rows]);
}
