/** One case of a metric: random options and a random batch, and one truth. */
import {
  type AnyMetric,
  accumulate,
  type Backend,
  type HostTensor,
  measure,
  measureAll,
  restore,
  type TensorLike,
} from 'dark-knowledge';
import { stateFromRead, statisticsOf, widen } from '../../src/metric.ts';
import { strictBackend } from '../../src/testing/strictBackend.ts';
import type { Dice } from './dice.ts';
import { dressed, dressedInFloat32, rounded } from './forms.ts';
import type { Devices } from './lossCase.ts';
import type { MakeMetric, MetricSubject } from './metricSubjects.ts';
import { type Batch, filled, mild, type Numbers, type Regime, regimeOf, shuffled, takeRows } from './numbers.ts';
import { spoilBatch } from './spoil.ts';
import { claim, claimNoNaN, claimRefused, claimSame, resultOrRefusal } from './truths.ts';

type Given = Readonly<Record<string, TensorLike>>;

const truths = [
  'forms',
  'order',
  'mask',
  'mask',
  'copies',
  'stream',
  'stream',
  'state',
  'device',
  'blind',
  'spoiled',
  'labels',
  'refusals',
  'refusals',
  'pure',
  'scale',
  'together',
] as const;

const regimes: Readonly<Partial<Record<(typeof truths)[number], readonly Regime[]>>> = {
  device: mild,
  scale: ['plain', 'near', 'ties'],
};

const mapped = (inputs: Batch, change: (numbers: Numbers, name: string) => TensorLike): Given =>
  Object.fromEntries(Object.entries(inputs).map(([name, numbers]) => [name, change(numbers, name)]));

/** Runs a case; throws a finding. */
export function metricCase(dice: Dice, make: MakeMetric, devices: Devices): void {
  const truth = dice.pick(truths);
  const subject = make(dice, regimeOf(dice, ...(regimes[truth] ?? [])));
  const { metric, inputs } = subject;
  const names = namesOf(metric);
  if (truth === 'refusals') {
    const given = spoilBatch(
      dice,
      mapped(inputs, (numbers) => dressed(dice, numbers)),
    );
    const result = resultOrRefusal(names, () => measure(metric, given));
    claimNoNaN(result, metric.name);
    return;
  }
  const expected = resultOrRefusal(names, () => measure(metric, inputs));
  claimNoNaN(expected, metric.name);
  if (expected === undefined) return;
  switch (truth) {
    case 'forms':
      claimSame(
        measure(
          metric,
          mapped(inputs, (numbers) => dressed(dice, numbers)),
        ),
        expected,
        1e-5,
        'in another form',
      );
      break;
    case 'order':
      claimOrder(dice, subject, expected);
      break;
    case 'mask':
      claimMask(dice, subject, expected);
      break;
    case 'copies':
      claimCopies(dice, subject);
      break;
    case 'stream':
      claimStream(dice, subject, expected);
      break;
    case 'state':
      claimState(dice, subject);
      break;
    case 'device':
      claimDevice(dice, subject, devices);
      break;
    case 'blind':
      claimBlind(subject, expected);
      break;
    case 'spoiled':
      claimSpoiled(dice, subject);
      break;
    case 'labels':
      claimLabels(dice, subject);
      break;
    case 'scale':
      claimScale(dice, subject, expected, devices);
      break;
    case 'together':
      claimSame(
        (measureAll({ a: metric, b: metric }, inputs as never) as { readonly b: unknown }).b,
        expected,
        1e-9,
        'beside itself in measureAll',
      );
      break;
    case 'pure': {
      const given = mapped(inputs, ({ data, shape }) => ({ data: data.slice(), shape }));
      measure(metric, given);
      claimSame(given, inputs, 0, 'inputs after the call');
      break;
    }
  }
}

/** The names that may begin an error: a set's, and its members'. */
function namesOf(metric: AnyMetric): readonly string[] {
  return [metric.name, ...(metric.members ?? []).map((member) => member.metric.name)];
}

const rowNames = ({ inputs, whole = [] }: MetricSubject): readonly string[] =>
  Object.keys(inputs).filter((name) => !whole.includes(name));

const ofRows = (subject: MetricSubject, rows: readonly number[]): Batch =>
  Object.fromEntries(
    Object.entries(subject.inputs).map(([name, numbers]) => [
      name,
      subject.whole?.includes(name) ? numbers : takeRows(numbers, rows),
    ]),
  );

const countOf = (subject: MetricSubject): number => subject.inputs[rowNames(subject)[0]!]!.shape[0]!;

function claimOrder(dice: Dice, subject: MetricSubject, expected: unknown): void {
  if (!subject.rows || subject.ordered) return;
  claimSame(
    measure(subject.metric, ofRows(subject, shuffled(dice, countOf(subject)))),
    expected,
    1e-8,
    'rows in another order',
  );
}

/** Rows that do not count may hold anything. */
function claimMask(dice: Dice, subject: MetricSubject, expected: unknown): void {
  const { metric, inputs, rows, places = [] } = subject;
  if (!rows || !metric.optionalInputs.includes('rowWeights')) return;
  const given = inputs.rowWeights ?? inputs.labels ?? inputs.x ?? inputs.groups;
  if (given === undefined) return;
  const ones = inputs.rowWeights ?? filled(given.shape, () => 1);
  const trash = (): number => dice.pick([Number.NaN, Infinity, -Infinity, 1e300, -7]);
  const doubled = ({ data, shape }: Numbers, extra: ArrayLike<number>): Numbers => ({
    data: Float64Array.from([...data, ...Array.from(extra)]),
    shape: [2 * shape[0]!, ...shape.slice(1)],
  });
  const batch = Object.fromEntries(
    rowNames(subject).map((name) => {
      const numbers = inputs[name]!;
      return [name, doubled(numbers, places.includes(name) ? numbers.data : Float64Array.from(numbers.data, trash))];
    }),
  );
  const masked = { ...inputs, ...batch, rowWeights: doubled(ones, new Float64Array(ones.data.length)) };
  claimSame(measure(metric, masked), expected, 1e-9, 'with garbage in rows that do not count');
}

/** A row of weight 2 is two rows. */
function claimCopies(dice: Dice, subject: MetricSubject): void {
  const { metric, inputs, rows, copies = true } = subject;
  const like = inputs.labels ?? inputs.x ?? inputs.rowWeights;
  if (
    !copies ||
    !rows ||
    like?.shape.length !== 1 ||
    !metric.optionalInputs.includes('rowWeights') ||
    'clusters' in inputs
  )
    return;
  const count = countOf(subject);
  const times = Array.from({ length: count }, () => dice.whole(1, 2));
  const { rowWeights: _, ...plain } = inputs;
  const weighted = { ...plain, rowWeights: { data: Float64Array.from(times), shape: [count] } };
  const repeated = ofRows(
    { ...subject, inputs: plain },
    times.flatMap((time, row) => Array.from({ length: time }, () => row)),
  );
  const names = namesOf(metric);
  const [one, two] = [weighted, repeated].map((batch) => resultOrRefusal(names, () => measure(metric, batch)));
  claimSame(one, two, 1e-8, 'rows of weight 2 beside rows twice');
}

function claimStream(dice: Dice, subject: MetricSubject, expected: unknown): void {
  const { metric, rows, streams = true, least = 1 } = subject;
  if (!rows || !streams) return;
  const count = countOf(subject);
  if (count < 2 * least) return;
  const cut = dice.whole(least, count - least);
  const all = Array.from({ length: count }, (_, row) => row);
  const names = namesOf(metric);
  const parts = [all.slice(0, cut), all.slice(cut)].map((part) => ofRows(subject, part));
  const running = accumulate(metric);
  const fed = resultOrRefusal(names, () => {
    running.update(parts[0]!);
    const other = accumulate(metric);
    other.update(parts[1]!);
    return other;
  });
  // A part may be too small for it: then it says so.
  if (fed === undefined) return;
  const what = dice.pick(['stream', 'merged', 'json', 'clone', 'swapped'] as const);
  let whole = running;
  if (what === 'json') whole = restore(metric, JSON.parse(JSON.stringify(running)));
  if (what === 'clone') whole = restore(metric, structuredClone(running.state()));
  if (what === 'stream' || what === 'json' || what === 'clone') whole.update(parts[1]!);
  else if (what === 'merged') whole.merge(dice.chance(0.5) ? fed : fed.state());
  else {
    fed.merge(running);
    whole = fed;
  }
  if (what === 'swapped' && subject.ordered) return;
  claimSame(whole.compute(), expected, 1e-8, `${what}: parts of ${cut} and ${count - cut} rows`);
}

/** What is not this metric's state is refused. */
function claimState(dice: Dice, { metric, inputs }: MetricSubject): void {
  const running = accumulate(metric);
  running.update(inputs);
  const state = JSON.parse(JSON.stringify(running)) as {
    metric: unknown;
    options: Record<string, unknown>;
    statistics: Record<string, { data: unknown[]; shape: number[] }>;
  };
  const name = dice.pick(Object.keys(state.statistics));
  const statistic = state.statistics[name]!;
  switch (dice.below(6)) {
    case 0:
      state.metric = 'other';
      break;
    case 1:
      state.options = { ...state.options, bins: 77 };
      break;
    case 2:
      statistic.data[0] = 'abc';
      if (statistic.data.length === 0 || statistic.shape.includes(0)) return;
      break;
    case 3:
      delete state.statistics[name];
      break;
    case 4:
      statistic.data.push(1);
      break;
    default:
      statistic.shape = [...statistic.shape, 1];
  }
  claimRefused(namesOf(metric), () => restore(metric, state as never), `a changed state (${name})`);
}

function claimDevice(dice: Dice, subject: MetricSubject, { float32 }: Devices): void {
  const { metric, inputs, onDevices = true, inFloat32 = (whole: unknown) => whole } = subject;
  if (!onDevices) return;
  const backend = dice.pick(float32);
  const exact = Object.fromEntries(Object.entries(inputs).map(([name, numbers]) => [name, rounded(numbers)]));
  const expected = resultOrRefusal(namesOf(metric), () => measure(metric, exact));
  if (expected === undefined) return;
  const before = backend.tensorCount?.();
  const result = resultOn(
    backend,
    metric,
    mapped(exact, (numbers) => dressedInFloat32(dice, numbers)),
    (x) => backend.readSync!(x),
  );
  claim(
    backend.tensorCount?.() === before,
    () => `${backend.name}: ${backend.tensorCount?.()} tensors for ${before} before`,
  );
  claimSame(inFloat32(result, expected), inFloat32(expected, expected), 2e-3, `${backend.name} beside float64`);
}

/** The result by a backend, without waiting. */
function resultOn<T>(backend: Backend<T>, metric: AnyMetric, batch: Given, read: (x: T) => HostTensor): unknown {
  const isNumber = (value: T | number): value is number => typeof value === 'number';
  const statistics = Object.entries(statisticsOf(backend, metric, batch));
  const numbers = statistics.map(([name, value]) => [name, widen(isNumber(value) ? value : read(value))] as const);
  for (const [, value] of statistics) if (!isNumber(value)) backend.dispose(value);
  return metric.finish(stateFromRead(metric, Object.fromEntries(numbers)));
}

function claimBlind({ metric, inputs }: MetricSubject, expected: unknown): void {
  const backend = strictBackend(false);
  claimSame(
    resultOn(backend, metric, inputs, (x) => x.numbers!),
    expected,
    1e-9,
    'on a blind device',
  );
  claim(backend.tensorCount() === 0, () => `${backend.tensorCount()} tensors left behind`);
}

/** NaN in a row that counts is refused, on the host and on a blind device. */
function claimSpoiled(dice: Dice, { metric, inputs, spoilable, places = [] }: MetricSubject): void {
  if (
    'rowWeights' in inputs ||
    ('labels' in inputs && (metric.options as { ignoreIndex?: unknown }).ignoreIndex !== null)
  )
    return;
  const candidates = spoilable ?? Object.keys(inputs).filter((input) => !places.includes(input));
  if (candidates.length === 0) return;
  const name = dice.pick(candidates);
  const { data, shape } = inputs[name]!;
  const spoilt = data.slice();
  spoilt[dice.below(data.length)] = Number.NaN;
  const batch = { ...inputs, [name]: { data: spoilt, shape } };
  claimRefused(namesOf(metric), () => measure(metric, batch), `NaN in ${name}`);
  claimRefused(
    namesOf(metric),
    () => resultOn(strictBackend(false), metric, batch, (x) => x.numbers!),
    `NaN in ${name} on a blind device`,
  );
}

/** Labels out of range are refused, on the host and on a blind device. */
function claimLabels(dice: Dice, { metric, inputs }: MetricSubject): void {
  const candidates = Object.keys(inputs).filter((name) => /^labels$|shapeLabels|textureLabels/.test(name));
  if (candidates.length === 0 || 'rowWeights' in inputs) return;
  const name = dice.pick(candidates);
  const { data, shape } = inputs[name]!;
  if (!metric.inputs.includes(name)) return;
  const wrong = data.slice();
  const at = dice.below(data.length);
  wrong[at] = dice.pick([-1, 99, 0.5, Number.NaN, Infinity]);
  // Where no input has classes, any class may be.
  const hasClasses = Object.values(inputs).some((numbers) => numbers.shape.length > shape.length);
  if (!hasClasses && wrong[at] === 99) return;
  const batch = { ...inputs, [name]: { data: wrong, shape } };
  claimRefused(namesOf(metric), () => measure(metric, batch), `label ${wrong[at]}`);
  claimRefused(
    namesOf(metric),
    () => resultOn(strictBackend(false), metric, batch, (x) => x.numbers!),
    `label ${wrong[at]} on a blind device`,
  );
}

function claimScale(dice: Dice, subject: MetricSubject, expected: unknown, { float32 }: Devices): void {
  const { metric, inputs, scaleless = [], onDevices = true } = subject;
  if (scaleless.length === 0) return;
  if (onDevices && dice.chance(0.5)) {
    // In float32 as far as the numbers stay normal.
    const [backend, power, name] = [dice.pick(float32), 2 ** dice.whole(-100, 100), dice.pick(scaleless)];
    const at = (factor: number): unknown => {
      const batch = mapped(inputs, ({ data, shape }, input) => ({
        data: Float32Array.from(data, (value) => Math.fround(value) * (input === name ? factor : 1)),
        shape,
      }));
      return similarityOf(resultOn(backend, metric, batch, (x) => backend.readSync!(x)));
    };
    claimSame(at(power), at(1), 1e-4, `${backend.name}: ${name} times ${power}`);
    return;
  }
  const power = 2 ** dice.whole(-490, 490);
  const name = dice.pick(scaleless);
  const scaled = { ...inputs, [name]: { ...inputs[name]!, data: inputs[name]!.data.map((value) => value * power) } };
  claimSame(similarityOf(measure(metric, scaled)), similarityOf(expected), 1e-9, `${name} times ${power}`);
}

/** What a similarity is about: its value and status. */
function similarityOf(result: unknown): unknown {
  const { value, status } = result as { readonly value: unknown; readonly status?: unknown };
  return { value, status };
}
