import { exponential } from './exponential';
import { logarithm } from './logarithm';
import { offset0, offset1, offset2, resetOffsets, step } from './odometer';
import { loadTail, storeTail } from './vector';

// Element-wise operations with broadcasting. The host merges axes and describes what is left as one inner run, in which
// each operand advances by 1 or stays (stride 0), inside outer axes with byte strides for each operand. Same shape,
// scalar, row vector and column vector are then all a single loop of runs.

// In the order that src/wasm/elementwise.ts names them.
const ADD: u32 = 0;
const SUBTRACT: u32 = 1;
const MULTIPLY: u32 = 2;
const DIVIDE: u32 = 3;
const MAXIMUM: u32 = 4;

const EXPONENTIAL: u32 = 0;
const LOGARITHM: u32 = 1;
const SQUARE_ROOT: u32 = 2;

@inline
function combine(operation: u32, a: v128, b: v128): v128 {
  if (operation == ADD) return f32x4.add(a, b);
  if (operation == SUBTRACT) return f32x4.sub(a, b);
  if (operation == MULTIPLY) return f32x4.mul(a, b);
  if (operation == DIVIDE) return f32x4.div(a, b);
  if (operation == MAXIMUM) return f32x4.max(a, b);
  return v128.and(f32x4.gt(a, b), f32x4.splat(1));
}

/** One run; a constant `operation` leaves one loop of it. The choices by stride are the same all through a run. */
@inline
function binaryRun(operation: u32, a: usize, b: usize, out: usize, count: usize, aMoves: bool, bMoves: bool): void {
  const fixedA = v128.load32_splat(a);
  const fixedB = v128.load32_splat(b);
  const end = out + (count << 2);
  while (out + 16 <= end) {
    v128.store(out, combine(operation, aMoves ? v128.load(a) : fixedA, bMoves ? v128.load(b) : fixedB));
    out += 16;
    a += 16;
    b += 16;
  }
  if (out < end) {
    const left = (end - out) >> 2;
    const tailA = aMoves ? loadTail(a, left, fixedA) : fixedA;
    const tailB = bMoves ? loadTail(b, left, fixedB) : fixedB;
    storeTail(out, left, combine(operation, tailA, tailB));
  }
}

function binaryRunOf(operation: u32, a: usize, b: usize, out: usize, count: usize, aMoves: bool, bMoves: bool): void {
  switch (operation) {
    case ADD:
      return binaryRun(ADD, a, b, out, count, aMoves, bMoves);
    case SUBTRACT:
      return binaryRun(SUBTRACT, a, b, out, count, aMoves, bMoves);
    case MULTIPLY:
      return binaryRun(MULTIPLY, a, b, out, count, aMoves, bMoves);
    case DIVIDE:
      return binaryRun(DIVIDE, a, b, out, count, aMoves, bMoves);
    case MAXIMUM:
      return binaryRun(MAXIMUM, a, b, out, count, aMoves, bMoves);
    default:
      return binaryRun(MAXIMUM + 1, a, b, out, count, aMoves, bMoves);
  }
}

function whereRun(
  condition: usize,
  a: usize,
  b: usize,
  out: usize,
  count: usize,
  conditionMoves: bool,
  aMoves: bool,
  bMoves: bool,
): void {
  const zero = f32x4.splat(0);
  const fixedCondition = v128.load32_splat(condition);
  const fixedA = v128.load32_splat(a);
  const fixedB = v128.load32_splat(b);
  for (let index: usize = 0; index < count; index += 4) {
    const left = count - index;
    const whole = left >= 4;
    const c = !conditionMoves ? fixedCondition : whole ? v128.load(condition) : loadTail(condition, left, zero);
    const valueA = !aMoves ? fixedA : whole ? v128.load(a) : loadTail(a, left, zero);
    const valueB = !bMoves ? fixedB : whole ? v128.load(b) : loadTail(b, left, zero);
    // A NaN condition is not 0.
    const result = v128.bitselect(valueA, valueB, f32x4.ne(c, zero));
    if (whole) v128.store(out, result);
    else storeTail(out, left, result);
    condition += 16;
    a += 16;
    b += 16;
    out += 16;
  }
}

/** out = a ∘ b under a broadcasting plan. */
export function binary(
  operation: u32,
  a: usize,
  b: usize,
  out: usize,
  inner: usize,
  aMoves: bool,
  bMoves: bool,
  plan: usize,
  axes: usize,
): void {
  resetOffsets();
  do {
    binaryRunOf(operation, a + offset0, b + offset1, out, inner, aMoves, bMoves);
    out += inner << 2;
  } while (step(plan, axes));
}

/** out = a where the condition is not 0, else b. */
export function where(
  condition: usize,
  a: usize,
  b: usize,
  out: usize,
  inner: usize,
  conditionMoves: bool,
  aMoves: bool,
  bMoves: bool,
  plan: usize,
  axes: usize,
): void {
  resetOffsets();
  do {
    whereRun(condition + offset0, a + offset1, b + offset2, out, inner, conditionMoves, aMoves, bMoves);
    out += inner << 2;
  } while (step(plan, axes));
}

@inline
function transform(operation: u32, x: v128): v128 {
  if (operation == EXPONENTIAL) return exponential(x);
  if (operation == LOGARITHM) return logarithm(x);
  if (operation == SQUARE_ROOT) return f32x4.sqrt(x);
  return f32x4.abs(x);
}

@inline
function unaryRun(operation: u32, x: usize, out: usize, count: usize): void {
  const end = out + (count << 2);
  for (; out < end; out += 16, x += 16) {
    const left = (end - out) >> 2;
    const result = transform(operation, left >= 4 ? v128.load(x) : loadTail(x, left, f32x4.splat(0)));
    if (left >= 4) v128.store(out, result);
    else storeTail(out, left, result);
  }
}

/** out = f(x), element by element. */
export function unary(operation: u32, x: usize, out: usize, count: usize): void {
  switch (operation) {
    case EXPONENTIAL:
      return unaryRun(EXPONENTIAL, x, out, count);
    case LOGARITHM:
      return unaryRun(LOGARITHM, x, out, count);
    case SQUARE_ROOT:
      return unaryRun(SQUARE_ROOT, x, out, count);
    default:
      return unaryRun(SQUARE_ROOT + 1, x, out, count);
  }
}
