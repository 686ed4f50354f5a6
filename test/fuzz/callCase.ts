/** One case of a function: right arguments give a result without NaN, wrong ones a refusal in the library's form. */
import type { Call } from './callSubjects.ts';
import type { Dice } from './dice.ts';
import { largeValue, oddValue, spoilBatch } from './spoil.ts';
import { claimFramed, claimNoNaN, Finding } from './truths.ts';

/** Runs a case; throws a finding, or its promise rejects. */
export async function callCase(
  dice: Dice,
  name: string,
  { of, given, names = [], mayBeNaN = false, fixed = [] }: Call,
): Promise<void> {
  const own = [name, name.split('.')[0]!, ...names];
  const right = dice.chance(0.3);
  const places = given.map((_, index) => index).filter((index) => !fixed.includes(index));
  if (!right && places.length === 0) return;
  const spoilt = right ? given : spoil(dice, given, dice.pick(places));
  try {
    const result = await (of as (...all: readonly unknown[]) => unknown)(...spoilt);
    if (!mayBeNaN && right) claimNoNaN(result, name);
  } catch (error) {
    if (error instanceof Finding) throw error;
    // What does not fit by chance (a constant, too few rows) is refused as well.
    claimFramed(error, own);
  }
}

function spoil(dice: Dice, given: readonly unknown[], at: number): readonly unknown[] {
  const value = given[at];
  // A loss or a metric is what its factory returns: one with a member missing is no mistake that people make.
  const isMade = typeof value === 'object' && value !== null && ('forward' in value || 'finish' in value);
  const isRecord =
    !isMade && typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
  const wrong = isRecord && dice.chance(0.7) ? spoilBatch(dice, value as Record<string, unknown>) : oddValue(dice);
  return given.map((one, index) => (index === at ? wrong : one));
}

/** Options of a factory, wrong in a random way: it takes them or refuses them, and says what would be right. */
export function optionCase(
  dice: Dice,
  name: string,
  make: (options: unknown) => unknown,
  known: readonly string[],
): void {
  const option = dice.pick([...known, 'other']);
  const near = dice.chance(0.1) ? option.slice(0, -1) : option;
  const options = dice.chance(0.1) ? oddValue(dice) : { [near]: dice.chance(0.1) ? largeValue(dice) : oddValue(dice) };
  try {
    make(options);
  } catch (error) {
    claimFramed(error, [name]);
  }
}
