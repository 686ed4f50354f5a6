/** The images of the study: what students and teachers are trained on, and every view that they are tested on. */
import * as tf from '@tensorflow/tfjs-core';
import { deriveSeed } from 'dark-knowledge';
import type { Dataset } from '../../examples/mnist/data.ts';
import { jitterColours, trainingJitter } from '../data/colourJitter.ts';
import { colours, inConflict, paintScene, restyled, sceneOf, shifted } from '../data/cuedDigits.ts';
import { type UnseenName, unseenDomains, unseenNames } from '../data/unseenDomains.ts';

/** What a teacher is trained to be invariant to; `plain` to nothing. */
export type Schooling = 'plain' | 'jittered' | 'shifted' | 'restyled';

/** Pixels of 28 that a view is moved by at most. */
export const mostShift = 4;

export interface TestViews {
  readonly plain: tf.Tensor4D;
  readonly jittered: tf.Tensor4D;
  /** Two views, each moved on its own. */
  readonly shifted: readonly [tf.Tensor4D, tf.Tensor4D];
  readonly unseen: Readonly<Record<UnseenName, tf.Tensor4D>>;
  readonly labels: Int32Array;
  /** Of the unseen domain of cue conflict: whose colour and pattern the background has. */
  readonly textureLabels: Int32Array;
}

/** Paints training images; the changes of a schooling are new in every step. */
export function trainingImages(
  dataset: Dataset,
  side: number,
  seed: number,
): (rows: Int32Array, schooling: Schooling, step: number) => tf.Tensor4D {
  // Plain images are the same in every step; painting one takes longer than a small network's step with it.
  const plain: Float32Array[] = [];
  const paint = (index: number, schooling: Schooling, own: number): Float32Array => {
    if (schooling === 'plain' && plain[index] !== undefined) return plain[index];
    const scene = sceneOf(dataset, index, seed);
    if (schooling === 'shifted') return paintScene(dataset, shifted(scene, mostShift, own), side);
    if (schooling === 'restyled') return paintScene(dataset, restyled(scene, own), side);
    const image = paintScene(dataset, scene, side);
    if (schooling === 'jittered') jitterColours(image, trainingJitter, own, index);
    else plain[index] = image;
    return image;
  };
  return (rows, schooling, step) =>
    stacked(
      Array.from(rows, (row) => paint(row, schooling, deriveSeed(seed, step + 1))),
      side,
    );
}

/** Every view of the test images. */
export function testViews(dataset: Dataset, side: number, seed: number): TestViews {
  const scenes = Array.from({ length: dataset.count }, (_, index) => sceneOf(dataset, index, deriveSeed(seed, 0)));
  const view = (paint: (index: number) => Float32Array): tf.Tensor4D =>
    stacked(
      scenes.map((_, at) => paint(at)),
      side,
    );
  const moved = (part: number) =>
    view((at) => paintScene(dataset, shifted(scenes[at]!, mostShift, deriveSeed(seed, part)), side));
  const unseenSeed = deriveSeed(seed, 4);
  const domains = unseenDomains(unseenSeed);
  const unseen = (name: UnseenName) => view((at) => domains[name](dataset, scenes[at]!, side));
  return {
    plain: view((at) => paintScene(dataset, scenes[at]!, side)),
    jittered: view((at) => {
      const image = paintScene(dataset, scenes[at]!, side);
      jitterColours(image, trainingJitter, deriveSeed(seed, 1), at);
      return image;
    }),
    shifted: [moved(2), moved(3)],
    unseen: Object.fromEntries(unseenNames.map((name) => [name, unseen(name)])) as Record<UnseenName, tf.Tensor4D>,
    labels: dataset.labels,
    textureLabels: Int32Array.from(scenes, (scene) => inConflict(scene, dataset, unseenSeed).patternClass),
  };
}

function stacked(images: readonly Float32Array[], side: number): tf.Tensor4D {
  const all = new Float32Array(images.length * side * side * colours);
  images.forEach((image, at) => {
    all.set(image, at * image.length);
  });
  return tf.tensor4d(all, [images.length, side, side, colours]);
}
