/** The softmax: what `logSoftmax` is made of, and how the exponential of it is found again. */
import type { Access } from './access.ts';
import { type Algebra, accessBySize, asScaled, type Call, inverse, isOfRow } from './algebra.ts';
import { isSoftmaxExponential, type Value } from './values.ts';

/** Whether a value is x less the largest of its row, or of all: at most 0, or NaN. Less that of its column it may be anything. */
export function isBelowOwnRow({ operation, operands, access }: Value): boolean {
  const [x, most] = operands as readonly [Value, Value];
  if (operation !== 'subtract' || access[0] !== 'same' || !isOfRow(access[1]!) || most.operands[0] !== x) return false;
  return most.operation === 'max' || most.operation === 'quietMax';
}

/** e^x for x ≤ 0 as a power of 2: short, and good where x is not large. */
export function softmaxPower(algebra: Algebra, x: Value): Value {
  const access: readonly Access[] = ['same', accessBySize(1, x.size)];
  const scaled = algebra.elementwise('multiply', [x, algebra.constant(Math.LOG2E)], access, x.size);
  return algebra.make('power', [scaled], ['same'], x.size);
}

/** x − max − log Σ e^(x − max) along rows of a width. NaNs are passed over by the maximum: they surface in the sum. */
export function logSoftmaxOf(algebra: Algebra, x: Value, width: number): Value {
  // Of c·x with c > 0 the maximum of x will do: the product is then taken of a difference, once.
  const scaled = asScaled(x);
  const factor = scaled?.access === 'single' && scaled.factor.sign > 0 ? scaled.factor : undefined;
  const logits = factor === undefined ? x : scaled!.element;
  const most = algebra.reduce('quietMax', logits, width);
  const toRow: Access = width === 1 ? 'same' : most.size === 1 ? 'single' : 'row';
  const difference = algebra.make('subtract', [logits, most], ['same', toRow], x.size);
  const shifted =
    factor === undefined
      ? difference
      : algebra.elementwise('multiply', [difference, factor], ['same', 'single'], x.size);
  const total = algebra.reduce('sum', softmaxPower(algebra, shifted), width);
  const logTotal = algebra.make('log', [total], ['same'], total.size);
  return algebra.make('subtract', [shifted, logTotal], ['same', toRow], x.size);
}

/** Whether Σ of a softmax's exponentials is at least 1, or NaN: what is 1 in them is in each row that is added up. */
export function isAtLeastOne({ size, operands }: Value): boolean {
  let [x] = operands[0]!.operands as readonly [Value];
  for (let scaled = asScaled(x); scaled !== undefined; scaled = asScaled(x)) x = scaled.element;
  return x.operands[1]?.size === size;
}

/**
 * exp(x − log Σ e^x) = e^x/Σ e^x: the exponentials are there already, and nothing is lost to a logarithm and back. Of a total
 * that may be 0, as less the largest of all rows, the quotient is NaN where the exponential of an infinity is one.
 */
export function exponentialOfLogSoftmax(algebra: Algebra, { operands, size }: Call): Value | undefined {
  const [a] = operands as readonly [Value];
  if (a.operation !== 'subtract' || a.access[0] !== 'same') return undefined;
  const [shifted, log] = a.operands as readonly [Value, Value];
  const total = log.operation === 'log' ? log.operands[0]! : undefined;
  if (total?.operation !== 'sum' || !isSoftmaxExponential(total.operands[0]!)) return undefined;
  const [exponential] = total.operands as readonly [Value];
  if (softmaxPower(algebra, shifted) !== exponential || !isAtLeastOne(total)) return undefined;
  return algebra.make('multiply', [exponential, inverse(algebra, total)], ['same', a.access[1]!], size);
}
