import { laneSum } from './laneSum';

/** `reflectRows` of src/algebra/loops.ts, two columns at a time. */
export function reflectRows(
  matrix: usize,
  stride: usize,
  count: usize,
  direction: usize,
  width: usize,
  factor: f64,
): void {
  const rowBytes = stride << 3;
  const whole = (width & ~1) << 3;
  const end = width << 3;
  let row: usize = 0;
  for (; row + 4 <= count; row += 4) {
    const a = matrix + row * rowBytes;
    const b = a + rowBytes;
    const c = b + rowBytes;
    const d = c + rowBytes;
    let sumA = f64x2.splat(0);
    let sumB = f64x2.splat(0);
    let sumC = f64x2.splat(0);
    let sumD = f64x2.splat(0);
    for (let index: usize = 0; index < whole; index += 16) {
      const along = v128.load(direction + index);
      sumA = f64x2.add(sumA, f64x2.mul(v128.load(a + index), along));
      sumB = f64x2.add(sumB, f64x2.mul(v128.load(b + index), along));
      sumC = f64x2.add(sumC, f64x2.mul(v128.load(c + index), along));
      sumD = f64x2.add(sumD, f64x2.mul(v128.load(d + index), along));
    }
    let shareA = laneSum(sumA);
    let shareB = laneSum(sumB);
    let shareC = laneSum(sumC);
    let shareD = laneSum(sumD);
    if (whole < end) {
      const along = load<f64>(direction + whole);
      shareA += along * load<f64>(a + whole);
      shareB += along * load<f64>(b + whole);
      shareC += along * load<f64>(c + whole);
      shareD += along * load<f64>(d + whole);
    }
    shareA *= factor;
    shareB *= factor;
    shareC *= factor;
    shareD *= factor;
    sumA = f64x2.splat(shareA);
    sumB = f64x2.splat(shareB);
    sumC = f64x2.splat(shareC);
    sumD = f64x2.splat(shareD);
    for (let index: usize = 0; index < whole; index += 16) {
      const along = v128.load(direction + index);
      v128.store(a + index, f64x2.sub(v128.load(a + index), f64x2.mul(sumA, along)));
      v128.store(b + index, f64x2.sub(v128.load(b + index), f64x2.mul(sumB, along)));
      v128.store(c + index, f64x2.sub(v128.load(c + index), f64x2.mul(sumC, along)));
      v128.store(d + index, f64x2.sub(v128.load(d + index), f64x2.mul(sumD, along)));
    }
    if (whole < end) {
      const along = load<f64>(direction + whole);
      store<f64>(a + whole, load<f64>(a + whole) - shareA * along);
      store<f64>(b + whole, load<f64>(b + whole) - shareB * along);
      store<f64>(c + whole, load<f64>(c + whole) - shareC * along);
      store<f64>(d + whole, load<f64>(d + whole) - shareD * along);
    }
  }
  for (; row < count; row++) {
    const a = matrix + row * rowBytes;
    let sum: f64 = 0;
    for (let index: usize = 0; index < end; index += 8) sum += load<f64>(direction + index) * load<f64>(a + index);
    sum *= factor;
    for (let index: usize = 0; index < end; index += 8) {
      store<f64>(a + index, load<f64>(a + index) - sum * load<f64>(direction + index));
    }
  }
}
