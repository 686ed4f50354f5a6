import { describe, expect, it } from 'vitest';
import { type Dataset, imageSide, pixelsPerImage } from '../../examples/mnist/data.ts';
import { jitterColours } from '../../studies/data/colourJitter.ts';
import {
  cueReliability,
  digitOf,
  inConflict,
  paintScene,
  restyled,
  sceneOf,
  shifted,
} from '../../studies/data/cuedDigits.ts';
import { digitDomains, imagesIn } from '../../studies/data/digitDomains.ts';
import { groupedDigits, leanings } from '../../studies/data/groupedDigits.ts';

const count = 2000;

/** One bright pixel right of the centre. */
function dots(samples: number): Dataset {
  const images = new Float32Array(samples * pixelsPerImage);
  for (let index = 0; index < samples; index++) images[index * pixelsPerImage + 14 * imageSide + 20] = 1;
  return { images, labels: Int32Array.from({ length: samples }, (_, index) => index % 10), count: samples };
}

const dataset = dots(count);
const scenes = Array.from({ length: count }, (_, index) => sceneOf(dataset, index, 1));
const shareOf = (holds: (scene: (typeof scenes)[number]) => boolean): number => scenes.filter(holds).length / count;
const labelOf = ({ index }: { readonly index: number }): number => dataset.labels[index]!;

describe('digits with a second cue', () => {
  it('have the colour and the pattern of their class as often as is said, the one without the other', () => {
    // A random class is the own one in a tenth.
    const expected = cueReliability + (1 - cueReliability) / 10;
    const colour = shareOf((scene) => scene.colourClass === labelOf(scene));
    const both = shareOf((scene) => scene.colourClass === labelOf(scene) && scene.patternClass === labelOf(scene));
    // Five standard errors of a share of 2000.
    expect(Math.abs(colour - expected)).toBeLessThan(5 * Math.sqrt((expected * (1 - expected)) / count));
    expect(Math.abs(both - expected ** 2)).toBeLessThan(5 * Math.sqrt((expected ** 2 * (1 - expected ** 2)) / count));
  });

  it('restyled have a background that says nothing, and in conflict never that of their class', () => {
    const restyledOwn = shareOf((scene) => restyled(scene, 2).colourClass === labelOf(scene));
    expect(Math.abs(restyledOwn - 0.1)).toBeLessThan(5 * Math.sqrt(0.09 / count));
    expect(shareOf((scene) => inConflict(scene, dataset, 3).patternClass === labelOf(scene))).toBe(0);
    expect(
      shareOf((scene) => {
        const { colourClass, patternClass } = inConflict(scene, dataset, 3);
        return colourClass === patternClass;
      }),
    ).toBe(1);
  });

  it('move with all that is on them', () => {
    const scene = scenes[0]!;
    const still = paintScene(dataset, scene, imageSide);
    const moved = shifted(scene, 4, 5);
    const [down, right] = moved.shift;
    expect(Math.abs(down) + Math.abs(right)).toBeGreaterThan(0);
    const image = paintScene(dataset, moved, imageSide);
    const digit = digitOf(dataset, moved, imageSide);
    expect(digit[(14 + down) * imageSide + 20 + right]).toBe(1);
    for (let row = 4; row < 24; row++) {
      for (let column = 4; column < 24; column++) {
        const at = 3 * (row * imageSide + column);
        const from = 3 * ((row - down) * imageSide + column - right);
        for (let channel = 0; channel < 3; channel++)
          expect(image[at + channel]).toBeCloseTo(still[from + channel]!, 5);
      }
    }
  });
});

describe('colour jitter', () => {
  const image = Float32Array.from({ length: 30 }, (_, at) => 0.3 + (0.4 * ((at * 7) % 10)) / 10);

  it('of no strength leaves an image as it was', () => {
    const same = image.slice();
    jitterColours(same, { factors: 0, hue: 0 }, 1, 2);
    // The colour space's published matrices are inverse to three digits.
    same.forEach((value, at) => {
      expect(Math.abs(value - image[at]!)).toBeLessThan(2e-3);
    });
  });

  it('by hue alone keeps each pixel as bright, and grey as it was', () => {
    const turned = image.slice();
    turned.set([0.5, 0.5, 0.5]);
    const before = turned.slice();
    jitterColours(turned, { factors: 0, hue: 0.5 }, 1, 2);
    expect(turned.some((value, at) => Math.abs(value - before[at]!) > 0.05)).toBe(true);
    for (let at = 0; at < turned.length; at += 3) {
      const luma = (values: Float32Array) => 0.299 * values[at]! + 0.587 * values[at + 1]! + 0.114 * values[at + 2]!;
      expect(Math.abs(luma(turned) - luma(before))).toBeLessThan(2e-3);
    }
    for (const value of turned.subarray(0, 3)) expect(value).toBeCloseTo(0.5, 3);
  });
});

it('writers of each group lean by its angle, and are as many as is asked for', () => {
  const counts = leanings.map((_, group) => group);
  const chosen = Int32Array.from({ length: 21 }, (_, row) => count - 1 - row);
  const { images, labels, groups } = groupedDigits(dataset, chosen, counts, imageSide);
  expect(Array.from(groups)).toEqual(counts.flatMap((number, group) => Array.from({ length: number }, () => group)));
  expect(Array.from(labels)).toEqual(Array.from(chosen, (index) => (index % 10) % 2));
  // The dot is 6.5 right of the centre and 0.5 below it; turned clockwise, it goes down.
  for (let row = 0; row < groups.length; row++) {
    const angle = (Math.PI * leanings[groups[row]!]!) / 180;
    let [light, y, x] = [0, 0, 0];
    for (let at = 0; at < pixelsPerImage; at++) {
      const value = images[row * pixelsPerImage + at]!;
      light += value;
      y += value * (Math.floor(at / imageSide) - 13.5);
      x += value * ((at % imageSide) - 13.5);
    }
    expect(y / light).toBeCloseTo(Math.cos(angle) * 0.5 + Math.sin(angle) * 6.5, 0);
    expect(x / light).toBeCloseTo(Math.cos(angle) * 6.5 - Math.sin(angle) * 0.5, 0);
  }
});

it('MNIST-M is the difference of a digit and a texture, in which most crops differ', () => {
  const { m } = digitDomains(1);
  const images = imagesIn(m, dots(8), [0, 1, 2, 3]);
  const size = 3 * pixelsPerImage;
  const bright = 3 * (14 * imageSide + 20);
  const beside = bright - 3;
  for (let index = 0; index < 4; index++) {
    const [inked, plain] = [images[index * size + bright]!, images[index * size + beside]!];
    expect(inked).toBeGreaterThanOrEqual(0);
    // |texture − 1| beside a texture that changes little from pixel to pixel.
    expect(Math.abs(inked - (1 - plain))).toBeLessThan(0.25);
  }
  expect(images.subarray(0, size)).not.toEqual(images.subarray(size, 2 * size));
});
