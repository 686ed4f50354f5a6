/** `rotateDown` of src/algebra/loops.ts, two columns at a time. */
export function rotateDown(
  rows: usize,
  width: usize,
  cosines: usize,
  sines: usize,
  first: usize,
  end: usize,
): void {
  const rowBytes = width << 3;
  let row = first;
  for (; row + 1 < end; row += 2) {
    const from = rows + row * rowBytes;
    const c = load<f64>(cosines + (row << 3));
    const s = load<f64>(sines + (row << 3));
    const nextC = load<f64>(cosines + (row << 3), 8);
    const nextS = load<f64>(sines + (row << 3), 8);
    turnThree(from, from + rowBytes, from + 2 * rowBytes, rowBytes, c, s, nextC, nextS);
  }
  if (row < end) {
    const from = rows + row * rowBytes;
    turnTwo(from, from + rowBytes, rowBytes, load<f64>(cosines + (row << 3)), load<f64>(sines + (row << 3)));
  }
}

/** `rotateUp` of src/algebra/loops.ts, two columns at a time. */
export function rotateUp(
  rows: usize,
  width: usize,
  cosines: usize,
  sines: usize,
  first: usize,
  end: usize,
): void {
  const rowBytes = width << 3;
  let left = end - first;
  for (; left > 1; left -= 2) {
    const row = first + left - 1;
    const from = rows + row * rowBytes;
    const before = (row - 1) << 3;
    const c = load<f64>(cosines + before, 8);
    const s = -load<f64>(sines + before, 8);
    const nextC = load<f64>(cosines + before);
    const nextS = -load<f64>(sines + before);
    turnThree(from + rowBytes, from, from - rowBytes, rowBytes, c, s, nextC, nextS);
  }
  if (left == 1) {
    const from = rows + first * rowBytes;
    turnTwo(from, from + rowBytes, rowBytes, load<f64>(cosines + (first << 3)), load<f64>(sines + (first << 3)));
  }
}

function turnTwo(first: usize, second: usize, bytes: usize, c: f64, s: f64): void {
  const whole = bytes & ~15;
  const cc = f64x2.splat(c);
  const ss = f64x2.splat(s);
  for (let at: usize = 0; at < whole; at += 16) {
    const a = v128.load(first + at);
    const b = v128.load(second + at);
    v128.store(first + at, f64x2.add(f64x2.mul(cc, a), f64x2.mul(ss, b)));
    v128.store(second + at, f64x2.sub(f64x2.mul(cc, b), f64x2.mul(ss, a)));
  }
  if (whole == bytes) return;
  const a = load<f64>(first + whole);
  const b = load<f64>(second + whole);
  store<f64>(first + whole, c * a + s * b);
  store<f64>(second + whole, c * b - s * a);
}

function turnThree(
  first: usize,
  second: usize,
  third: usize,
  bytes: usize,
  c: f64,
  s: f64,
  nextC: f64,
  nextS: f64,
): void {
  const whole = bytes & ~15;
  const cc = f64x2.splat(c);
  const ss = f64x2.splat(s);
  const nextCC = f64x2.splat(nextC);
  const nextSS = f64x2.splat(nextS);
  for (let at: usize = 0; at < whole; at += 16) {
    const a = v128.load(first + at);
    const b = v128.load(second + at);
    const d = v128.load(third + at);
    const turned = f64x2.sub(f64x2.mul(cc, b), f64x2.mul(ss, a));
    v128.store(first + at, f64x2.add(f64x2.mul(cc, a), f64x2.mul(ss, b)));
    v128.store(second + at, f64x2.add(f64x2.mul(nextCC, turned), f64x2.mul(nextSS, d)));
    v128.store(third + at, f64x2.sub(f64x2.mul(nextCC, d), f64x2.mul(nextSS, turned)));
  }
  if (whole == bytes) return;
  const a = load<f64>(first + whole);
  const b = load<f64>(second + whole);
  const d = load<f64>(third + whole);
  const turned = c * b - s * a;
  store<f64>(first + whole, c * a + s * b);
  store<f64>(second + whole, nextC * turned + nextS * d);
  store<f64>(third + whole, nextC * d - nextS * turned);
}
