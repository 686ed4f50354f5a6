/** Made-up models: logits that know the label more or less well, with noise in common. */
import { deriveSeed, type HostTensor, randomBits, randomNormal, tensor } from 'dark-knowledge';

export const classes = 5;

export function labelsOf(rows: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => randomBits(3, row) % classes);
}

export function logitsOf(seed: number, rows: number, skill: number): HostTensor {
  const labels = labelsOf(rows);
  const data = Float32Array.from({ length: rows * classes }, (_, at) => {
    const onLabel = at % classes === labels[Math.floor(at / classes)] ? skill : 0;
    return onLabel + randomNormal(deriveSeed(seed, 1), at) + randomNormal(7, at);
  });
  return tensor(data, [rows, classes]);
}

export function featuresOf(seed: number, rows: number, width: number, noise: number): HostTensor {
  const data = Float32Array.from(
    { length: rows * width },
    (_, at) => noise * randomNormal(seed, at) + randomNormal(8, Math.floor(at / width) * 64 + ((at % width) % 5)),
  );
  return tensor(data, [rows, width]);
}
