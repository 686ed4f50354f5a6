/**
 * The state of a running metric: statistics on the host, in float64, with what they belong to. Nothing merges into a
 * state, and nothing goes on from one, that was made by another metric, with other options or for other shapes.
 */
import { checkNoNaN, describe, describeShape, kindError, rangeError } from './check.ts';
import { inThisRealm } from './numberFormats.ts';
import { type HostTensor, sizeOf } from './tensor.ts';

/** One statistic on the host. */
export interface HostStatistic extends HostTensor {
  readonly data: Float64Array;
}

/** Statistics on the host, in float64. */
export type HostStatistics<Statistic extends string> = Readonly<Record<Statistic, HostStatistic>>;

/** What a statistic looks like in every state of a metric. */
export interface StatisticForm {
  /**
   * Extents: a number where it is known; a name (`'classes'`) for one that the first batch sets and every other must
   * share; null for one that may differ from batch to batch. [] for a single number.
   */
  readonly shape: readonly (number | string | null)[];
  /** A `'count'` is a number of rows or a sum of their weights: finite and at least 0. A `'number'` may be any but NaN. */
  readonly kind: 'count' | 'number';
  /** The statistic, of the same shape or a single number, that a count cannot exceed. */
  readonly atMost?: string;
}

/** A single number as a statistic. */
export function scalarStatistic(value: number): HostStatistic {
  return { data: Float64Array.of(value), shape: [] };
}

/** Single numbers as statistics. */
export function scalarStatistics<Statistic extends string>(
  numbers: Readonly<Record<Statistic, number>>,
): HostStatistics<Statistic> {
  const made: Partial<Record<Statistic, HostStatistic>> = {};
  for (const name of Object.keys(numbers) as Statistic[]) made[name] = scalarStatistic(numbers[name]);
  return made as HostStatistics<Statistic>;
}

/** The numbers of statistics of these names. */
export function scalarsOf<Statistic extends string>(
  statistics: HostStatistics<Statistic>,
  names: readonly Statistic[],
): Readonly<Record<Statistic, number>> {
  const numbers: Partial<Record<Statistic, number>> = {};
  for (const name of names) numbers[name] = statistics[name].data[0]!;
  return numbers as Record<Statistic, number>;
}

/** A statistic that counts rows or sums weights. */
export function countOf(shape: StatisticForm['shape'] = [], atMost?: string): StatisticForm {
  return { shape, kind: 'count', ...(atMost === undefined ? {} : { atMost }) };
}

/** A statistic that may be any number but NaN. */
export function numberOf(shape: StatisticForm['shape'] = []): StatisticForm {
  return { shape, kind: 'number' };
}

/** The form of each statistic. */
export type StateForm<Statistic extends string> = Readonly<Record<Statistic, StatisticForm>>;

/** What a state belongs to. */
export interface StateOwner {
  readonly name: string;
  readonly options: object;
  readonly state?: StateForm<string> | readonly StateForm<string>[];
  /** Whose statistics they are, where it is made of others: each prefix begins the names of one's own. */
  readonly members?: readonly { readonly metric: StateOwner; readonly prefix: string }[];
}

/** The statistics whose names begin with a prefix, without it. */
export function within(statistics: HostStatistics<string>, prefix: string): HostStatistics<string> {
  if (prefix === '') return statistics;
  return Object.fromEntries(
    Object.entries(statistics)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, statistic]) => [name.slice(prefix.length), statistic]),
  );
}

/** The form that statistics are to have: of several the one that has most of their names. */
function formFor({ state }: StateOwner, statistics: HostStatistics<string>): StateForm<string> | undefined {
  if (state === undefined) return undefined;
  const forms: readonly StateForm<string>[] = Array.isArray(state) ? state : [state];
  const names = Object.keys(statistics);
  const known = forms.map((form) => names.filter((name) => Object.hasOwn(form, name)).length);
  return forms[known.indexOf(Math.max(...known))];
}

/**
 * A running metric's state: plain data for `structuredClone`, a worker or a file. In JSON, which has neither, typed arrays
 * are lists, and −Infinity and Infinity are texts.
 */
export interface MetricState {
  readonly metric: string;
  /** The metric's options, checked and complete. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Null before the first batch. */
  readonly statistics: Readonly<
    Record<string, { readonly data: Float64Array | readonly (number | string)[]; readonly shape: readonly number[] }>
  > | null;
}

/** The state with its arrays as they are: nothing is copied, since nothing is changed in place. */
export function stateOf(owner: StateOwner, statistics: HostStatistics<string> | undefined): MetricState {
  return { metric: owner.name, options: plainOptions(owner.options), statistics: statistics ?? null };
}

/** The state as JSON takes it. */
export function stateToJSON(owner: StateOwner, statistics: HostStatistics<string> | undefined): MetricState {
  const listed =
    statistics &&
    Object.fromEntries(
      Object.entries(statistics).map(([name, { data, shape }]) => [
        name,
        { data: Array.from(data, (value) => (Number.isFinite(value) ? value : String(value))), shape: [...shape] },
      ]),
    );
  return { metric: owner.name, options: plainOptions(owner.options), statistics: listed ?? null };
}

/** A state's statistics, after every check; undefined before the first batch. */
export function statisticsFrom(owner: StateOwner, state: MetricState): HostStatistics<string> | undefined {
  if (typeof state !== 'object' || state === null) {
    throw kindError(owner.name, 'state', 'what state() or toJSON() returned', state);
  }
  if (state.metric !== owner.name) throw rangeError(owner.name, 'state', `one of ${owner.name}`, state.metric);
  checkStateOptions(owner, state.options);
  if (state.statistics === null) return undefined;
  if (typeof state.statistics !== 'object') {
    throw kindError(owner.name, "state's statistics", 'a record', state.statistics);
  }
  const statistics = Object.fromEntries(
    Object.entries(state.statistics).map(([name, given]) => [name, statisticFrom(owner.name, name, given)]),
  );
  checkStatistics(owner, statistics);
  return statistics;
}

function statisticFrom(where: string, name: string, given: { readonly data: unknown; readonly shape: unknown }) {
  const argument = `state's ${name}`;
  const { data: held, shape } = given ?? {};
  // A copy by structuredClone may be of another realm.
  const data = inThisRealm(held);
  const isShape = Array.isArray(shape) && shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (!isShape) throw kindError(where, argument, 'an array with its shape', given);
  if (!(data instanceof Float64Array) && !Array.isArray(data)) {
    throw kindError(where, argument, 'a Float64Array or, from JSON, a list', data);
  }
  if (data.length !== sizeOf(shape)) {
    throw rangeError(where, argument, `${sizeOf(shape)} numbers, of shape ${describeShape(shape)}`, data.length);
  }
  if (data instanceof Float64Array) return { data, shape: [...shape] };
  return { data: Float64Array.from(data, (value) => numberFrom(where, argument, value)), shape: [...shape] };
}

function numberFrom(where: string, argument: string, value: unknown): number {
  if (value === 'Infinity' || value === '-Infinity') return Number(value);
  if (typeof value !== 'number') throw kindError(where, argument, 'numbers', value);
  return value;
}

/** Refuses statistics that no batch of this metric can have left. */
export function checkStatistics(owner: StateOwner, statistics: HostStatistics<string>): void {
  if (owner.members !== undefined) {
    const { members } = owner;
    const stray = Object.keys(statistics).find((name) => !members.some(({ prefix }) => name.startsWith(prefix)));
    if (stray !== undefined) throw rangeError(owner.name, "state's statistics", 'those of its metrics', stray);
    for (const { metric, prefix } of members) checkStatistics(metric, within(statistics, prefix));
    return;
  }
  for (const [name, { data }] of Object.entries(statistics)) {
    checkNoNaN(owner.name, `statistic '${name}'`, data, nanHint);
  }
  const form = formFor(owner, statistics);
  if (form === undefined) return;
  for (const name of Object.keys(statistics)) {
    if (Object.hasOwn(form, name)) continue;
    throw rangeError(owner.name, "state's statistics", `among ${Object.keys(form).join(', ')}`, name);
  }
  extentsOf(owner, form, statistics);
  const counts = Object.entries(form).filter(([, { kind }]) => kind === 'count');
  for (const [name] of counts) checkCounts(owner.name, name, statistics[name]!);
  for (const [name, { atMost }] of counts) {
    if (atMost !== undefined) checkLimit(owner.name, name, statistics[name]!, atMost, statistics[atMost]!);
  }
}

const nanHint = 'A NaN among the inputs, or infinities that cancel, lead to it.';

function checkCounts(where: string, name: string, { data }: HostStatistic): void {
  const wrong = data.find((value) => !(value >= 0 && value < Infinity));
  if (wrong !== undefined) throw rangeError(where, `state's ${name}`, 'finite numbers of at least 0', wrong);
}

function checkLimit(where: string, name: string, { data }: HostStatistic, of: string, limits: HostStatistic): void {
  data.forEach((value, index) => {
    const limit = limits.data[limits.data.length === 1 ? 0 : index]!;
    // Sums of float32 weights are rounded.
    if (value > limit * (1 + 1e-5)) throw rangeError(where, `state's ${name}`, `at most its ${of}, ${limit}`, value);
  });
}

/** The extents that have a name, by it; refuses statistics that are missing, or whose shapes do not fit together. */
function extentsOf(
  owner: StateOwner,
  form: StateForm<string>,
  statistics: HostStatistics<string>,
): ReadonlyMap<string, number> {
  const extents = new Map<string, number>();
  for (const [name, { shape: expected }] of Object.entries(form)) {
    const given = statistics[name];
    if (given === undefined)
      throw rangeError(owner.name, "state's statistics", `with '${name}'`, Object.keys(statistics));
    const fits =
      given.shape.length === expected.length &&
      expected.every((extent, axis) => {
        const size = given.shape[axis]!;
        if (typeof extent !== 'string') return extent === null || extent === size;
        if (!extents.has(extent)) extents.set(extent, size);
        return extents.get(extent) === size;
      });
    if (!fits) {
      const shown = expected.map((extent) => (typeof extent === 'string' ? (extents.get(extent) ?? extent) : extent));
      throw rangeError(owner.name, `statistic '${name}'`, `of shape ${describe(shown)}`, describeShape(given.shape));
    }
  }
  return extents;
}

/** Refuses a part of a stream whose shapes are not those of the parts before it. */
export function checkSameForm(owner: StateOwner, first: HostStatistics<string>, second: HostStatistics<string>): void {
  if (owner.members !== undefined) {
    for (const { metric, prefix } of owner.members) {
      checkSameForm(metric, within(first, prefix), within(second, prefix));
    }
    return;
  }
  const form = formFor(owner, first);
  if (form !== undefined) {
    // Of a metric with several forms, its own merge says which two fit together.
    if (form !== formFor(owner, second)) return;
    const earlier = extentsOf(owner, form, first);
    for (const [name, extent] of extentsOf(owner, form, second)) {
      if (extent !== earlier.get(name)) {
        throw rangeError(owner.name, `number of ${name}`, `${earlier.get(name)}, as in the batches before`, extent);
      }
    }
    return;
  }
  for (const name of new Set([...Object.keys(first), ...Object.keys(second)])) {
    const [one, two] = [first[name]?.shape, second[name]?.shape];
    if (one === undefined || two === undefined || describeShape(one) !== describeShape(two)) {
      const expected = one === undefined ? 'absent' : `of shape ${describeShape(one)}, as in the batches before`;
      throw rangeError(owner.name, `statistic '${name}'`, expected, two === undefined ? two : describeShape(two));
    }
  }
}

/** The element-wise sum of both parts' statistics: the rule of every metric that states none of its own. */
export function addStatistics<Statistic extends string>(
  first: HostStatistics<Statistic>,
  second: HostStatistics<Statistic>,
): HostStatistics<Statistic> {
  const summed: Record<string, HostStatistic> = {};
  for (const [name, { data, shape }] of Object.entries<HostStatistic>(first)) {
    const other = second[name as Statistic].data;
    summed[name] = { data: data.map((value, index) => value + other[index]!), shape };
  }
  return summed as HostStatistics<Statistic>;
}

/** Options as JSON holds them, so that those of a saved state compare with a metric's. */
function plainOptions(options: object): Readonly<Record<string, unknown>> {
  const plain = (value: unknown): unknown => {
    if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined && typeof entry !== 'function');
    return Object.fromEntries(entries.map(([key, entry]) => [key, plain(entry)]));
  };
  return plain(options) as Readonly<Record<string, unknown>>;
}

function checkStateOptions(owner: StateOwner, given: Readonly<Record<string, unknown>> | undefined): void {
  if (typeof given !== 'object' || given === null) {
    throw kindError(owner.name, 'state', 'one that carries its options', given, 'States of version 0.1 do not.');
  }
  const [own, others] = [plainOptions(owner.options), plainOptions(given)];
  for (const name of new Set([...Object.keys(own), ...Object.keys(others)])) {
    const [expected, got] = [JSON.stringify(own[name]), JSON.stringify(others[name])];
    if (expected !== got) {
      throw rangeError(owner.name, `state's ${name}`, `${expected}, as in this ${owner.name}`, others[name]);
    }
  }
}
