import { highDoubles, loadTail, lowDoubles } from './vector';

// Reductions of [outer, reduced, inner] to [outer, inner]. Sums take eight vectors by pairs in float32, three roundings
// deep, and go on in float64; maxima let NaN through.

/** The sum by pairs of eight vectors, `step` bytes apart. */
@inline
function sumOfEight(x: usize, step: usize): v128 {
  const a = f32x4.add(v128.load(x), v128.load(x + step));
  const b = f32x4.add(v128.load(x + step * 2), v128.load(x + step * 3));
  const c = f32x4.add(v128.load(x + step * 4), v128.load(x + step * 5));
  const d = f32x4.add(v128.load(x + step * 6), v128.load(x + step * 7));
  return f32x4.add(f32x4.add(a, b), f32x4.add(c, d));
}

/** Σ of `count` adjacent floats. */
export function sumRun(x: usize, count: usize): f64 {
  const end = x + (count << 2);
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  for (; x + 128 <= end; x += 128) {
    const eight = sumOfEight(x, 16);
    a = f64x2.add(a, lowDoubles(eight));
    b = f64x2.add(b, highDoubles(eight));
  }
  for (; x + 16 <= end; x += 16) {
    const values = v128.load(x);
    a = f64x2.add(a, lowDoubles(values));
    b = f64x2.add(b, highDoubles(values));
  }
  a = f64x2.add(a, b);
  let total = f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
  for (; x < end; x += 4) total += <f64>load<f32>(x);
  return total;
}

/** Adds rows into `totals`, float64, one for each of `inner` columns. */
function sumColumns(x: usize, reduced: usize, inner: usize, totals: usize): void {
  const rowBytes = inner << 2;
  let row: usize = 0;
  for (; row + 8 <= reduced; row += 8, x += rowBytes << 3) {
    let column: usize = 0;
    for (; column + 4 <= inner; column += 4) {
      addPromoted(totals + (column << 3), sumOfEight(x + (column << 2), rowBytes));
    }
    for (; column < inner; column++) addColumn(x + (column << 2), 8, rowBytes, totals + (column << 3));
  }
  for (let column: usize = 0; column < inner; column++) {
    addColumn(x + (column << 2), reduced - row, rowBytes, totals + (column << 3));
  }
}

@inline
function addPromoted(into: usize, values: v128): void {
  v128.store(into, f64x2.add(v128.load(into), lowDoubles(values)));
  v128.store(into, f64x2.add(v128.load(into, 16), highDoubles(values)), 16);
}

function addColumn(x: usize, rows: usize, rowBytes: usize, into: usize): void {
  let total = load<f64>(into);
  for (; rows > 0; rows--, x += rowBytes) total += <f64>load<f32>(x);
  store<f64>(into, total);
}

/** out = Σ over the middle axis; `scratch` holds `inner` float64 numbers where `inner` > 1. */
export function sum(x: usize, out: usize, outer: usize, reduced: usize, inner: usize, scratch: usize): void {
  if (inner == 1) {
    for (let row: usize = 0; row < outer; row++) {
      store<f32>(out + (row << 2), <f32>sumRun(x + ((row * reduced) << 2), reduced));
    }
    return;
  }
  for (let row: usize = 0; row < outer; row++) {
    memory.fill(scratch, 0, inner << 3);
    sumColumns(x, reduced, inner, scratch);
    for (let column: usize = 0; column < inner; column++) {
      store<f32>(out + (column << 2), <f32>load<f64>(scratch + (column << 3)));
    }
    x += (reduced * inner) << 2;
    out += inner << 2;
  }
}

function maximumRun(x: usize, count: usize): f32 {
  const lowest = f32x4.splat(-Infinity);
  let a = lowest;
  let b = lowest;
  const end = x + (count << 2);
  for (; x + 32 <= end; x += 32) {
    a = f32x4.max(a, v128.load(x));
    b = f32x4.max(b, v128.load(x, 16));
  }
  for (; x + 16 <= end; x += 16) a = f32x4.max(a, v128.load(x));
  if (x < end) b = f32x4.max(b, loadTail(x, (end - x) >> 2, lowest));
  a = f32x4.max(a, b);
  a = f32x4.max(a, v128.shuffle<i64>(a, a, 1, 0));
  return max(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1));
}

/** out = the largest element over the middle axis; NaN where one is NaN, −Infinity where there is none. */
export function maximum(x: usize, out: usize, outer: usize, reduced: usize, inner: usize): void {
  if (inner == 1) {
    for (let row: usize = 0; row < outer; row++) {
      store<f32>(out + (row << 2), maximumRun(x + ((row * reduced) << 2), reduced));
    }
    return;
  }
  const rowBytes = inner << 2;
  for (let row: usize = 0; row < outer; row++, out += rowBytes) {
    for (let column: usize = 0; column < inner; column++) store<f32>(out + (column << 2), -Infinity);
    for (let index: usize = 0; index < reduced; index++, x += rowBytes) {
      let column: usize = 0;
      for (; column + 4 <= inner; column += 4) {
        const at = column << 2;
        v128.store(out + at, f32x4.max(v128.load(out + at), v128.load(x + at)));
      }
      for (; column < inner; column++) {
        const at = column << 2;
        store<f32>(out + at, max(load<f32>(out + at), load<f32>(x + at)));
      }
    }
  }
}

/** The position of the largest of `count` adjacent floats: the first one on ties; NaN wins only in the first place. */
export function positionOfMaximum(x: usize, count: usize): usize {
  let best = v128.load32_splat(x);
  let bestAt = i32x4.splat(0);
  let at = i32x4(0, 1, 2, 3);
  const four = i32x4.splat(4);
  let index: usize = 0;
  for (; index + 4 <= count; index += 4) {
    const values = v128.load(x + (index << 2));
    const better = f32x4.gt(values, best);
    best = v128.bitselect(values, best, better);
    bestAt = v128.bitselect(at, bestAt, better);
    at = i32x4.add(at, four);
  }
  let value = f32x4.extract_lane(best, 0);
  let position = <usize>i32x4.extract_lane(bestAt, 0);
  for (let lane: usize = 1; lane < 4; lane++) {
    best = v128.shuffle<i32>(best, best, 1, 2, 3, 0);
    bestAt = v128.shuffle<i32>(bestAt, bestAt, 1, 2, 3, 0);
    const other = f32x4.extract_lane(best, 0);
    const otherAt = <usize>i32x4.extract_lane(bestAt, 0);
    if (other > value || (other == value && otherAt < position)) {
      value = other;
      position = otherAt;
    }
  }
  for (; index < count; index++) {
    const other = load<f32>(x + (index << 2));
    if (other > value) {
      value = other;
      position = index;
    }
  }
  return position;
}

/** out = the position of the largest element of each row. */
export function argMax(x: usize, out: usize, rows: usize, count: usize): void {
  for (let row: usize = 0; row < rows; row++) {
    store<f32>(out + (row << 2), <f32>positionOfMaximum(x + ((row * count) << 2), count));
  }
}
