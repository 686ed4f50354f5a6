/**
 * The squared maximum mean discrepancy of two samples of rows under the kernel ⟨x, y⟩², in two forms that are one number.
 *
 * With A [C, P] and B [D, P] it is |A·Aᵀ|²/C² + |B·Bᵀ|²/D² − 2·|A·Bᵀ|²/(C·D), of products among rows; and it is the square sum
 * |M|² of M = Aᵀ·A/C − Bᵀ·B/D, of products among positions. The first form takes less work where positions are many, but of
 * samples that are alike its terms cancel, and their rounding is what is left; the second is never negative, and is off by a rounding of the
 * *root* of what cancels.
 */
import type { Backend } from '../../backend.ts';
import { holdsDoubles } from '../../ops/holdsDoubles.ts';
import { replaceRows } from '../../ops/replaceRows.ts';
import { scale } from '../../ops/scale.ts';

/** The discrepancy of each of a batch of samples, [batch], and what its gradient needs. */
export interface KernelDiscrepancy<T> {
  readonly losses: T;
  /** M [batch, P, P], or A·Aᵀ [batch, C, C]. */
  readonly own: T;
  /** M once more, or A·Bᵀ [batch, C, D]. */
  readonly mixed: T;
  /** 1 for each of the batch whose terms among rows cancel, [batch]. */
  readonly hidden: T;
}

/** Below it, as a share of what is subtracted from, the form among rows is off by some 1e-4 in float32, and 1e-8 in float64. */
const hiddenShare = { single: 2 ** -12, double: 2 ** -26 };
/** How many products among positions may lie in memory at once. */
const mostProducts = 2 ** 24;

/** Of A [batch, C, P] and B [batch, D, P]. */
export function kernelDiscrepancy<T>(backend: Backend<T>, a: T, b: T): KernelDiscrepancy<T> {
  if (hasFewPositions(backend, a, b)) {
    const apart = amongPositions(backend, a, b);
    const losses = squareSum(backend, apart);
    return { losses, own: apart, mixed: apart, hidden: scale(backend, losses, 0) };
  }
  const [own, mixed] = [products(backend, a, a), products(backend, a, b)];
  const within = backend.add(meanSquare(backend, own), meanSquare(backend, products(backend, b, b)));
  const plain = backend.subtract(within, scale(backend, meanSquare(backend, mixed), 2));
  const share = holdsDoubles(backend) ? hiddenShare.double : hiddenShare.single;
  const hidden = backend.greater(scale(backend, within, share), plain);
  // Where nobody can tell which of the batch they are, what is left below 0 is rounding.
  let losses = backend.maximum(plain, backend.scalar(0));
  for (const positions of groupsOf(backend, hidden, a)) {
    const [x, y] = picked(backend, positions, [a, b]);
    losses = replaceRows(backend, losses, positions, squareSum(backend, amongPositions(backend, x!, y!)));
  }
  return { losses, own, mixed, hidden };
}

/** Its gradient in A: 4·A·M/C, or 4·A·Aᵀ·A/C² − 4·A·Bᵀ·B/(C·D). */
export function kernelDiscrepancyGradient<T>(
  backend: Backend<T>,
  { own, mixed, hidden }: Omit<KernelDiscrepancy<T>, 'losses'>,
  a: T,
  b: T,
): T {
  const [channels, others] = [a, b].map((x) => backend.shapeOf(x)[1]!) as [number, number];
  const exact = (x: T, apart: T): T => scale(backend, backend.matMul(x, apart), 4 / channels);
  if (hasFewPositions(backend, a, b)) return exact(a, own);
  let gradient = backend.subtract(
    scale(backend, backend.matMul(own, a), 4 / channels ** 2),
    scale(backend, backend.matMul(mixed, b), 4 / (channels * others)),
  );
  for (const positions of groupsOf(backend, hidden, a)) {
    const [x, y] = picked(backend, positions, [a, b]);
    gradient = replaceRows(backend, gradient, positions, exact(x!, amongPositions(backend, x!, y!)));
  }
  return gradient;
}

/** Whether products among positions, for value and gradient, take no more multiplications than those among rows. */
function hasFewPositions<T>(backend: Backend<T>, a: T, b: T): boolean {
  const [, channels = 1, positions = 1] = backend.shapeOf(a);
  const [, others = 1] = backend.shapeOf(b);
  return positions * (2 * channels + others) <= 2 * channels ** 2 + 2 * channels * others + others ** 2;
}

/** The places of hidden ones, as many together as may lie in memory; none where they cannot be read, or one is too large. */
function groupsOf<T>(backend: Backend<T>, hidden: T, a: T): readonly (readonly number[])[] {
  const room = Math.floor(mostProducts / backend.shapeOf(a)[2]! ** 2);
  if (backend.readSync === undefined || room === 0) return [];
  const found = Array.from(backend.readSync(hidden).data).flatMap((isHidden, place) => (isHidden === 1 ? [place] : []));
  return Array.from({ length: Math.ceil(found.length / room) }, (_, group) =>
    found.slice(group * room, (group + 1) * room),
  );
}

function picked<T>(backend: Backend<T>, positions: readonly number[], tensors: readonly T[]): readonly T[] {
  const places = backend.fromHost({ data: Int32Array.from(positions), shape: [positions.length] });
  return tensors.map((x) => backend.gather(x, places));
}

/** M = Aᵀ·A/C − Bᵀ·B/D, [batch, P, P]. */
function amongPositions<T>(backend: Backend<T>, a: T, b: T): T {
  const [ofA, ofB] = [a, b].map((x) =>
    scale(backend, backend.matMul(x, x, { transposeA: true }), 1 / backend.shapeOf(x)[1]!),
  );
  return backend.subtract(ofA!, ofB!);
}

/** ⟨x, y⟩ of all pairs of rows. */
function products<T>(backend: Backend<T>, x: T, y: T): T {
  return backend.matMul(x, y, { transposeB: true });
}

function squareSum<T>(backend: Backend<T>, x: T): T {
  return backend.sum(backend.multiply(x, x), { axis: [1, 2] });
}

function meanSquare<T>(backend: Backend<T>, x: T): T {
  const [, first = 1, second = 1] = backend.shapeOf(x);
  return scale(backend, squareSum(backend, x), 1 / (first * second));
}
