import { checkNotEmpty, checkSameShape, rangeError, shapeError } from '../../check.ts';
import { type HostTensor, type TensorLike, toHostTensor } from '../../tensor.ts';
import { type CheckedAttack, checkAttack, type IterativeFgsmOptions, reaching } from './attackOptions.ts';
import { ballOffsets, uniformOffsets } from './randomStart.ts';

/** The attack on host arrays. */
export interface IterativeFgsm extends IterativeFgsmOptions {
  /** Clean images of any shape; with `norm: 'l2'` [images, ...]. */
  readonly images: TensorLike;
  /** ∇J of the attacked model with respect to the images. Its size does not count, so a sum over images is as good as a mean. */
  readonly gradient: (images: HostTensor) => TensorLike | Promise<TensorLike>;
}

/**
 * Iterative FGSM: images changed by at most ε a pixel so that a model's loss J rises, for fooling rates. From I₀ = I,
 *
 *     I_{t+1} = clip(I_t + α·sign(∇J(I_t)))        to [I − ε, I + ε] and to the data range
 *
 * With `norm: 'l2'` steps are α·∇J/‖∇J‖₂, and an image that is farther than ε from its clean one comes back to that distance along
 * the straight line, before it is brought to the data range. With `randomStart` it is projected gradient descent (PGD).
 *
 * The gradient is the caller's function, of whatever model: synchronous or not. Batches are attacked together, each image
 * on its own, as long as J is a sum or a mean over images.
 *
 * @returns The adversarial images, in the shape of the clean ones; float32 unless the images are float64 or nested arrays.
 * @throws RangeError for images outside the data range or not finite, for NaN in a gradient, for an ε or step that is not above 0;
 * TypeError for bounds that do not broadcast with the images.
 * @example
 * const weights = [0.5, -0.25]; // a linear score: J rises along its weights
 * const adversarial = await iterativeFgsm({
 *   images: [[0.2, 0.6]],
 *   gradient: () => [weights],
 *   epsilon: 0.1,
 * }); // [[0.3, 0.5]]
 * @see Kurakin, Goodfellow, Bengio: Adversarial machine learning at scale (2017), arXiv 1611.01236; Madry et al.: Towards deep
 * learning models resistant to adversarial attacks (2018), arXiv 1706.06083, for the random start and the L2 norm
 */
export async function iterativeFgsm(attack: IterativeFgsm): Promise<HostTensor> {
  const checked = checkAttack(attack);
  const { data: clean, shape } = toHostTensor(attack.images, 'iterativeFgsm', 'images');
  checkNotEmpty('iterativeFgsm', 'images', shape);
  checkImages(shape, checked);
  const [lowest, highest] = [reaching(checked.lowest, shape), reaching(checked.highest, shape)];
  let outside = 0;
  clean.forEach((x, index) => {
    const slack = rangeSlack(lowest(index), highest(index));
    // Written so that NaN counts as outside, and infinities beyond any range.
    if (!(x - x === 0 && x >= lowest(index) - slack && x <= highest(index) + slack)) outside += 1;
  });
  if (outside > 0) throw outsideError(outside, checked);

  const start = clean instanceof Float64Array ? clean : Float32Array.from(clean);
  const move = checked.norm === 'l2' ? alongGradient(clean, shape, checked) : bySigns(clean, shape, checked);
  const inRange = (x: number, index: number) => Math.min(Math.max(x, lowest(index)), highest(index));
  const inRangeOf = (moved: Float64Array) => (_: number, index: number) => inRange(moved[index]!, index);
  let current =
    checked.startSeed === undefined ? start : start.map((x, index) => inRange(x + move.offset(index), index));
  for (let done = 0; done < checked.steps; done++) {
    const gradient = toHostTensor(await attack.gradient({ data: current, shape }), 'iterativeFgsm', 'gradient');
    checkSameShape('iterativeFgsm', 'gradient', gradient.shape, 'images', shape);
    if (gradient.data.some(Number.isNaN)) throw gradientError();
    current = start.map(inRangeOf(move.step(current, gradient.data)));
  }
  if (!current.every(Number.isFinite)) throw reachError();
  return { data: current, shape };
}

interface Moves {
  /** Where a random start lies from the clean image. */
  offset(index: number): number;
  /** A step along a gradient, and back inside the bound, in float64; the data range is still to be kept. */
  step(current: ArrayLike<number>, gradient: ArrayLike<number>): Float64Array;
}

function bySigns(
  clean: ArrayLike<number>,
  shape: readonly number[],
  { epsilon, step, startSeed }: CheckedAttack,
): Moves {
  const [reach, stride] = [reaching(epsilon, shape), reaching(step, shape)];
  const offsets = startSeed === undefined ? undefined : uniformOffsets(startSeed, clean.length);
  return {
    offset: (index) => reach(index) * offsets![index]!,
    step: (current, gradient) =>
      Float64Array.from(current, (x, index) => {
        const moved = Math.max(x + stride(index) * Math.sign(gradient[index]!), clean[index]! - reach(index));
        return Math.min(moved, clean[index]! + reach(index));
      }),
  };
}

function alongGradient(
  clean: ArrayLike<number>,
  shape: readonly number[],
  { epsilon, step, startSeed }: CheckedAttack,
): Moves {
  const [images, reach, stride] = [shape[0]!, epsilon.data[0]!, step.data[0]!];
  const pixels = clean.length / images;
  const offsets = startSeed === undefined ? undefined : ballOffsets(startSeed, images, pixels);
  return {
    offset: (index) => reach * offsets![index]!,
    step(current, gradient) {
      const next = Float64Array.from(current);
      for (let image = 0; image < images; image++) {
        const [from, to] = [image * pixels, (image + 1) * pixels];
        const length = lengthOf(from, to, (index) => gradient[index]!);
        if (!(length.largest < Infinity)) throw gradientError();
        // Where the gradient is 0, no direction is better than another.
        if (length.norm === 0) continue;
        for (let index = from; index < to; index++) {
          next[index] = current[index]! + (stride * (gradient[index]! / length.largest)) / length.norm;
        }
        const { largest, norm } = lengthOf(from, to, (index) => next[index]! - clean[index]!);
        if (largest * norm <= reach) continue;
        const share = reach / largest / norm;
        for (let index = from; index < to; index++) {
          next[index] = clean[index]! + share * (next[index]! - clean[index]!);
        }
      }
      return next;
    },
  };
}

/** The L2 norm as the largest size times the norm over it, so that squares neither overflow nor vanish; 0 for zeros. */
function lengthOf(from: number, to: number, numberAt: (index: number) => number) {
  let largest = 0;
  for (let index = from; index < to; index++) largest = Math.max(largest, Math.abs(numberAt(index)));
  if (largest === 0) return { largest, norm: 0 };
  let sum = 0;
  for (let index = from; index < to; index++) sum += (numberAt(index) / largest) ** 2;
  return { largest, norm: Math.sqrt(sum) };
}

/** Requires images that the bounds fit. */
export function checkImages(shape: readonly number[], { epsilon, step, lowest, highest, norm }: CheckedAttack): void {
  for (const bound of [epsilon, step, lowest, highest]) reaching(bound, shape);
  if (norm === 'l2' && shape.length < 2) {
    throw shapeError('iterativeFgsm', 'images', "of shape [images, ...] where norm is 'l2'", shape);
  }
}

/** Images normalised on another device or in float32 may miss the range by a rounding. */
export function rangeSlack(lowest: number, highest: number): number {
  return highest - lowest < Infinity ? 1e-5 * (highest - lowest) : 0;
}

/** What is said of images outside the data range. */
export function outsideError(outside: number, { lowest, highest }: CheckedAttack): RangeError {
  const shown = ({ data }: HostTensor) => (data.length === 1 ? data[0] : `[${Array.from(data).join(', ')}]`);
  const isOpen = [...lowest.data, ...highest.data].some((bound) => Math.abs(bound) === Infinity);
  return rangeError(
    'iterativeFgsm',
    'images',
    `in the data range [${shown(lowest)}, ${shown(highest)}]${isOpen ? ' and finite' : ''}`,
    `${outside} pixels outside`,
    'Set dataRange to the range of the images as the model sees them.',
  );
}

/** What is said of a gradient that gives no direction. */
export function gradientError(): RangeError {
  return rangeError('iterativeFgsm', 'gradient', 'free of NaN, and of infinities in the L2 norm', Number.NaN);
}

/** What is said of images that left the numbers. */
export function reachError(): RangeError {
  const expected = 'within the range of float32, where the images are';
  return rangeError('iterativeFgsm', 'epsilon and stepSize', expected, 'images that are no finite numbers');
}
