import { laneSum } from './laneSum';

/** `multiplyUpdated` of src/algebra/loops.ts, two columns at a time. */
export function multiplyUpdated(
  matrix: usize,
  size: usize,
  count: usize,
  v: usize,
  w: usize,
  direction: usize,
  product: usize,
): void {
  const rowBytes = size << 3;
  const paired = count & ~1;
  for (let row: usize = 0; row < paired; row += 2) {
    const upper = matrix + row * rowBytes;
    const lower = upper + rowBytes;
    const at = row << 3;
    const v0 = f64x2.splat(load<f64>(v + at));
    const w0 = f64x2.splat(load<f64>(w + at));
    const d0 = f64x2.splat(load<f64>(direction + at));
    const v1 = f64x2.splat(load<f64>(v + at, 8));
    const w1 = f64x2.splat(load<f64>(w + at, 8));
    const d1 = f64x2.splat(load<f64>(direction + at, 8));
    let sum0 = f64x2.splat(0);
    let sum1 = f64x2.splat(0);
    for (let column: usize = 0; column < at; column += 16) {
      const vc = v128.load(v + column);
      const wc = v128.load(w + column);
      const dc = v128.load(direction + column);
      const a = f64x2.sub(f64x2.sub(v128.load(upper + column), f64x2.mul(v0, wc)), f64x2.mul(w0, vc));
      v128.store(upper + column, a);
      const b = f64x2.sub(f64x2.sub(v128.load(lower + column), f64x2.mul(v1, wc)), f64x2.mul(w1, vc));
      v128.store(lower + column, b);
      sum0 = f64x2.add(sum0, f64x2.mul(a, dc));
      sum1 = f64x2.add(sum1, f64x2.mul(b, dc));
      const into = product + column;
      v128.store(into, f64x2.add(v128.load(into), f64x2.add(f64x2.mul(a, d0), f64x2.mul(b, d1))));
    }
    finishPair(upper + at, lower + at, v + at, w + at, direction + at, product + at, laneSum(sum0), laneSum(sum1));
  }
  if (paired < count) lastRow(matrix + paired * rowBytes, paired << 3, v, w, direction, product);
}

/** The corner of 2 × 2 on the diagonal, whose lower triangle alone counts. */
function finishPair(
  upper: usize,
  lower: usize,
  v: usize,
  w: usize,
  direction: usize,
  product: usize,
  sum0: f64,
  sum1: f64,
): void {
  const v0 = load<f64>(v);
  const w0 = load<f64>(w);
  const v1 = load<f64>(v, 8);
  const w1 = load<f64>(w, 8);
  const corner = load<f64>(upper) - 2 * v0 * w0;
  const side = load<f64>(lower) - v1 * w0 - w1 * v0;
  const last = load<f64>(lower, 8) - 2 * v1 * w1;
  store<f64>(upper, corner);
  store<f64>(lower, side);
  store<f64>(lower, last, 8);
  const d0 = load<f64>(direction);
  const d1 = load<f64>(direction, 8);
  store<f64>(product, load<f64>(product) + sum0 + corner * d0 + side * d1);
  store<f64>(product, load<f64>(product, 8) + sum1 + side * d0 + last * d1, 8);
}

function lastRow(row: usize, at: usize, v: usize, w: usize, direction: usize, product: usize): void {
  const ownV = load<f64>(v + at);
  const ownW = load<f64>(w + at);
  const own = load<f64>(direction + at);
  let sum: f64 = 0;
  for (let column: usize = 0; column < at; column += 8) {
    const a = load<f64>(row + column) - ownV * load<f64>(w + column) - ownW * load<f64>(v + column);
    store<f64>(row + column, a);
    sum += a * load<f64>(direction + column);
    store<f64>(product + column, load<f64>(product + column) + a * own);
  }
  const corner = load<f64>(row + at) - 2 * ownV * ownW;
  store<f64>(row + at, corner);
  store<f64>(product + at, load<f64>(product + at) + sum + corner * own);
}
