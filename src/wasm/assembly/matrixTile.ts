import { multiplyAdd } from './vector';

// The heart of the matrix product: a tile of 5 × 8 results in ten registers, fed from packed panels. Sixteen vector
// registers leave room for two of B, one of A, a product, and the engine's scratch register: 6 × 8 spills without fused
// multiply-add (29 Gflop/s where this reaches 41), and gains 4 % with it.
//
// The tile always goes to the same small buffer. With a choice of destinations after the loop V8's register allocation
// spills inside it, and half the speed is gone.

/** Rows of a tile. */
export const TILE_ROWS: usize = 5;
/** Columns of a tile. */
export const TILE_COLUMNS: usize = 8;

/** tile = A·B for panels packed by `packing.ts`: A as [inner][5], B as [inner][8]. */
export function multiplyTile(a: usize, b: usize, inner: usize, tile: usize): void {
  const zero = f32x4.splat(0);
  let c00 = zero;
  let c01 = zero;
  let c10 = zero;
  let c11 = zero;
  let c20 = zero;
  let c21 = zero;
  let c30 = zero;
  let c31 = zero;
  let c40 = zero;
  let c41 = zero;
  const end = b + (inner << 5);
  while (b < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    c00 = multiplyAdd(a0, b0, c00);
    c01 = multiplyAdd(a0, b1, c01);
    const a1 = v128.load32_splat(a, 4);
    c10 = multiplyAdd(a1, b0, c10);
    c11 = multiplyAdd(a1, b1, c11);
    const a2 = v128.load32_splat(a, 8);
    c20 = multiplyAdd(a2, b0, c20);
    c21 = multiplyAdd(a2, b1, c21);
    const a3 = v128.load32_splat(a, 12);
    c30 = multiplyAdd(a3, b0, c30);
    c31 = multiplyAdd(a3, b1, c31);
    const a4 = v128.load32_splat(a, 16);
    c40 = multiplyAdd(a4, b0, c40);
    c41 = multiplyAdd(a4, b1, c41);
    a += 20;
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
