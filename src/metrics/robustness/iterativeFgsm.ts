import type { Backend } from '../../backend.ts';
import { checkNoNaN, checkNotEmpty, checkSameShape, rangeError } from '../../check.ts';
import { clip } from '../../ops/clip.ts';
import { minimum } from '../../ops/minimum.ts';
import { missing } from '../../ops/scoreFaults.ts';
import { sign } from '../../ops/sign.ts';
import { asGiven, callback, finite, flag, optional, positive, readOptions, rising, whole } from '../../options.ts';
import { type HostTensor, type TensorLike, toHostTensor } from '../../tensor.ts';

/** How far and in how many steps the attack goes. */
export interface IterativeFgsmOptions {
  /** The largest change of any pixel, in the units of the images. */
  readonly epsilon: number;
  /** Default 5, as in the paper. */
  readonly steps?: number;
  /** α. Default ε/steps, with which the last step just reaches the bound; the paper leaves it open. */
  readonly stepSize?: number;
  /** The range of valid pixels. Default [0, 1]. */
  readonly dataRange?: readonly [lowest: number, highest: number];
  /** Steps go down the gradient: for a J that falls as the model comes closer to a class of choice. Default false. */
  readonly targeted?: boolean;
}

/** The attack on host arrays. */
export interface IterativeFgsm extends IterativeFgsmOptions {
  /** Clean images of any shape. */
  readonly images: TensorLike;
  /** ∇J of the attacked model with respect to the images; only its signs count, so a sum over images is as good as a mean. */
  readonly gradient: (images: HostTensor) => TensorLike | Promise<TensorLike>;
}

/** The attack on tensors of a backend. */
export interface IterativeFgsmOn<T> extends IterativeFgsmOptions {
  /** Clean images of any shape; they stay as they are. */
  readonly images: T | TensorLike;
  /** ∇J of the attacked model with respect to the images. The images are lent; the result is taken over and freed. */
  readonly gradient: (images: T) => T | Promise<T>;
}

/**
 * Iterative FGSM: images changed by at most ε a pixel so that a model's loss J rises, for fooling rates. From I₀ = I,
 *
 *     I_{t+1} = clip(I_t + α·sign(∇J(I_t)))        to [I − ε, I + ε] and to the data range
 *
 * The gradient is the caller's function, of whatever model: synchronous or not. Batches are attacked together, each image
 * on its own, as long as J is a sum or a mean over images.
 *
 * @returns The adversarial images, in the shape of the clean ones; float32 unless the images are float64 or nested arrays.
 * @throws RangeError for images outside the data range, for NaN in a gradient, for an ε or step that is not above 0.
 * @example
 * const weights = [0.5, -0.25]; // a linear score: J rises along its weights
 * const adversarial = await iterativeFgsm({
 *   images: [[0.2, 0.6]],
 *   gradient: () => [weights],
 *   epsilon: 0.1,
 * }); // [[0.3, 0.5]]
 * @see Kurakin, Goodfellow, Bengio: Adversarial machine learning at scale (2017), arXiv 1611.01236
 */
export async function iterativeFgsm(attack: IterativeFgsm): Promise<HostTensor> {
  const { epsilon, steps, step, lowest, highest } = checkAttack(attack);
  const { data: clean, shape } = toHostTensor(attack.images, 'iterativeFgsm', 'images');
  checkNotEmpty('iterativeFgsm', 'images', shape);
  const slack = rangeSlack(lowest, highest);
  let outside = 0;
  for (const x of clean) {
    // Written so that NaN counts as outside.
    if (!(x >= lowest - slack && x <= highest + slack)) outside += 1;
  }
  if (outside > 0) throw outsideError(outside, lowest, highest);

  let current = clean instanceof Float64Array ? clean : Float32Array.from(clean);
  for (let done = 0; done < steps; done++) {
    const gradient = toHostTensor(await attack.gradient({ data: current, shape }), 'iterativeFgsm', 'gradient');
    checkSameShape('iterativeFgsm', 'gradient', gradient.shape, 'images', shape);
    checkNoNaN('iterativeFgsm', 'gradient', gradient.data);
    current = current.map((x, index) => {
      const moved = Math.max(x + step * Math.sign(gradient.data[index]!), clean[index]! - epsilon, lowest);
      return Math.min(moved, clean[index]! + epsilon, highest);
    });
  }
  return { data: current, shape };
}

/**
 * `iterativeFgsm` on tensors of any backend. Nothing is read but, at the end, whether images and gradients were valid.
 *
 * @returns The adversarial images, which the caller owns.
 * @example
 * const lossGradient = tf.grad((x) => tf.losses.softmaxCrossEntropy(labels, model.apply(x)));
 * const adversarial = await iterativeFgsmOn(tfjsBackend(), { images, gradient: lossGradient, epsilon: 8 / 255 });
 */
export async function iterativeFgsmOn<T>(backend: Backend<T>, attack: IterativeFgsmOn<T>): Promise<T> {
  const { epsilon, steps, step, lowest, highest } = checkAttack(attack);
  const borrowed = backend.isTensor(attack.images);
  const clean = backend.isTensor(attack.images)
    ? attack.images
    : backend.fromHost(toHostTensor(attack.images as TensorLike, 'iterativeFgsm', 'images'));
  const shape = backend.shapeOf(clean);
  let current = clean;
  const held = new Set<T>(borrowed ? [] : [clean]);
  const replace = (old: T, made: T): T => {
    if (held.delete(old)) backend.dispose(old);
    held.add(made);
    return made;
  };
  try {
    checkNotEmpty('iterativeFgsm', 'images', shape);
    const slack = rangeSlack(lowest, highest);
    const limits = backend.scope(() => {
      const [bound, low, high] = [backend.scalar(epsilon), backend.scalar(lowest), backend.scalar(highest)];
      const beyond = backend.maximum(
        backend.greater(backend.scalar(lowest - slack), clean),
        backend.greater(clean, backend.scalar(highest + slack)),
      );
      return {
        low: backend.maximum(backend.subtract(clean, bound), low),
        high: minimum(backend, backend.add(clean, bound), high),
        outside: backend.add(backend.sum(beyond), missing(backend, clean)),
        invalid: backend.scalar(0),
      };
    });
    for (const made of Object.values(limits)) held.add(made);
    let { invalid } = limits;
    for (let done = 0; done < steps; done++) {
      const gradient = await attack.gradient(current);
      // A gradient function may hand back what it was lent; that stays with its owner.
      const taken = gradient !== current && gradient !== clean;
      if (taken) held.add(gradient);
      checkSameShape('iterativeFgsm', 'gradient', backend.shapeOf(gradient), 'images', shape);
      const next = backend.scope(() => ({
        images: clip(
          backend,
          backend.add(current, backend.multiply(sign(backend, gradient), backend.scalar(step))),
          limits.low,
          limits.high,
        ),
        invalid: backend.add(invalid, missing(backend, gradient)),
      }));
      if (taken && held.delete(gradient)) backend.dispose(gradient);
      invalid = replace(invalid, next.invalid);
      if (current === clean) held.add(next.images);
      else replace(current, next.images);
      current = next.images;
    }
    const [outside, notNumbers] = await Promise.all([backend.read(limits.outside), backend.read(invalid)]);
    if (outside.data[0]! > 0) throw outsideError(outside.data[0]!, lowest, highest);
    if (notNumbers.data[0]! > 0) {
      throw rangeError('iterativeFgsm', 'gradient', 'free of NaN', `${notNumbers.data[0]} times NaN`);
    }
    held.delete(current);
    return current;
  } finally {
    for (const tensor of held) backend.dispose(tensor);
  }
}

/** Images normalised on another device or in float32 may miss the range by a rounding. */
function rangeSlack(lowest: number, highest: number): number {
  return 1e-5 * (highest - lowest);
}

function outsideError(outside: number, lowest: number, highest: number): RangeError {
  return rangeError(
    'iterativeFgsm',
    'images',
    `in the data range [${lowest}, ${highest}]`,
    `${outside} pixels outside`,
    'Set dataRange to the range of the images as the model sees them.',
  );
}

function checkAttack(attack: IterativeFgsmOptions & { readonly gradient: unknown }): {
  readonly epsilon: number;
  readonly steps: number;
  readonly step: number;
  readonly lowest: number;
  readonly highest: number;
} {
  const where = 'iterativeFgsm';
  const {
    epsilon,
    steps,
    targeted,
    dataRange,
    stepSize = epsilon / steps,
  } = readOptions(where, attack, {
    images: asGiven,
    gradient: callback(),
    epsilon: positive(),
    steps: whole(1, 5),
    stepSize: optional(positive()),
    dataRange: rising(finite(), [0, 1]),
    targeted: flag(false),
  });
  const [lowest, highest] = dataRange;
  return { epsilon, steps, step: targeted ? -stepSize : stepSize, lowest, highest };
}
