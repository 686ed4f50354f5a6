/** The state of a plan's statistics: what it looks like in each form, and how two parts of a stream become one. */
import { rangeError } from '../../check.ts';
import {
  addStatistics,
  countOf,
  type HostStatistic,
  type HostStatistics,
  type StateForm,
  scalarStatistic,
} from '../../metricState.ts';
import { grouped, type PairPlan, type PlannedPair, type PlannedSet, prefixed, relatedPairs } from './pairPlan.ts';
import type { PairForm, PairSimilarity, PairStatistics, SetStatistics } from './pairSimilarity.ts';

/** What the state of a form looks like: extents go by the names of the inputs. */
export function stateFormOf(form: PairForm, plan: PairPlan, keeps = false): StateForm<string> {
  const state: Record<string, StateForm<string>[string]> = { samples: countOf() };
  for (const { input, key } of plan.sets) {
    const named = { features: `features of ${input}` };
    state[`${key}factor`] = countOf();
    if (keeps) state[`${key}kept`] = { shape: [null, named.features], kind: 'number' };
    for (const [name, { shape, kind = 'number' }] of Object.entries(form.sets)) {
      state[key + name] = { shape: shape.map((extent) => nameOf(extent, named)), kind };
    }
  }
  for (const { key, x, y } of relatedPairs(form, plan)) {
    const named = { 'features of x': `features of ${x.input}`, 'features of y': `features of ${y.input}` };
    for (const [name, { shape, kind = 'number' }] of Object.entries(form.pairs)) {
      state[key + name] = { shape: shape.map((extent) => nameOf(extent, named)), kind };
    }
  }
  return state;
}

function nameOf<Extent extends number | string | null>(
  extent: Extent,
  names: Readonly<Record<string, string>>,
): Extent | string {
  return typeof extent === 'string' ? (names[extent] ?? extent) : extent;
}

/** A state's form: each has statistics that no other has. */
export function formOf<Settings>(
  { forms }: Pick<PairSimilarity<unknown, Settings>, 'forms'>,
  plan: PairPlan,
  statistics: HostStatistics<string>,
): PairForm<Settings> {
  const names = new Set(Object.keys(statistics));
  const [set] = plan.sets;
  return forms.find((form) => Object.keys(form.sets).every((name) => names.has(set!.key + name))) ?? forms[0]!;
}

/** A state's statistics by set and by pair. */
export interface StateParts {
  set(set: PlannedSet): Omit<SetStatistics, 'summary'>;
  pair(pair: PlannedPair): HostStatistics<string>;
}

/** Takes a state apart. */
export function partsOf(form: PairForm, statistics: HostStatistics<string>): StateParts {
  const groups = grouped(statistics);
  const samples = statistics.samples!.data[0]!;
  return {
    set({ key }) {
      const { factor, ...own } = groups(key);
      return { samples, unit: 1 / factor!.data[0]!, statistics: own };
    },
    pair: ({ x, y, key }) => (x === y && form.ofItself ? form.ofItself(groups(x.key)) : groups(key)),
  };
}

/** Refuses a state whose factors are none that a batch can have left. */
export function checkFactors(where: string, plan: PairPlan, statistics: HostStatistics<string>): void {
  for (const { key, input } of plan.sets) {
    const factor = statistics[`${key}factor`]!.data[0]!;
    if (factor !== 0 && !Number.isInteger(Math.log2(factor))) {
      throw rangeError(where, `state's factor of ${input}`, 'a power of two, or 0', factor);
    }
  }
}

/** The statistics of both parts. */
export function mergedStates(
  where: string,
  similarity: PairSimilarity<unknown>,
  plan: PairPlan,
  first: HostStatistics<string>,
  second: HostStatistics<string>,
): HostStatistics<string> {
  const [form, other] = [formOf(similarity, plan, first), formOf(similarity, plan, second)];
  const refused = similarity.mergeError?.(form) ?? similarity.mergeError?.(other);
  if (refused !== undefined) throw refused;
  if (form !== other) throw rangeError(where, 'form', `'${form.name}', as in the batches before`, other.name);
  checkFactors(where, plan, first);
  checkFactors(where, plan, second);
  const parts = [partsOf(form, first), partsOf(form, second)] as const;
  const merged: Record<string, HostStatistic> = {
    samples: scalarStatistic(first.samples!.data[0]! + second.samples!.data[0]!),
  };
  const sets = new Map(plan.sets.map((set) => [set, inOneUnit(form, parts[0].set(set), parts[1].set(set))]));
  for (const [{ key }, { unit, both }] of sets) {
    const own = form.mergeSets?.(...both) ?? addStatistics(both[0].statistics, both[1].statistics);
    const { kept } = both[0].statistics;
    const none = kept && { kept: { data: new Float64Array(0), shape: [0, kept.shape[1]!] } };
    Object.assign(merged, prefixed(key, { ...own, ...none, factor: scalarStatistic(1 / unit) }));
  }
  for (const pair of relatedPairs(form, plan)) {
    const [x, y] = [sets.get(pair.x)!, sets.get(pair.y)!];
    const [one, two] = parts.map((part, index): PairStatistics => {
      const shares = [x.shares[index]!, y.shares[index]!] as const;
      return {
        samples: part.set(pair.x).samples,
        form,
        x: x.both[index]!,
        y: y.both[index]!,
        xy: rescaled(part.pair(pair), (name) => {
          const [ofX, ofY] = form.pairs[name]!.degree;
          return shares[0] ** ofX * shares[1] ** ofY;
        }),
      };
    }) as [PairStatistics, PairStatistics];
    Object.assign(merged, prefixed(pair.key, form.mergePairs?.(one, two) ?? addStatistics(one.xy, two.xy)));
  }
  return merged;
}

/** Both parts of a set in the larger of their units, and the share of it that each part's own unit is. */
function inOneUnit(form: PairForm, first: Omit<SetStatistics, 'summary'>, second: Omit<SetStatistics, 'summary'>) {
  // Of activations that are all 0 the unit is infinite, and all that depends on it is 0.
  const units = [first.unit, second.unit].filter(Number.isFinite);
  const unit = units.length > 0 ? Math.max(...units) : Infinity;
  const parts = [first, second].map((part) => {
    const share = Number.isFinite(part.unit) ? part.unit / unit : 1;
    const statistics = rescaled(part.statistics, (name) => share ** (form.sets[name]?.degree ?? 1));
    return { share, statistics: { ...part, unit, statistics, summary: undefined } };
  });
  return {
    unit,
    both: parts.map(({ statistics }) => statistics) as [SetStatistics, SetStatistics],
    shares: parts.map(({ share }) => share),
  };
}

function rescaled(statistics: HostStatistics<string>, factorOf: (name: string) => number): HostStatistics<string> {
  return Object.fromEntries(
    Object.entries(statistics).map(([name, statistic]) => {
      const factor = factorOf(name);
      if (factor === 1) return [name, statistic];
      return [name, { ...statistic, data: statistic.data.map((value) => value * factor) }];
    }),
  );
}
