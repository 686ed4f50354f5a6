/** The references of `test/fixtures/catalogue` as cases of the loss suite. */
import { readFileSync } from 'node:fs';
import type { NestedArray, TensorLike } from 'dark-knowledge';
import type { LossCase } from '../support/lossSuite.ts';

interface CatalogueCase {
  readonly title: string;
  readonly options: object;
  readonly inputs: Readonly<Record<string, NestedArray>>;
  readonly value: number | readonly number[];
  readonly gradients: Readonly<Record<string, NestedArray>>;
  readonly smooth?: boolean;
}

/** JSON has no NaN and no infinities: there they are texts. */
const special: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity, '-Infinity': -Infinity };

const revived = (_: string, value: unknown): unknown => (typeof value === 'string' ? (special[value] ?? value) : value);

/** The references of one loss; `replaced` gives, by title, what stands in place of a reference that is wrong. */
export function catalogueCases(
  name: string,
  make: (options: never) => unknown,
  replaced: Readonly<Record<string, { readonly gradients: Readonly<Record<string, TensorLike>> }>> = {},
): readonly LossCase[] {
  const file = new URL(`../fixtures/catalogue/${name}.json`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(file, 'utf8'), revived) as {
    readonly cases: readonly CatalogueCase[];
  };
  return cases.map(({ title, options, inputs, value, gradients, smooth = true }) => ({
    title: `PyTorch, ${title}${Object.keys(options).length > 0 ? ` ${JSON.stringify(options)}` : ''}`,
    loss: make(options as never),
    inputs,
    value: Array.isArray(value) ? value.flat(9) : value,
    gradients,
    smooth,
    ...replaced[title],
  }));
}

/** One row whose value and gradient under most losses on logits are known to nine decimals. */
export const pocketRow = { studentLogits: [[1, 2, 0]], teacherLogits: [[0, 3, 1]] };

/** A case with a value (and a gradient) known to nine decimals. */
export function pocketCase(
  loss: unknown,
  value: number,
  gradient?: readonly number[],
  inputs: LossCase['inputs'] = pocketRow,
): LossCase {
  const gradients = gradient === undefined ? {} : { gradients: { studentLogits: [gradient] } };
  return { title: 'one row, by hand in float64', loss, inputs, value, ...gradients, tolerance: 1e-9 };
}
