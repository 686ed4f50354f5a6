/** A tile of a matrix product: JavaScript's engines keep its 4 × 4 sums in registers. */

/** tile += A·B, for panels [depth, 4] of A's columns and B's rows. */
export function multiplyTile(a: Float64Array, b: Float64Array, depth: number, tile: Float64Array): void {
  let c00 = tile[0]!;
  let c01 = tile[1]!;
  let c02 = tile[2]!;
  let c03 = tile[3]!;
  let c10 = tile[4]!;
  let c11 = tile[5]!;
  let c12 = tile[6]!;
  let c13 = tile[7]!;
  let c20 = tile[8]!;
  let c21 = tile[9]!;
  let c22 = tile[10]!;
  let c23 = tile[11]!;
  let c30 = tile[12]!;
  let c31 = tile[13]!;
  let c32 = tile[14]!;
  let c33 = tile[15]!;
  const end = depth * 4;
  for (let at = 0; at < end; at += 4) {
    const b0 = b[at]!;
    const b1 = b[at + 1]!;
    const b2 = b[at + 2]!;
    const b3 = b[at + 3]!;
    const a0 = a[at]!;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    const a1 = a[at + 1]!;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    const a2 = a[at + 2]!;
    c20 += a2 * b0;
    c21 += a2 * b1;
    c22 += a2 * b2;
    c23 += a2 * b3;
    const a3 = a[at + 3]!;
    c30 += a3 * b0;
    c31 += a3 * b1;
    c32 += a3 * b2;
    c33 += a3 * b3;
  }
  tile.set([c00, c01, c02, c03, c10, c11, c12, c13, c20, c21, c22, c23, c30, c31, c32, c33]);
}
