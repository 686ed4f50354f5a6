/** One case of a figure: what is no result is refused. */
import * as figures from 'dark-knowledge/figures';
import type { Dice } from './dice.ts';
import { oddValue } from './spoil.ts';
import { claimFramed } from './truths.ts';

type Figure = (...given: readonly unknown[]) => unknown;

/** The figures by name: every function of the entry. */
export const figureNames: readonly string[] = Object.keys(figures);

/** Runs a case; throws a finding. */
export function figureCase(dice: Dice): void {
  const name = dice.pick(figureNames);
  const odd = oddValue(dice);
  const given = dice.pick([[odd], [{ a: odd }], [[odd]], [{ value: odd, models: odd, points: odd }], [{}, odd]]);
  try {
    (figures as unknown as Readonly<Record<string, Figure>>)[name]!(...given);
  } catch (error) {
    claimFramed(error, [name]);
  }
}
