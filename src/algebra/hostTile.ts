/** A tile of a matrix product: JavaScript's engines keep its 4 × 4 sums in registers. */

/** `multiplyTiles` of loops.ts. */
export function multiplyTiles(
  a: Float64Array,
  panels: Float64Array,
  depth: number,
  count: number,
  tiles: Float64Array,
): void {
  for (let index = 0; index < count; index++) multiplyTile(a, panels, index * depth * 4, depth, tiles, index * 16);
}

/** The tile that begins at `to`, += A·B for the panel that begins at `from`. */
function multiplyTile(
  a: Float64Array,
  b: Float64Array,
  from: number,
  depth: number,
  tile: Float64Array,
  to: number,
): void {
  let c00 = tile[to]!;
  let c01 = tile[to + 1]!;
  let c02 = tile[to + 2]!;
  let c03 = tile[to + 3]!;
  let c10 = tile[to + 4]!;
  let c11 = tile[to + 5]!;
  let c12 = tile[to + 6]!;
  let c13 = tile[to + 7]!;
  let c20 = tile[to + 8]!;
  let c21 = tile[to + 9]!;
  let c22 = tile[to + 10]!;
  let c23 = tile[to + 11]!;
  let c30 = tile[to + 12]!;
  let c31 = tile[to + 13]!;
  let c32 = tile[to + 14]!;
  let c33 = tile[to + 15]!;
  const end = depth * 4;
  for (let at = 0, other = from; at < end; at += 4, other += 4) {
    const b0 = b[other]!;
    const b1 = b[other + 1]!;
    const b2 = b[other + 2]!;
    const b3 = b[other + 3]!;
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
  tile.set([c00, c01, c02, c03, c10, c11, c12, c13, c20, c21, c22, c23, c30, c31, c32, c33], to);
}
