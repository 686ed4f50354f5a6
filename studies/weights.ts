/** The numbers of a model's parameters: read, put back, and kept as a part of a run. */
import * as tf from '@tensorflow/tfjs-core';
import type { Once } from './parts.ts';

/** Trains once: parameters that were trained before are put in place. They are freed where training fails. */
export async function trainedOnce(
  once: Once,
  part: string,
  parameters: readonly tf.Variable[],
  train: () => Promise<void>,
): Promise<void> {
  try {
    const values = await once(part, async () => {
      await train();
      return valuesOf(parameters);
    });
    assignValues(parameters, values);
  } catch (error) {
    tf.dispose([...parameters]);
    throw error;
  }
}

/** The numbers of parameters, to be kept. */
export function valuesOf(parameters: readonly tf.Variable[]): Promise<readonly tf.TypedArray[]> {
  return Promise.all(parameters.map((parameter) => parameter.data()));
}

/** Puts them back. */
export function assignValues(parameters: readonly tf.Variable[], values: readonly tf.TypedArray[]): void {
  parameters.forEach((parameter, at) => {
    tf.tidy(() => parameter.assign(tf.tensor(values[at]!, parameter.shape)));
  });
}
