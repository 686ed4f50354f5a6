import { checkRoom } from '../check.ts';
import { randomUniform } from '../random.ts';
import type { HostTensor } from '../tensor.ts';

/** Weights [from, to], uniform over ±1/√from, and a zero bias [to]; the draw at a position depends on the seed alone. */
export function initializeAffine(
  where: string,
  from: number,
  to: number,
  seed: number,
): { readonly weight: HostTensor; readonly bias: HostTensor } {
  checkRoom(where, 'the projection', [from, to], from * to);
  const bound = 1 / Math.sqrt(from);
  const data = Float32Array.from({ length: from * to }, (_, index) => bound * (2 * randomUniform(seed, index) - 1));
  return { weight: { data, shape: [from, to] }, bias: { data: new Float32Array(to), shape: [to] } };
}
