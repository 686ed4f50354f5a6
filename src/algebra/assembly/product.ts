/** `multiplyTiles` of src/algebra/loops.ts. */
export function multiplyTiles(a: usize, panels: usize, depth: usize, count: usize, tiles: usize): void {
  for (const end = tiles + (count << 7); tiles < end; tiles += 128, panels += depth << 5) {
    multiplyTile(a, panels, depth, tiles);
  }
}

/** 4 × 4 results in eight registers. */
function multiplyTile(a: usize, b: usize, depth: usize, tile: usize): void {
  const end = b + (depth << 5);
  // The first step stands before the loop: engines then keep the addresses of the splats.
  let b0 = v128.load(b);
  let b1 = v128.load(b, 16);
  let row = v128.load64_splat(a);
  let c00 = f64x2.add(f64x2.mul(row, b0), v128.load(tile));
  let c01 = f64x2.add(f64x2.mul(row, b1), v128.load(tile, 16));
  row = v128.load64_splat(a, 8);
  let c10 = f64x2.add(f64x2.mul(row, b0), v128.load(tile, 32));
  let c11 = f64x2.add(f64x2.mul(row, b1), v128.load(tile, 48));
  row = v128.load64_splat(a, 16);
  let c20 = f64x2.add(f64x2.mul(row, b0), v128.load(tile, 64));
  let c21 = f64x2.add(f64x2.mul(row, b1), v128.load(tile, 80));
  row = v128.load64_splat(a, 24);
  let c30 = f64x2.add(f64x2.mul(row, b0), v128.load(tile, 96));
  let c31 = f64x2.add(f64x2.mul(row, b1), v128.load(tile, 112));
  a += 32;
  b += 32;
  while (b < end) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    row = v128.load64_splat(a);
    c00 = f64x2.add(f64x2.mul(row, b0), c00);
    c01 = f64x2.add(f64x2.mul(row, b1), c01);
    row = v128.load64_splat(a, 8);
    c10 = f64x2.add(f64x2.mul(row, b0), c10);
    c11 = f64x2.add(f64x2.mul(row, b1), c11);
    row = v128.load64_splat(a, 16);
    c20 = f64x2.add(f64x2.mul(row, b0), c20);
    c21 = f64x2.add(f64x2.mul(row, b1), c21);
    row = v128.load64_splat(a, 24);
    c30 = f64x2.add(f64x2.mul(row, b0), c30);
    c31 = f64x2.add(f64x2.mul(row, b1), c31);
    a += 32;
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
}
