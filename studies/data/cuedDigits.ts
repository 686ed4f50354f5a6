/**
 * Digits that have a second cue, as photographs have: what the background looks like goes with the class most of the time.
 * A shape (MNIST's digit) stands on a pattern in a colour; each class has a favourite colour and a favourite pattern, and an
 * image has them with a probability of its own, else those of a random class.
 *
 * It stands in for ImageNet, which cannot be here: a network may go by shape, colour or pattern, and which it goes by can be seen.
 */
import { deriveSeed, randomBelow, randomNormal, randomUniform } from 'dark-knowledge';
import { type Dataset, imageSide, pixelsPerImage } from '../../examples/mnist/data.ts';

export const colours = 3;
export const digitClasses = 10;

/** What an image is made of. */
export interface Scene {
  /** Of which sample the shape is. */
  readonly index: number;
  /** Whose favourite the background's colour and pattern are. */
  readonly colourClass: number;
  readonly patternClass: number;
  /** Around the class's own, in turns of the colour circle. */
  readonly hueOffset: number;
  /** Where the pattern begins, in [0, 1). */
  readonly phase: number;
  /** Pixels that everything is moved by, down and to the right, of an image of 28. */
  readonly shift: readonly [down: number, right: number];
}

/** How far the shape is from its ground to white: faint, so that colour and pattern are worth going by. */
const ink = 0.35;

/** How likely a background is the class's own. */
export const cueReliability = 0.9;

/** The scene of a sample, as the data set has it; each sample has one. */
export function sceneOf({ labels }: Dataset, index: number, seed: number): Scene {
  const own = deriveSeed(seed, index);
  const cue = (part: number): number =>
    randomUniform(own, part) < cueReliability ? labels[index]! : randomBelow(own, part + 1, digitClasses);
  return {
    index,
    colourClass: cue(0),
    patternClass: cue(2),
    hueOffset: 0.03 * randomNormal(own, 4),
    phase: randomUniform(own, 5),
    shift: [0, 0],
  };
}

/** A background that says nothing of the shape: as paintings lend ImageNet's images theirs, in Stylized ImageNet. */
export function restyled(scene: Scene, seed: number): Scene {
  const own = deriveSeed(seed, scene.index);
  return {
    ...scene,
    colourClass: randomBelow(own, 0, digitClasses),
    patternClass: randomBelow(own, 1, digitClasses),
    phase: randomUniform(own, 2),
  };
}

/** A background all of one other class: shape and texture are in conflict. */
export function inConflict(scene: Scene, { labels }: Dataset, seed: number): Scene {
  const label = labels[scene.index]!;
  const other = (label + 1 + randomBelow(deriveSeed(seed, scene.index), 0, digitClasses - 1)) % digitClasses;
  return { ...scene, colourClass: other, patternClass: other };
}

/** Moved by up to `most` pixels in each direction. */
export function shifted(scene: Scene, most: number, seed: number): Scene {
  const own = deriveSeed(seed, scene.index);
  const draw = (part: number): number => randomBelow(own, part, 2 * most + 1) - most;
  return { ...scene, shift: [draw(0), draw(1)] };
}

/** Paints a scene as [side, side, 3] in [0, 1]; `side` divides 28, and pixels are means of those of 28. */
export function paintScene(dataset: Dataset, scene: Scene, side: number): Float32Array {
  const image = new Float32Array(side * side * colours);
  const digit = digitOf(dataset, scene, side);
  const colour = colourOf(scene);
  const pattern = patternOf(scene);
  const scale = imageSide / side;
  for (let row = 0, place = 0; row < side; row++) {
    for (let column = 0; column < side; column++, place++) {
      const light = pattern(row * scale - scene.shift[0], column * scale - scene.shift[1]);
      for (let channel = 0; channel < colours; channel++) {
        const ground = light * colour[channel]!;
        image[place * colours + channel] = ground + ink * digit[place]! * (1 - ground);
      }
    }
  }
  return image;
}

/** The shape alone, [side, side]. */
export function digitOf(dataset: Dataset, { index, shift: [down, right] }: Scene, side: number): Float32Array {
  const scale = imageSide / side;
  const digit = new Float32Array(side * side);
  for (let row = Math.max(0, -down); row < Math.min(imageSide, imageSide - down); row++) {
    for (let column = Math.max(0, -right); column < Math.min(imageSide, imageSide - right); column++) {
      const target = Math.floor((row + down) / scale) * side + Math.floor((column + right) / scale);
      digit[target]! += dataset.images[index * pixelsPerImage + row * imageSide + column]! / scale ** 2;
    }
  }
  return digit;
}

/** A full colour of the hue, as bright as lets a white digit be seen. */
function colourOf({ colourClass, hueOffset }: Scene): readonly number[] {
  const hue = colourClass / digitClasses + hueOffset;
  return [0, 1, 2].map((channel) => {
    const distance = Math.abs(((((hue + channel / 3) % 1) + 1) % 1) - 0.5);
    return 0.15 + 0.6 * Math.min(1, Math.max(0, 3 * distance - 0.5));
  });
}

/** Stripes in five directions, wide for the first five classes and narrow for the others; in [0.4, 1]. */
function patternOf({ patternClass, phase }: Scene): (row: number, column: number) => number {
  const angle = (Math.PI * (patternClass % 5)) / 5;
  const cycles = patternClass < 5 ? 2.5 : 5;
  const [down, right] = [Math.sin(angle), Math.cos(angle)].map((along) => (2 * Math.PI * cycles * along) / imageSide);
  return (row, column) => 0.7 + 0.3 * Math.sin(row * down! + column * right! + 2 * Math.PI * phase);
}
