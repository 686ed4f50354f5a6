/** The loops in TypeScript: what they compute, and what runs where WebAssembly does not. */

import { rotateDown, rotateUp } from './hostRotations.ts';
import { multiplyTiles } from './hostTile.ts';
import type { Loops, Room } from './loops.ts';

// Rows in pairs or fours: each number of the vectors beside them is then loaded once for all.

const multiplyUpdated: Loops['multiplyUpdated'] = (matrix, size, count, v, w, direction, product) => {
  const paired = count & ~1;
  for (let row = 0; row < paired; row += 2) {
    const upper = row * size;
    const lower = upper + size;
    const [v0, w0, direction0] = [v[row]!, w[row]!, direction[row]!];
    const [v1, w1, direction1] = [v[row + 1]!, w[row + 1]!, direction[row + 1]!];
    let sum0 = 0;
    let sum1 = 0;
    for (let column = 0; column < row; column++) {
      const a = matrix[upper + column]! - v0 * w[column]! - w0 * v[column]!;
      const b = matrix[lower + column]! - v1 * w[column]! - w1 * v[column]!;
      matrix[upper + column] = a;
      matrix[lower + column] = b;
      sum0 += a * direction[column]!;
      sum1 += b * direction[column]!;
      product[column]! += a * direction0 + b * direction1;
    }
    const corner = matrix[upper + row]! - 2 * v0 * w0;
    const side = matrix[lower + row]! - v1 * w0 - w1 * v0;
    const last = matrix[lower + row + 1]! - 2 * v1 * w1;
    matrix[upper + row] = corner;
    matrix[lower + row] = side;
    matrix[lower + row + 1] = last;
    product[row]! += sum0 + corner * direction0 + side * direction1;
    product[row + 1]! += sum1 + side * direction0 + last * direction1;
  }
  if (paired === count) return;
  const start = paired * size;
  const [ownV, ownW, own] = [v[paired]!, w[paired]!, direction[paired]!];
  let sum = 0;
  for (let column = 0; column < paired; column++) {
    const a = matrix[start + column]! - ownV * w[column]! - ownW * v[column]!;
    matrix[start + column] = a;
    sum += a * direction[column]!;
    product[column]! += a * own;
  }
  const corner = matrix[start + paired]! - 2 * ownV * ownW;
  matrix[start + paired] = corner;
  product[paired]! += sum + corner * own;
};

const gatherUpdated: Loops['gatherUpdated'] = (
  matrix,
  stride,
  rows,
  columns,
  left,
  across,
  down,
  right,
  direction,
  product,
) => {
  let row = 0;
  for (; row + 2 <= rows; row += 2) {
    const upper = row * stride;
    const lower = upper + stride;
    const [left0, down0, along0] = [left[row]!, down[row]!, direction[row]!];
    const [left1, down1, along1] = [left[row + 1]!, down[row + 1]!, direction[row + 1]!];
    for (let column = 0; column < columns; column++) {
      const a = matrix[upper + column]! - left0 * across[column]! - down0 * right[column]!;
      const b = matrix[lower + column]! - left1 * across[column]! - down1 * right[column]!;
      matrix[upper + column] = a;
      matrix[lower + column] = b;
      product[column]! += a * along0 + b * along1;
    }
  }
  for (; row < rows; row++) {
    const start = row * stride;
    for (let column = 0; column < columns; column++) {
      const a = matrix[start + column]! - left[row]! * across[column]! - down[row]! * right[column]!;
      matrix[start + column] = a;
      product[column]! += a * direction[row]!;
    }
  }
};

const multiplyRows: Loops['multiplyRows'] = (matrix, stride, rows, columns, direction, out) => {
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    const a = row * stride;
    const [b, c, d] = [a + stride, a + 2 * stride, a + 3 * stride];
    let [sumA, sumB, sumC, sumD] = [0, 0, 0, 0];
    for (let column = 0; column < columns; column++) {
      const along = direction[column]!;
      sumA += matrix[a + column]! * along;
      sumB += matrix[b + column]! * along;
      sumC += matrix[c + column]! * along;
      sumD += matrix[d + column]! * along;
    }
    out[row] = sumA;
    out[row + 1] = sumB;
    out[row + 2] = sumC;
    out[row + 3] = sumD;
  }
  for (; row < rows; row++) {
    let sum = 0;
    for (let column = 0; column < columns; column++) sum += matrix[row * stride + column]! * direction[column]!;
    out[row] = sum;
  }
};

const reflectRows: Loops['reflectRows'] = (matrix, stride, count, direction, width, factor) => {
  let row = 0;
  for (; row + 4 <= count; row += 4) {
    const a = row * stride;
    const [b, c, d] = [a + stride, a + 2 * stride, a + 3 * stride];
    let [sumA, sumB, sumC, sumD] = [0, 0, 0, 0];
    for (let index = 0; index < width; index++) {
      const along = direction[index]!;
      sumA += along * matrix[a + index]!;
      sumB += along * matrix[b + index]!;
      sumC += along * matrix[c + index]!;
      sumD += along * matrix[d + index]!;
    }
    sumA *= factor;
    sumB *= factor;
    sumC *= factor;
    sumD *= factor;
    for (let index = 0; index < width; index++) {
      const along = direction[index]!;
      matrix[a + index]! -= sumA * along;
      matrix[b + index]! -= sumB * along;
      matrix[c + index]! -= sumC * along;
      matrix[d + index]! -= sumD * along;
    }
  }
  for (; row < count; row++) {
    const a = row * stride;
    let sum = 0;
    for (let index = 0; index < width; index++) sum += direction[index]! * matrix[a + index]!;
    sum *= factor;
    for (let index = 0; index < width; index++) matrix[a + index]! -= sum * direction[index]!;
  }
};

/** Arrays of the engine, and loops in TypeScript. */
export const hostRoom: Room = {
  loops: { multiplyUpdated, gatherUpdated, multiplyRows, reflectRows, rotateDown, rotateUp, multiplyTiles },
  array: (size) => new Float64Array(size),
};
