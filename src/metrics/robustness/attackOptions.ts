/** How far an attack may go: options, checked, and bounds that may differ by channel. */
import { kindError, rangeError, shapeError } from '../../check.ts';
import { asGiven, callback, flag, type OptionReader, optional, readOptions, whole, word } from '../../options.ts';
import { type HostTensor, sizeOf, type TensorLike, toHostTensor } from '../../tensor.ts';

/** A number for all pixels, or numbers that broadcast with the images: of channels that come last, [channels]. */
export type AttackBound = number | TensorLike;

/** How far and in how many steps the attack goes. */
export interface IterativeFgsmOptions {
  /**
   * The largest change, in the units of the images: of any pixel, or with `norm: 'l2'` of an image's L2 norm. Numbers by channel
   * for images that were normalised by channel, such as `[8 / 255 / 0.229, …]`; of channels first in the shape [channels, 1, 1].
   */
  readonly epsilon: AttackBound;
  /** `'infinity'` (default) bounds each pixel and steps by signs; `'l2'` bounds each image, and steps along its gradient. */
  readonly norm?: 'infinity' | 'l2';
  /** Default 5, as in the paper. */
  readonly steps?: number;
  /** α. Default ε/steps, with which the last step just reaches the bound; the paper leaves it open. */
  readonly stepSize?: AttackBound;
  /** The range of valid pixels, by channel too. Default [0, 1]; [−Infinity, Infinity] is no range. */
  readonly dataRange?: readonly [lowest: AttackBound, highest: AttackBound];
  /**
   * Starts at a random point inside the bound (projected gradient descent, PGD) in place of the image itself, where the
   * gradient of a masked model may vanish. Default false.
   */
  readonly randomStart?: boolean;
  /** Of the random start: same seed, same start. Default 0. */
  readonly seed?: number;
  /** Steps go down the gradient: for a J that falls as the model comes closer to a class of choice. Default false. */
  readonly targeted?: boolean;
}

/** The options, checked and complete; steps have their sign. */
export interface CheckedAttack {
  readonly epsilon: HostTensor;
  readonly step: HostTensor;
  readonly lowest: HostTensor;
  readonly highest: HostTensor;
  readonly norm: 'infinity' | 'l2';
  readonly steps: number;
  /** Undefined for a start at the images. */
  readonly startSeed: number | undefined;
}

const where = 'iterativeFgsm';

/** Checks the options of an attack, which come beside its images and its gradient. */
export function checkAttack(attack: IterativeFgsmOptions): CheckedAttack {
  const { epsilon, steps, targeted, dataRange, stepSize, norm, randomStart, seed } = readOptions(where, attack, {
    images: asGiven,
    gradient: callback(),
    epsilon: bound((value) => value > 0 && value < Infinity, 'finite and greater than 0'),
    norm: word(['infinity', 'l2'], 'infinity'),
    steps: whole(1, 5),
    stepSize: optional(bound((value) => value > 0 && value < Infinity, 'finite and greater than 0')),
    dataRange: readRange,
    randomStart: flag(false),
    seed: whole(0, 0),
    targeted: flag(false),
  });
  if (norm === 'l2' && [epsilon, stepSize].some((given) => given !== undefined && given.shape.length > 0)) {
    throw kindError(
      where,
      'epsilon and stepSize',
      "numbers where norm is 'l2'",
      'arrays',
      'The bound is of a whole image.',
    );
  }
  const own = stepSize ?? mapped(epsilon, (value) => value / steps);
  const [lowest, highest] = dataRange;
  return {
    epsilon,
    step: targeted ? mapped(own, (value) => -value) : own,
    lowest,
    highest,
    norm,
    steps,
    startSeed: randomStart ? seed : undefined,
  };
}

function bound(fits: (value: number) => boolean, expected: string): OptionReader<HostTensor> {
  return (from, name, given) => {
    if (given === undefined) throw kindError(from, name, 'a number', given);
    const { data, shape } = typeof given === 'number' ? scalar(given) : toHostTensor(given as TensorLike, from, name);
    const values = Float64Array.from(data);
    const bad = values.find((value) => !fits(value));
    if (bad !== undefined || values.length === 0) throw rangeError(from, name, expected, bad);
    return { data: values, shape };
  };
}

function readRange(from: string, name: string, given: unknown): readonly [HostTensor, HostTensor] {
  if (given === undefined) return [scalar(0), scalar(1)];
  if (!Array.isArray(given) || given.length !== 2) throw kindError(from, name, '[lowest, highest]', given);
  const read = bound((value) => !Number.isNaN(value), 'numbers');
  const [lowest, highest] = [read(from, name, given[0]), read(from, name, given[1])];
  const one = wider(lowest, highest);
  const other = one === lowest ? highest : lowest;
  const [low, high] = [reaching(lowest, one.shape), reaching(highest, one.shape)];
  for (let at = 0; at < one.data.length; at++) {
    if (!(low(at) < high(at)))
      throw rangeError(from, name, '[lowest, highest] in this order', [other.data[0], one.data[at]]);
  }
  return [lowest, highest];
}

/** Of two bounds the one that the other broadcasts to. */
export function wider(one: HostTensor, other: HostTensor): HostTensor {
  const extra = one.data.length - other.data.length || one.shape.length - other.shape.length;
  return extra >= 0 ? one : other;
}

function scalar(value: number): HostTensor {
  return { data: Float64Array.of(value), shape: [] };
}

function mapped({ data, shape }: HostTensor, map: (value: number) => number): HostTensor {
  return { data: Float64Array.from(data, map), shape };
}

/** The number of a bound for each element of a shape that it broadcasts with. */
export function reaching({ data, shape }: HostTensor, images: readonly number[]): (index: number) => number {
  const offset = images.length - shape.length;
  // An axis that the images lack would be one of the adversarial images.
  if (data.length === 1 && offset >= 0) return () => data[0]!;
  if (offset < 0 || shape.some((extent, axis) => extent !== 1 && extent !== images[offset + axis])) {
    throw shapeError(
      where,
      'epsilon, stepSize and dataRange',
      `numbers, or arrays that broadcast with ${images}`,
      shape,
    );
  }
  const strides = images.map((_, axis) =>
    axis < offset || shape[axis - offset] === 1 ? 0 : sizeOf(shape.slice(axis - offset + 1)),
  );
  return (index) => {
    let [rest, at] = [index, 0];
    for (let axis = images.length - 1; axis >= 0; axis--) {
      at += strides[axis]! * (rest % images[axis]!);
      rest = Math.floor(rest / images[axis]!);
    }
    return data[at]!;
  };
}
