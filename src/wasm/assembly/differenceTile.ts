import { TILE_ROWS } from './matrixTile';
import { multiplyAdd } from './vector';

// A tile of squared distances: as `multiplyTile`, with the square of a difference in place of each product. The reasons for
// its form are the same; the difference takes the register that the product has there.

/** tile = Σ (a − b)² for panels packed by `packing.ts`: A as [inner][5], B as [inner][8]. */
export function differenceTile(a: usize, b: usize, inner: usize, tile: usize): void {
  const end = b + (inner << 5);
  let b0 = v128.load(b);
  let b1 = v128.load(b, 16);
  let a0 = v128.load32_splat(a);
  let c00 = square(a0, b0);
  let c01 = square(a0, b1);
  let a1 = v128.load32_splat(a, 4);
  let c10 = square(a1, b0);
  let c11 = square(a1, b1);
  let a2 = v128.load32_splat(a, 8);
  let c20 = square(a2, b0);
  let c21 = square(a2, b1);
  let a3 = v128.load32_splat(a, 12);
  let c30 = square(a3, b0);
  let c31 = square(a3, b1);
  let a4 = v128.load32_splat(a, 16);
  let c40 = square(a4, b0);
  let c41 = square(a4, b1);
  a += TILE_ROWS << 2;
  b += 32;
  while (b < end) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    a0 = v128.load32_splat(a);
    c00 = addSquare(a0, b0, c00);
    c01 = addSquare(a0, b1, c01);
    a1 = v128.load32_splat(a, 4);
    c10 = addSquare(a1, b0, c10);
    c11 = addSquare(a1, b1, c11);
    a2 = v128.load32_splat(a, 8);
    c20 = addSquare(a2, b0, c20);
    c21 = addSquare(a2, b1, c21);
    a3 = v128.load32_splat(a, 12);
    c30 = addSquare(a3, b0, c30);
    c31 = addSquare(a3, b1, c31);
    a4 = v128.load32_splat(a, 16);
    c40 = addSquare(a4, b0, c40);
    c41 = addSquare(a4, b1, c41);
    a += TILE_ROWS << 2;
    b += 32;
  }
  v128.store(tile, c00);
  v128.store(tile, c01, 16);
  v128.store(tile, c10, 32);
  v128.store(tile, c11, 48);
  v128.store(tile, c20, 64);
  v128.store(tile, c21, 80);
  v128.store(tile, c30, 96);
  v128.store(tile, c31, 112);
  v128.store(tile, c40, 128);
  v128.store(tile, c41, 144);
}

@inline
function square(a: v128, b: v128): v128 {
  const difference = f32x4.sub(a, b);
  return f32x4.mul(difference, difference);
}

@inline
function addSquare(a: v128, b: v128, sum: v128): v128 {
  const difference = f32x4.sub(a, b);
  return multiplyAdd(difference, difference, sum);
}
