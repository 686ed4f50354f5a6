import { multiplyAdd } from './vector';

// The heart of the matrix product: a tile of results in registers, fed from packed panels. Of sixteen vector registers the
// engine keeps one; two hold B, one A and one the product: that leaves ten for 5 × 8 results. (Fused multiply-add has no
// product to keep; 6 × 8 results were no faster there.)
//
// The first step stands before the loop, and not for its zeros: engines add the offset of a splat to memory's address
// anew in each step (four instructions of 38), unless they have needed the sum before the loop. On V8 the loop of 5 × 8
// runs at 85 % of what multiplications and additions alone reach, where it was 74 %.
//
// The tile always goes to the same small buffer. With a choice of destinations after the loop V8's register allocation
// spills inside it, and half the speed is gone; so it is with two steps a turn.

/** Rows of a tile. */
export const TILE_ROWS: usize = 5;
/** Columns of a tile. */
export const TILE_COLUMNS: usize = 8;

/** Rows of a tile, for who splits a product: parts of whole tiles waste nothing. */
export function matrixTileRows(): usize {
  return TILE_ROWS;
}

/** tile = A·B for panels packed by `packing.ts`: A as [inner][5], B as [inner][8]; inner is at least 1. */
export function multiplyTile(a: usize, b: usize, inner: usize, tile: usize): void {
  const end = b + (inner << 5);
  let b0 = v128.load(b);
  let b1 = v128.load(b, 16);
  let a0 = v128.load32_splat(a);
  let c00 = f32x4.mul(a0, b0);
  let c01 = f32x4.mul(a0, b1);
  let a1 = v128.load32_splat(a, 4);
  let c10 = f32x4.mul(a1, b0);
  let c11 = f32x4.mul(a1, b1);
  let a2 = v128.load32_splat(a, 8);
  let c20 = f32x4.mul(a2, b0);
  let c21 = f32x4.mul(a2, b1);
  let a3 = v128.load32_splat(a, 12);
  let c30 = f32x4.mul(a3, b0);
  let c31 = f32x4.mul(a3, b1);
  let a4 = v128.load32_splat(a, 16);
  let c40 = f32x4.mul(a4, b0);
  let c41 = f32x4.mul(a4, b1);
  a += TILE_ROWS << 2;
  b += 32;
  while (b < end) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    a0 = v128.load32_splat(a);
    c00 = multiplyAdd(a0, b0, c00);
    c01 = multiplyAdd(a0, b1, c01);
    a1 = v128.load32_splat(a, 4);
    c10 = multiplyAdd(a1, b0, c10);
    c11 = multiplyAdd(a1, b1, c11);
    a2 = v128.load32_splat(a, 8);
    c20 = multiplyAdd(a2, b0, c20);
    c21 = multiplyAdd(a2, b1, c21);
    a3 = v128.load32_splat(a, 12);
    c30 = multiplyAdd(a3, b0, c30);
    c31 = multiplyAdd(a3, b1, c31);
    a4 = v128.load32_splat(a, 16);
    c40 = multiplyAdd(a4, b0, c40);
    c41 = multiplyAdd(a4, b1, c41);
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

/**
 * Brings the used part of a tile into the result: in place of what is there, added to it, or added in float64.
 *
 * @param rowBytes Bytes between rows of the result.
 */
export function placeTile(
  tile: usize,
  rows: usize,
  columns: usize,
  into: usize,
  rowBytes: usize,
  add: bool,
  wide: bool,
): void {
  for (let row: usize = 0; row < rows; row++, tile += TILE_COLUMNS << 2, into += rowBytes) {
    if (!wide && columns == TILE_COLUMNS) {
      const first = v128.load(tile);
      const second = v128.load(tile, 16);
      v128.store(into, add ? f32x4.add(v128.load(into), first) : first);
      v128.store(into, add ? f32x4.add(v128.load(into, 16), second) : second, 16);
      continue;
    }
    if (wide && columns == TILE_COLUMNS) {
      for (let part: usize = 0; part < 32; part += 8) {
        const value = f64x2.promote_low_f32x4(v128.load64_zero(tile + part));
        const at = into + (part << 1);
        v128.store(at, add ? f64x2.add(v128.load(at), value) : value);
      }
      continue;
    }
    for (let column: usize = 0; column < columns; column++) {
      const value = load<f32>(tile + (column << 2));
      if (wide) {
        const at = into + (column << 3);
        store<f64>(at, add ? load<f64>(at) + <f64>value : <f64>value);
      } else {
        const at = into + (column << 2);
        store<f32>(at, add ? load<f32>(at) + value : value);
      }
    }
  }
}
