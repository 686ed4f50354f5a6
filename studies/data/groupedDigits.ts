/**
 * Digits of seven groups of writers, to be told odd from even: as FairFace's faces of seven races are to be told by gender. A
 * group's digits lean by an angle of its own. Six lean alike, so that what is learnt of some serves the others; the third group
 * leans far to the side, and must be seen to be known.
 */
import { type Dataset, imageSide, pixelsPerImage } from '../../examples/mnist/data.ts';

/** Degrees by which each group leans, clockwise. */
export const leanings: readonly number[] = [-15, -9, 35, -3, 3, 9, 15];
export const groupCount: number = leanings.length;
/** The group that the teacher does not see, from 0. */
export const unseenGroup = 2;

/** Table 10: images of each group that students and teacher are trained on. */
export const composition = {
  students: [600, 50, 2000, 200, 0, 200, 800],
  teacher: [4000, 4000, 0, 4000, 4000, 4000, 4000],
} as const;

/** Images [count, side, side, 1] with pixels in [0, 1]. */
export interface GroupedDigits {
  readonly images: Float32Array;
  /** 1 for odd digits. */
  readonly labels: Int32Array;
  readonly groups: Int32Array;
  readonly count: number;
}

/** The chosen samples, the first `counts[0]` of them in the first group, and so on; `side` divides 28. */
export function groupedDigits(
  dataset: Dataset,
  chosen: Int32Array,
  counts: readonly number[],
  side: number,
): GroupedDigits {
  const groups = Int32Array.from(counts.flatMap((count, group) => Array.from({ length: count }, () => group)));
  const images = new Float32Array(groups.length * side * side);
  groups.forEach((group, row) => {
    paintLeaning(
      dataset,
      chosen[row]!,
      leanings[group]!,
      side,
      images.subarray(row * side * side, (row + 1) * side * side),
    );
  });
  const labels = groups.map((_, row) => dataset.labels[chosen[row]!]! % 2);
  return { images, labels, groups, count: groups.length };
}

/** Turned about the centre, bilinear; each pixel is the mean of those of 28 that it covers. */
function paintLeaning(dataset: Dataset, index: number, degrees: number, side: number, target: Float32Array): void {
  const angle = (Math.PI * degrees) / 180;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const centre = (imageSide - 1) / 2;
  const scale = imageSide / side;
  const pixel = (row: number, column: number): number =>
    row < 0 || column < 0 || row >= imageSide || column >= imageSide
      ? 0
      : dataset.images[index * pixelsPerImage + row * imageSide + column]!;
  for (let row = 0; row < imageSide; row++) {
    for (let column = 0; column < imageSide; column++) {
      const [y, x] = [row - centre, column - centre];
      const [fromRow, fromColumn] = [centre + cosine * y - sine * x, centre + sine * y + cosine * x];
      const [top, left] = [Math.floor(fromRow), Math.floor(fromColumn)];
      const [v, u] = [fromRow - top, fromColumn - left];
      const above = pixel(top, left) * (1 - u) + pixel(top, left + 1) * u;
      const below = pixel(top + 1, left) * (1 - u) + pixel(top + 1, left + 1) * u;
      const value = above * (1 - v) + below * v;
      target[Math.floor(row / scale) * side + Math.floor(column / scale)]! += value / scale ** 2;
    }
  }
}
