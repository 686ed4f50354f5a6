/**
 * The maximum and the sum of a softmax in one walk. Whoever meets a larger logit brings the sum so far to the new maximum;
 * a device that reads rows from memory, and keeps nothing of them, saves a walk.
 */
import { isBelowOwnRow } from './softmax.ts';
import type { Stage } from './stages.ts';
import { forEachOperand, isSoftmaxExponential, type Value } from './values.ts';

/** A maximum, and the sum of exponentials below it. */
export interface Softmax {
  /** The largest of `logits` in each row. */
  readonly most: Value;
  /** Σ of the exponential of (logits − most), times `factor` where there is one. */
  readonly total: Value;
  readonly logits: Value;
  /** A number greater than 0. */
  readonly factor: Value | undefined;
}

/** A stage, and the softmaxes whose maximum and sum it finds together; neither of them is among its `reductions`. */
export interface WalkedStage extends Stage {
  readonly softmaxes: readonly Softmax[];
}

/** The stages of a phase, each two of which make one where the second is there for the sums of softmaxes alone. */
export function joinWalks(stages: readonly Stage[]): readonly WalkedStage[] {
  const walked: WalkedStage[] = [];
  for (let at = 0; at < stages.length; at++) {
    const [stage, second, third] = [stages[at]!, stages[at + 1], stages[at + 2]];
    const joined = second && joinTwo(stage, second, third);
    if (joined === undefined) {
      walked.push({ ...stage, softmaxes: [] });
      continue;
    }
    walked.push(joined.stage);
    if (joined.put.length > 0)
      walked.push({ ...third!, reductions: [...third!.reductions, ...joined.put], softmaxes: [] });
    at += joined.put.length > 0 ? 2 : 1;
  }
  return walked;
}

/** The first two of three stages as one; `put` is what the second one puts off to the third. */
function joinTwo(
  first: Stage,
  second: Stage,
  third: Stage | undefined,
): { readonly stage: WalkedStage; readonly put: readonly Value[] } | undefined {
  if (second.stores.length + second.columnReductions.length > 0) return undefined;
  const softmaxes = second.reductions.map(softmaxOf).filter((softmax) => softmax !== undefined);
  const found = softmaxes.filter(({ most }) => first.reductions.includes(most));
  if (found.length === 0) return undefined;
  const totals = new Set(found.map(({ total }) => total));
  const put = second.reductions.filter((value) => !totals.has(value));
  if (put.length > 0 && (third === undefined || put.some((value) => isNeededIn(third, value)))) return undefined;
  const maxima = new Set(found.map(({ most }) => most));
  const reductions = first.reductions.filter((value) => !maxima.has(value));
  return { stage: { ...first, reductions, softmaxes: found }, put };
}

/** A sum as that of a softmax: of e^x or 2^x, where x is what the logits lack to their maximum, times positive numbers. */
function softmaxOf(total: Value): Softmax | undefined {
  const [exponential] = total.operands as readonly [Value];
  if (total.operation !== 'sum' || total.form !== 'row' || !isSoftmaxExponential(exponential)) return undefined;
  const [x] = exponential.operands as readonly [Value];
  const factor = x.operation === 'multiply' && x.access[1] === 'single' ? x.operands[1]! : undefined;
  if (factor !== undefined && !isPositive(factor)) return undefined;
  const difference = factor === undefined ? x : x.operands[0]!;
  if (!isBelowOwnRow(difference)) return undefined;
  const [logits, most] = difference.operands as readonly [Value, Value];
  return most.form === 'row' ? { most, total, logits, factor } : undefined;
}

/** Whether a number is certain to be finite and greater than 0. */
function isPositive({ operation, operands, sign }: Value): boolean {
  return sign > 0 || (operation === 'multiply' && operands.every(isPositive));
}

/** Whether a stage's elements depend on a reduction. */
function isNeededIn({ stores, reductions, columnReductions }: Stage, value: Value): boolean {
  const seen = new Set<Value>();
  const reaches = (from: Value): boolean => {
    if (from === value) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    let found = false;
    forEachOperand(from, (operand) => {
      found ||= reaches(operand);
    });
    return found;
  };
  return [...stores, ...[...reductions, ...columnReductions].map(({ operands }) => operands[0]!)].some(reaches);
}
