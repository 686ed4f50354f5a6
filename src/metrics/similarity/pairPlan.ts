/** Which sets of activations are compared with which, and under what names their statistics stand in one flat record. */
import type { HostStatistic, HostStatistics } from '../../metricState.ts';
import type { PairForm } from './pairSimilarity.ts';

/** A set of activations: the input that holds it, and its statistics' prefix. */
export interface PlannedSet {
  readonly input: string;
  readonly key: string;
}

/** Two sets that are related, once. */
export interface PlannedPair {
  readonly x: PlannedSet;
  readonly y: PlannedSet;
  readonly key: string;
}

/** A cell of the matrix: a pair, as it is or with x and y exchanged. */
export interface PlannedCell {
  readonly pair: PlannedPair;
  readonly mirrored: boolean;
}

/** Every set of `x` with every set of `y`. */
export interface PairPlan {
  /** Each set once. */
  readonly sets: readonly PlannedSet[];
  /** Each pair of sets once, in either order. */
  readonly pairs: readonly PlannedPair[];
  readonly cells: readonly (readonly PlannedCell[])[];
}

/** The plan. A set that stands on both sides is represented once, and two sets that meet twice are related once. */
export function planPairs(x: readonly string[], y: readonly string[]): PairPlan {
  const sets = new Map<string, PlannedSet>();
  const enlist = (side: 'x' | 'y', inputs: readonly string[]): void =>
    inputs.forEach((input, index) => {
      if (!sets.has(input)) sets.set(input, { input, key: `${side}${index}.` });
    });
  enlist('x', x);
  enlist('y', y);
  const pairs = new Map<string, PlannedPair>();
  const cells = x.map((first, row) =>
    y.map((second, column): PlannedCell => {
      const [one, other] = [sets.get(first)!, sets.get(second)!];
      const reversed = pairs.get(other.key + one.key);
      if (reversed !== undefined) return { pair: reversed, mirrored: one !== other };
      const pair = { x: one, y: other, key: `x${row}y${column}.` };
      pairs.set(one.key + other.key, pair);
      return { pair, mirrored: false };
    }),
  );
  return { sets: [...sets.values()], pairs: [...pairs.values()], cells };
}

/** The pairs whose statistics are computed and kept: what follows from a set's own is neither. */
export function relatedPairs({ ofItself }: Pick<PairForm, 'ofItself'>, { pairs }: PairPlan): readonly PlannedPair[] {
  return ofItself === undefined ? pairs : pairs.filter(({ x, y }) => x !== y);
}

/** A record's entries under names that begin with a key. */
export function prefixed<Value>(key: string, record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [key + name, value]));
}

/** The flat record's statistics by key. */
export function grouped(statistics: HostStatistics<string>): (key: string) => HostStatistics<string> {
  const groups: Record<string, Record<string, HostStatistic>> = {};
  for (const [name, value] of Object.entries(statistics)) {
    const end = name.indexOf('.') + 1;
    const key = name.slice(0, end);
    groups[key] ??= {};
    groups[key][name.slice(end)] = value;
  }
  return (key) => groups[key] ?? {};
}
