/**
 * The algebra: values are made through it, and some come out as others that cost less. Each rule says what it is good for
 * and why it changes no result beyond rounding, NaN and infinities included; a rule that no benchmark asks for goes.
 */
import type { Access } from './access.ts';
import {
  type Algebra,
  accessBySize,
  asScaled,
  type Call,
  hasInverseOfTotal,
  inverse,
  isOfRow,
  joinFactors,
  type Rule,
} from './algebra.ts';
import { canJoin } from './ranges.ts';
import { exponentialOfLogSoftmax, isBelowOwnRow, softmaxPower } from './softmax.ts';
import { differenceSum, oneHotSum, scaledSum } from './sums.ts';
import { isNumber, isSoftmaxExponential, type Value, type ValueOperation, valueTable } from './values.ts';

const elementwiseRules: Partial<Readonly<Record<ValueOperation, readonly Rule[]>>> = {
  multiply: [timesOne, factorsOfRows, factorOverProbabilities],
  divide: [byOne, oneHotByRows, divideByTotal, quotientByRow],
  subtract: [commonFactor, logitsFirst],
  exp: [exponentialOfLogSoftmax, exponentialBelowOne],
};
const sumRules = [oneHotSum, scaledSum, differenceSum];

/** An empty table of values, and the rules over it. */
export function makeAlgebra(): Algebra {
  const table = valueTable();
  const algebra: Algebra = {
    ...table,
    elementwise(operation, operands, access, size) {
      for (const rule of elementwiseRules[operation] ?? []) {
        const made = rule(algebra, { operation, operands, access, size });
        if (made !== undefined) return made;
      }
      return table.make(operation, operands, access, size);
    },
    reduce(operation, x, width) {
      if (width === 1) return x;
      for (const rule of operation === 'sum' ? sumRules : []) {
        const made = rule(algebra, { operation, x, width });
        if (made !== undefined) return made;
      }
      return table.make(operation, [x], ['same'], x.size / width, width);
    },
  };
  return algebra;
}

/** x·1 = x: an upstream gradient of 1 disappears, and with it a product an element. */
function timesOne(_: Algebra, { operands, size }: Call): Value | undefined {
  const [a, b] = operands as readonly [Value, Value];
  if (isNumber(b, 1) && a.size === size) return a;
  return isNumber(a, 1) && b.size === size ? b : undefined;
}

/** x/1 = x. */
function byOne(_: Algebra, { operands, size }: Call): Value | undefined {
  const [a, b] = operands as readonly [Value, Value];
  return isNumber(b, 1) && a.size === size ? a : undefined;
}

/** (x·r)·s = x·(r·s), where r and s are numbers of rows or of all whose product is certain: once a row, not once an element. */
function factorsOfRows(algebra: Algebra, call: Call): Value | undefined {
  const outer = asScaled(call);
  const inner = outer && asScaled(outer.element);
  if (!outer || !inner || !canJoin(inner.element, inner.factor, outer.factor)) return undefined;
  const joined = joinFactors(algebra, outer, inner);
  return joined && algebra.elementwise('multiply', [inner.element, joined.factor], ['same', joined.access], call.size);
}

/** Whether a value is made of probabilities, times a number of the row: a softmax's, or a one-hot row's as a target. */
function isOfProbabilities(value: Value): boolean {
  const scaled = asScaled(value);
  if (scaled) return isSoftmaxExponential(scaled.element) && hasInverseOfTotal(scaled.factor, scaled.element);
  const { operation, operands, access } = value;
  // A target by class has numbers of columns, which no number of the row can be joined with.
  return operation === 'where' && operands[0]!.operation === 'oneHot' && isOfRow(access[1]!) && isOfRow(access[2]!);
}

function isInfinite({ number }: Value): boolean {
  return number === Infinity || number === -Infinity;
}

/**
 * (p − t)·r = p·r − t·r, where p and t are made of probabilities: their row factors absorb r, so that a gradient costs what
 * it costs without one. Both are bounded: only an infinite r, whose product is infinite or NaN, becomes NaN throughout.
 */
function factorOverProbabilities(algebra: Algebra, call: Call): Value | undefined {
  const outer = asScaled(call);
  const difference = outer?.element;
  if (difference?.operation !== 'subtract' || difference.access.some((access) => access !== 'same')) return undefined;
  if (!difference.operands.every(isOfProbabilities) || isInfinite(outer!.factor)) return undefined;
  const { size } = call;
  const sides = difference.operands.map((side) => {
    const scaled = asScaled(side);
    if (scaled !== undefined) {
      if (!canJoin(scaled.element, scaled.factor, outer!.factor)) return undefined;
      return algebra.elementwise('multiply', [side, outer!.factor], ['same', outer!.access], size);
    }
    const parts = [1, 2].map((at) =>
      joinFactors(algebra, { factor: side.operands[at]!, access: side.access[at]! }, outer!),
    );
    const [then, otherwise] = parts;
    if (!then || !otherwise) return undefined;
    const values = [side.operands[0]!, then.factor, otherwise.factor];
    return algebra.elementwise('where', values, ['same', then.access, otherwise.access], size);
  });
  const [first, second] = sides;
  return first && second && algebra.make('subtract', [first, second], ['same', 'same'], size);
}

/** oneHot/r: two quotients a row and a choice, in place of a division an element. */
function oneHotByRows(algebra: Algebra, { operands, access, size }: Call): Value | undefined {
  const [a, b] = operands as readonly [Value, Value];
  const how = access[1]!;
  if (a.operation !== 'oneHot' || a.size !== size || !isOfRow(how)) return undefined;
  const quotient = (number: number): Value =>
    algebra.make('divide', [algebra.constant(number), b], [accessBySize(1, b.size), 'same'], b.size);
  return algebra.make('where', [a, quotient(1), quotient(0)], ['same', how, how], size);
}

/** Whether a value is x less the larger of x and something: at most 0, or NaN. */
function isBelowEither({ operation, operands, access }: Value): boolean {
  const [x, most] = operands as readonly [Value, Value];
  if (operation !== 'subtract' || most.operation !== 'maximum') return false;
  return most.operands.some((side, at) => side === x && most.access[at] === 'same' && access[1] === access[0]);
}

/** Whether a value is 0 − |x| or c·|x| with a negative constant c: at most 0, or NaN. */
function isBelowZero(value: Value): boolean {
  const scaled = asScaled(value);
  if (scaled) return scaled.factor.sign < 0 && scaled.element.operation === 'abs';
  const [zero, size] = value.operands as readonly [Value, Value];
  return value.operation === 'subtract' && isNumber(zero, 0) && size.operation === 'abs';
}

/**
 * e^x of x ≤ 0, or of c·x with a positive constant c: at most 1, so that a short exponential serves. Of a row less its
 * maximum it is a softmax's: what counts there is near 0, and a power of 2 will do.
 */
function exponentialBelowOne(algebra: Algebra, { operands }: Call): Value | undefined {
  const [x] = operands as readonly [Value];
  const scaled = asScaled(x);
  const element = scaled !== undefined && scaled.factor.sign > 0 ? scaled.element : x;
  if (isBelowOwnRow(element)) return softmaxPower(algebra, x);
  return isBelowEither(element) || isBelowZero(x) ? algebra.make('fallingExp', [x], ['same'], x.size) : undefined;
}

/** e/Σe = e·(1/Σe) in a softmax: a quotient a row in place of one an element. The total is at least 1, or NaN. */
function divideByTotal(algebra: Algebra, { operands, access, size }: Call): Value | undefined {
  const [e, total] = operands as readonly [Value, Value];
  if (!isSoftmaxExponential(e) || total.operation !== 'sum' || total.operands[0] !== e) return undefined;
  return algebra.make('multiply', [e, inverse(algebra, total)], ['same', access[1]!], size);
}

/** Whether 1/x is a normal number, 0, ±Infinity where x is 0, or NaN: of what is at least 1, and of roots. */
function hasInverse({ operation, operands }: Value): boolean {
  if (operation === 'maximum') return operands.some(({ number }) => number !== undefined && number >= 1);
  return operation === 'sqrt';
}

/** x/r = x·(1/r) for a number of a row that has an inverse: a quotient a row in place of one an element. */
function quotientByRow(algebra: Algebra, { operands, access, size }: Call): Value | undefined {
  const [x, r] = operands as readonly [Value, Value];
  if (x.size !== size || r.size === size || access[1] === 'column' || !hasInverse(r)) return undefined;
  return algebra.elementwise('multiply', [x, inverse(algebra, r)], [access[0]!, access[1]!], size);
}

/** a·c − b·c = (a − b)·c for a constant c that is finite and not 0: of temperatures, where the sides' logits meet. */
function commonFactor(algebra: Algebra, { operands, access, size }: Call): Value | undefined {
  if (access[0] !== 'same' || access[1] !== 'same') return undefined;
  const [a, b] = operands.map(asScaled);
  if (!a || !b || a.factor !== b.factor || a.factor.sign === 0) return undefined;
  const difference = algebra.elementwise('subtract', [a.element, b.element], ['same', 'same'], size);
  return algebra.elementwise('multiply', [difference, a.factor], ['same', a.access], size);
}

/** An element less the logarithm of a total of its row. */
function lessLogTotal({ operation, operands, access, size }: Value) {
  const [element, log] = operands as readonly [Value, Value];
  if (operation !== 'subtract' || access[0] !== 'same' || access[1] === 'column') return undefined;
  if (log.operation !== 'log' || log.operands[0]!.operation !== 'sum' || log.size === size) return undefined;
  return { element, log, access: access[1] as Access };
}

/**
 * (a − log A) − (b − log B) = (a − b) − (log A − log B), where both logarithms are those of rows: of nearly equal sides the
 * difference keeps its digits, and the row's part is computed once. The logarithms are finite, or NaN with their whole row.
 */
function logitsFirst(algebra: Algebra, { operands, access, size }: Call): Value | undefined {
  if (access[0] !== 'same' || access[1] !== 'same') return undefined;
  const [a, b] = operands.map(lessLogTotal);
  if (!a || !b || a.access !== b.access || a.log.size !== b.log.size) return undefined;
  const difference = algebra.elementwise('subtract', [a.element, b.element], ['same', 'same'], size);
  const logs = algebra.make('subtract', [a.log, b.log], ['same', 'same'], a.log.size);
  return algebra.make('subtract', [difference, logs], ['same', a.access], size);
}
