/**
 * Digits as nobody was trained on them, after the five domains of Geirhos and others (2021) for ImageNet: sketch, stylised,
 * edges, silhouette, and cue conflict.
 */
import { deriveSeed, randomNormal } from 'dark-knowledge';
import type { Dataset } from '../../examples/mnist/data.ts';
import { colours, digitOf, inConflict, paintScene, restyled, type Scene } from './cuedDigits.ts';

export const unseenNames = ['sketch', 'stylised', 'edges', 'silhouette', 'cue conflict'] as const;
export type UnseenName = (typeof unseenNames)[number];

/** Paints a scene as the domain has it, [side, side, 3]. */
export type UnseenDomain = (dataset: Dataset, scene: Scene, side: number) => Float32Array;

export function unseenDomains(seed: number): Readonly<Record<UnseenName, UnseenDomain>> {
  return {
    sketch: (dataset, scene, side) => sketched(digitOf(dataset, scene, side), side, deriveSeed(seed, scene.index)),
    stylised: (dataset, scene, side) => paintScene(dataset, restyled(scene, seed), side),
    edges: (dataset, scene, side) => {
      const lines = slopes(brightnessOf(paintScene(dataset, scene, side)), side);
      return inGrey(lines.map((slope) => Math.max(0, 1 - 2 * slope)));
    },
    silhouette: (dataset, scene, side) => inGrey(digitOf(dataset, scene, side).map((ink) => 1 - ink)),
    'cue conflict': (dataset, scene, side) => paintScene(dataset, inConflict(scene, dataset, seed), side),
  };
}

/** The outline of the shape in grey, on paper that is not quite white. */
function sketched(digit: Float32Array, side: number, seed: number): Float32Array {
  const outline = slopes(digit, side);
  return inGrey(
    outline.map((slope, at) => Math.min(1, Math.max(0, 0.9 - 1.4 * slope + 0.05 * randomNormal(seed, at)))),
  );
}

/** The length of the gradient by central differences; beyond the sides all is as at them. */
function slopes(grey: Float32Array, side: number): Float32Array {
  const at = (row: number, column: number): number => {
    const [inRow, inColumn] = [Math.min(side - 1, Math.max(0, row)), Math.min(side - 1, Math.max(0, column))];
    return grey[inRow * side + inColumn]!;
  };
  return grey.map((_, place) => {
    const [row, column] = [Math.floor(place / side), place % side];
    return Math.hypot(at(row + 1, column) - at(row - 1, column), at(row, column + 1) - at(row, column - 1)) / 2;
  });
}

function brightnessOf(image: Float32Array): Float32Array {
  return Float32Array.from({ length: image.length / colours }, (_, place) => {
    const at = place * colours;
    return (image[at]! + image[at + 1]! + image[at + 2]!) / 3;
  });
}

function inGrey(grey: Float32Array): Float32Array {
  return Float32Array.from({ length: grey.length * colours }, (_, at) => grey[Math.floor(at / colours)]!);
}
