import { laneSum } from './laneSum';

/** `gatherUpdated` of src/algebra/loops.ts, two columns at a time. */
export function gatherUpdated(
  matrix: usize,
  stride: usize,
  rows: usize,
  columns: usize,
  left: usize,
  across: usize,
  down: usize,
  right: usize,
  direction: usize,
  product: usize,
): void {
  const rowBytes = stride << 3;
  const whole = (columns & ~1) << 3;
  let row: usize = 0;
  for (; row + 2 <= rows; row += 2) {
    const upper = matrix + row * rowBytes;
    const lower = upper + rowBytes;
    const at = row << 3;
    const left0 = v128.load64_splat(left + at);
    const down0 = v128.load64_splat(down + at);
    const along0 = v128.load64_splat(direction + at);
    const left1 = v128.load64_splat(left + at, 8);
    const down1 = v128.load64_splat(down + at, 8);
    const along1 = v128.load64_splat(direction + at, 8);
    for (let column: usize = 0; column < whole; column += 16) {
      const x = v128.load(across + column);
      const y = v128.load(right + column);
      const a = f64x2.sub(f64x2.sub(v128.load(upper + column), f64x2.mul(left0, x)), f64x2.mul(down0, y));
      v128.store(upper + column, a);
      const b = f64x2.sub(f64x2.sub(v128.load(lower + column), f64x2.mul(left1, x)), f64x2.mul(down1, y));
      v128.store(lower + column, b);
      const into = product + column;
      v128.store(into, f64x2.add(v128.load(into), f64x2.add(f64x2.mul(a, along0), f64x2.mul(b, along1))));
    }
    if (whole < columns << 3) {
      updateOne(upper + whole, left + at, down + at, direction + at, across + whole, right + whole, product + whole);
      updateOne(lower + whole, left + at + 8, down + at + 8, direction + at + 8, across + whole, right + whole, product + whole);
    }
  }
  if (row < rows) {
    const from = matrix + row * rowBytes;
    const at = row << 3;
    for (let column: usize = 0; column < columns << 3; column += 8) {
      updateOne(from + column, left + at, down + at, direction + at, across + column, right + column, product + column);
    }
  }
}

@inline
function updateOne(
  element: usize,
  left: usize,
  down: usize,
  direction: usize,
  across: usize,
  right: usize,
  product: usize,
): void {
  const a = load<f64>(element) - load<f64>(left) * load<f64>(across) - load<f64>(down) * load<f64>(right);
  store<f64>(element, a);
  store<f64>(product, load<f64>(product) + a * load<f64>(direction));
}

/** `multiplyRows` of src/algebra/loops.ts, two columns at a time. */
export function multiplyRows(
  matrix: usize,
  stride: usize,
  rows: usize,
  columns: usize,
  direction: usize,
  out: usize,
): void {
  const rowBytes = stride << 3;
  const whole = (columns & ~1) << 3;
  let row: usize = 0;
  for (; row + 4 <= rows; row += 4, out += 32) {
    const a = matrix + row * rowBytes;
    const b = a + rowBytes;
    const c = b + rowBytes;
    const d = c + rowBytes;
    let sumA = f64x2.splat(0);
    let sumB = f64x2.splat(0);
    let sumC = f64x2.splat(0);
    let sumD = f64x2.splat(0);
    for (let column: usize = 0; column < whole; column += 16) {
      const along = v128.load(direction + column);
      sumA = f64x2.add(sumA, f64x2.mul(v128.load(a + column), along));
      sumB = f64x2.add(sumB, f64x2.mul(v128.load(b + column), along));
      sumC = f64x2.add(sumC, f64x2.mul(v128.load(c + column), along));
      sumD = f64x2.add(sumD, f64x2.mul(v128.load(d + column), along));
    }
    const last: f64 = whole < columns << 3 ? load<f64>(direction + whole) : 0;
    const rest = whole < columns << 3 ? whole : whole - 8;
    store<f64>(out, laneSum(sumA) + last * load<f64>(a + rest));
    store<f64>(out, laneSum(sumB) + last * load<f64>(b + rest), 8);
    store<f64>(out, laneSum(sumC) + last * load<f64>(c + rest), 16);
    store<f64>(out, laneSum(sumD) + last * load<f64>(d + rest), 24);
  }
  for (; row < rows; row++, out += 8) {
    const from = matrix + row * rowBytes;
    let sum: f64 = 0;
    for (let column: usize = 0; column < columns << 3; column += 8) {
      sum += load<f64>(from + column) * load<f64>(direction + column);
    }
    store<f64>(out, sum);
  }
}
