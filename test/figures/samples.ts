/** Made-up models whose results are large enough to be drawn: logits that know the label more or less well. */
import { deriveSeed, type HostTensor, randomNormal, tensor } from 'dark-knowledge';

export const classes = 5;

/** Labels 0, 1, 2 … over the classes. */
export function labelsOf(rows: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row % classes);
}

/** Logits of a model: noise of its own and in common with the others, and `skill` on the label. */
export function logitsOf(seed: number, rows: number, skill: number): HostTensor {
  const data = Float32Array.from({ length: rows * classes }, (_, index) => {
    const onLabel = index % classes === Math.floor(index / classes) % classes ? skill : 0;
    return onLabel + randomNormal(deriveSeed(seed, 1), index) + randomNormal(7, index);
  });
  return tensor(data, [rows, classes]);
}
