/**
 * The Guttman transform: each point goes to the mean of where its pairs would have it, at the target distance along the line
 * between the two. It is the minimum of the quadratic that touches the stress from above. Coincident points do not push
 * each other. The loops run over pairs in typed arrays and allocate nothing.
 */

/**
 * Writes the transform of centred points to `moved`.
 *
 * @param x Axis by axis, [dimensions, size].
 * @param targets Of the pairs (0, 1), (0, 2), …, (1, 2), ….
 */
export function guttmanTransform(
  x: Float64Array,
  size: number,
  dimensions: number,
  targets: Float64Array,
  moved: Float64Array,
): void {
  moved.fill(0);
  if (dimensions === 2) {
    inThePlane(x.subarray(0, size), x.subarray(size), targets, moved.subarray(0, size), moved.subarray(size));
  } else inAnyDimensions(x, size, dimensions, targets, moved);
  for (let at = 0; at < moved.length; at++) moved[at]! /= size;
}

/** Two points against all later ones at a time: one update of a later point for two pairs is a quarter faster. */
function inThePlane(
  x: Float64Array,
  y: Float64Array,
  targets: Float64Array,
  movedX: Float64Array,
  movedY: Float64Array,
): void {
  const size = x.length;
  let first = 0;
  for (let i = 0; i + 1 < size; i += 2) {
    const [aX, aY, bX, bY] = [x[i]!, y[i]!, x[i + 1]!, y[i + 1]!];
    const own = pull(targets[first]!, (aX - bX) ** 2 + (aY - bY) ** 2);
    let sumAX = own * (aX - bX);
    let sumAY = own * (aY - bY);
    let sumBX = -sumAX;
    let sumBY = -sumAY;
    // Pairs (i, i + 2), … and (i + 1, i + 2), ….
    let pairA = first + 1;
    let pairB = first + size - i - 1;
    for (let j = i + 2; j < size; j++, pairA++, pairB++) {
      const differenceAX = aX - x[j]!;
      const differenceAY = aY - y[j]!;
      const differenceBX = bX - x[j]!;
      const differenceBY = bY - y[j]!;
      const ratioA = pull(targets[pairA]!, differenceAX * differenceAX + differenceAY * differenceAY);
      const ratioB = pull(targets[pairB]!, differenceBX * differenceBX + differenceBY * differenceBY);
      const stepAX = ratioA * differenceAX;
      const stepAY = ratioA * differenceAY;
      const stepBX = ratioB * differenceBX;
      const stepBY = ratioB * differenceBY;
      sumAX += stepAX;
      sumAY += stepAY;
      sumBX += stepBX;
      sumBY += stepBY;
      movedX[j]! -= stepAX + stepBX;
      movedY[j]! -= stepAY + stepBY;
    }
    movedX[i]! += sumAX;
    movedY[i]! += sumAY;
    movedX[i + 1]! += sumBX;
    movedY[i + 1]! += sumBY;
    first = pairB;
  }
}

/** What a pair's difference is multiplied by to reach the target distance; 0 for coincident points. */
function pull(target: number, square: number): number {
  return square > 0 ? target / Math.sqrt(square) : 0;
}

function inAnyDimensions(
  x: Float64Array,
  size: number,
  dimensions: number,
  targets: Float64Array,
  moved: Float64Array,
): void {
  const extent = dimensions * size;
  let pair = 0;
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++, pair++) {
      const square = squaredDistance(x, size, i, j);
      const ratio = pull(targets[pair]!, square);
      for (let axis = 0; axis < extent; axis += size) {
        const step = ratio * (x[axis + i]! - x[axis + j]!);
        moved[axis + i]! += step;
        moved[axis + j]! -= step;
      }
    }
  }
}

function squaredDistance(x: Float64Array, size: number, i: number, j: number): number {
  let square = 0;
  for (let axis = 0; axis < x.length; axis += size) square += (x[axis + i]! - x[axis + j]!) ** 2;
  return square;
}

/** Writes the distances of all pairs of the points `x`, [dimensions, size]. */
export function measureDistances(x: Float64Array, size: number, distances: Float64Array): void {
  distances.fill(0);
  for (let axis = 0; axis < x.length; axis += size) {
    let pair = 0;
    for (let i = axis; i < axis + size; i++) {
      const own = x[i]!;
      for (let j = i + 1; j < axis + size; j++, pair++) distances[pair]! += (own - x[j]!) ** 2;
    }
  }
  for (let pair = 0; pair < distances.length; pair++) distances[pair] = Math.sqrt(distances[pair]!);
}
