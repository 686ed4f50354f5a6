import type { Backend } from '../../backend.ts';
import { checkIsBackend, checkNotEmpty, checkSameShape, kindError } from '../../check.ts';
import { clip } from '../../ops/clip.ts';
import { missing } from '../../ops/scoreFaults.ts';
import { sign } from '../../ops/sign.ts';
import { type HostTensor, sizeOf, type TensorLike, toHostTensor } from '../../tensor.ts';
import { type CheckedAttack, checkAttack, type IterativeFgsmOptions, reaching, wider } from './attackOptions.ts';
import { checkImages, gradientError, outsideError, rangeSlack, reachError } from './iterativeFgsm.ts';
import { ballOffsets, uniformOffsets } from './randomStart.ts';

/** The attack on tensors of a backend. */
export interface IterativeFgsmOn<T> extends IterativeFgsmOptions {
  /** Clean images of any shape; they stay as they are. */
  readonly images: T | TensorLike;
  /** ∇J of the attacked model with respect to the images. The images are lent; the result is taken over and freed. */
  readonly gradient: (images: T) => T | Promise<T>;
}

/**
 * `iterativeFgsm` on tensors of any backend. Nothing is read but, at the end, whether images and gradients were valid.
 *
 * @returns The adversarial images, which the caller owns.
 * @example
 * const lossGradient = tf.grad((x) => tf.losses.softmaxCrossEntropy(labels, model.apply(x)));
 * const adversarial = await iterativeFgsmOn(tfjsBackend(), { images, gradient: lossGradient, epsilon: 8 / 255 });
 */
export async function iterativeFgsmOn<T>(backend: Backend<T>, attack: IterativeFgsmOn<NoInfer<T>>): Promise<T> {
  checkIsBackend('iterativeFgsmOn', backend);
  const checked = checkAttack(attack);
  const borrowed = backend.isTensor(attack.images);
  const clean = backend.isTensor(attack.images)
    ? attack.images
    : backend.fromHost(toHostTensor(attack.images as TensorLike, 'iterativeFgsm', 'images'));
  const shape = backend.shapeOf(clean);
  const held = new Set<T>(borrowed ? [] : [clean]);
  const replace = (old: T, made: T): T => {
    if (held.delete(old)) backend.dispose(old);
    held.add(made);
    return made;
  };
  try {
    checkNotEmpty('iterativeFgsm', 'images', shape);
    checkImages(shape, checked);
    const limits = backend.scope(() => ({
      low: tensorOf(backend, checked.lowest),
      high: tensorOf(backend, checked.highest),
      outside: outsideCount(backend, clean, checked),
      invalid: backend.scalar(0),
    }));
    for (const made of Object.values(limits)) held.add(made);
    const inRange = (x: T) => clip(backend, x, limits.low, limits.high);
    let { invalid } = limits;
    let current = clean;
    if (checked.startSeed !== undefined) {
      current = backend.scope(() => inRange(backend.add(clean, startOffsets(backend, shape, checked))));
      held.add(current);
    }
    for (let done = 0; done < checked.steps; done++) {
      const gradient = await attack.gradient(current);
      if (!backend.isTensor(gradient))
        throw kindError('iterativeFgsm', 'gradient', 'a tensor of the backend', gradient);
      // A gradient function may hand back what it was lent; that stays with its owner.
      const taken = gradient !== current && gradient !== clean;
      if (taken) held.add(gradient);
      checkSameShape('iterativeFgsm', 'gradient', backend.shapeOf(gradient), 'images', shape);
      const next = backend.scope(() => {
        const moved = checked.norm === 'l2' ? alongGradient(backend, current, gradient, clean, checked) : undefined;
        return {
          images: inRange(moved ?? bySigns(backend, current, gradient, clean, checked)),
          // An infinite gradient has no direction: NaN, in the L2 norm.
          invalid: backend.add(
            invalid,
            backend.add(missing(backend, gradient), moved ? missing(backend, moved) : backend.scalar(0)),
          ),
        };
      });
      if (taken && held.delete(gradient)) backend.dispose(gradient);
      invalid = replace(invalid, next.invalid);
      if (current === clean) held.add(next.images);
      else replace(current, next.images);
      current = next.images;
    }
    const beyond = backend.scope(() => missing(backend, backend.subtract(current, current)));
    held.add(beyond);
    const [outside, notNumbers, notFinite] = await Promise.all(
      [limits.outside, invalid, beyond].map((count) => backend.read(count)),
    );
    if (outside!.data[0]! > 0) throw outsideError(outside!.data[0]!, checked);
    if (notNumbers!.data[0]! > 0) throw gradientError();
    if (notFinite!.data[0]! > 0) throw reachError();
    held.delete(current);
    return current;
  } finally {
    for (const tensor of held) backend.dispose(tensor);
  }
}

function tensorOf<T>(backend: Backend<T>, bound: HostTensor): T {
  return bound.shape.length === 0 ? backend.scalar(bound.data[0]!) : backend.fromHost(bound);
}

/** The number of pixels outside the data range, or NaN. */
function outsideCount<T>(backend: Backend<T>, clean: T, { lowest, highest }: CheckedAttack): T {
  const { shape } = wider(lowest, highest);
  const [low, high] = [reaching(lowest, shape), reaching(highest, shape)];
  const widened = (side: (index: number) => number, direction: number): HostTensor => ({
    data: Float64Array.from({ length: sizeOf(shape) }, (_, at) => side(at) + direction * rangeSlack(low(at), high(at))),
    shape,
  });
  const beyond = backend.maximum(
    backend.greater(tensorOf(backend, widened(low, -1)), clean),
    backend.greater(clean, tensorOf(backend, widened(high, 1))),
  );
  return backend.add(backend.sum(beyond), missing(backend, backend.subtract(clean, clean)));
}

function startOffsets<T>(
  backend: Backend<T>,
  shape: readonly number[],
  { norm, epsilon, startSeed }: CheckedAttack,
): T {
  const size = sizeOf(shape);
  const data = norm === 'l2' ? ballOffsets(startSeed!, shape[0]!, size / shape[0]!) : uniformOffsets(startSeed!, size);
  return backend.multiply(backend.fromHost({ data, shape }), tensorOf(backend, epsilon));
}

function bySigns<T>(backend: Backend<T>, current: T, gradient: T, clean: T, { epsilon, step }: CheckedAttack): T {
  const reach = tensorOf(backend, epsilon);
  const moved = backend.add(current, backend.multiply(sign(backend, gradient), tensorOf(backend, step)));
  return clip(backend, moved, backend.subtract(clean, reach), backend.add(clean, reach));
}

function alongGradient<T>(backend: Backend<T>, current: T, gradient: T, clean: T, { epsilon, step }: CheckedAttack): T {
  const shape = backend.shapeOf(clean);
  const flat = [shape[0]!, sizeOf(shape) / shape[0]!];
  const rows = (x: T) => backend.reshape(x, flat);
  const { unit } = direction(backend, rows(gradient));
  const moved = backend.add(rows(current), backend.multiply(unit, tensorOf(backend, step)));
  const away = direction(backend, backend.subtract(moved, rows(clean)));
  const reach = tensorOf(backend, epsilon);
  const back = backend.add(rows(clean), backend.multiply(away.unit, reach));
  return backend.reshape(backend.where(backend.greater(away.length, reach), back, moved), shape);
}

/** Each row over its L2 norm, zeros for a row of zeros, and the norm [rows, 1]; squares neither overflow nor vanish. */
function direction<T>(backend: Backend<T>, x: T): { readonly unit: T; readonly length: T } {
  const one = backend.scalar(1);
  const largest = backend.max(backend.abs(x), { axis: -1, keepDims: true });
  const scaled = backend.divide(x, backend.where(largest, largest, one));
  const norm = backend.sqrt(backend.sum(backend.multiply(scaled, scaled), { axis: -1, keepDims: true }));
  return {
    unit: backend.divide(scaled, backend.where(norm, norm, one)),
    length: backend.multiply(largest, norm),
  };
}
