/** One case of a loss: random options and inputs, and one truth. */
import {
  type AnyLoss,
  type Backend,
  evaluate,
  evaluateOn,
  type TensorLike,
  valueAndGradients,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { strictBackend } from '../../src/testing/strictBackend.ts';
import type { Dice } from './dice.ts';
import { dressed, dressedInFloat32, rounded } from './forms.ts';
import type { LossSubject } from './lossSubjects.ts';
import {
  type Batch,
  filled,
  mild,
  type Numbers,
  type Regime,
  regimeOf,
  shuffled,
  sizeOf,
  takeRows,
} from './numbers.ts';
import { spoilBatch } from './spoil.ts';
import { claim, claimNoNaN, claimRefused, claimSame, numbersIn, resultOrRefusal } from './truths.ts';

interface Computed {
  readonly value: unknown;
  readonly gradients: Readonly<Record<string, unknown>>;
}

/** The float32 backends that a case may be held against. */
export interface Devices {
  readonly float32: readonly Backend<unknown>[];
}

type Given = Readonly<Record<string, TensorLike>>;

function compute(loss: AnyLoss, inputs: Given): Computed {
  return valueAndGradients(loss as AnyLoss<'scalar'>, inputs) as unknown as Computed;
}

/** Numbers without the difference between a number and a tensor of one. */
const plainOf = (value: unknown): ArrayLike<number> =>
  typeof value === 'number' ? [value] : (value as { readonly data: ArrayLike<number> }).data;

const plain = ({ value, gradients }: Computed): object => ({
  value: plainOf(value),
  gradients: Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, plainOf(gradient)])),
});

interface Plain {
  readonly value: ArrayLike<number>;
  readonly gradients: Readonly<Record<string, ArrayLike<number>>>;
}

const inFloat32 = ({ value, gradients }: Plain): Plain => ({
  value: Array.from(value, Math.fround),
  gradients: mapValues(gradients, (gradient) => Array.from(gradient, Math.fround)),
});

/** What float32 cannot hold is infinite in it, NaN where parts of both signs are, or there all the same: sums may end in float64. */
function overflowed(got: Plain, exact: Plain): Plain {
  const among = (numbers: ArrayLike<number>, wanted: ArrayLike<number>): number[] =>
    Array.from(numbers, (value, at) => {
      const beyond = Number.isFinite(wanted[at]!) && !Number.isFinite(Math.fround(wanted[at]!));
      const isThere = Math.abs(value - wanted[at]!) <= 1e-3 * Math.abs(wanted[at]!);
      return beyond && (isThere || !Number.isFinite(value)) ? Math.fround(wanted[at]!) : value;
    });
  return {
    value: among(got.value, exact.value),
    gradients: mapValues(got.gradients, (gradient, name) => among(gradient, exact.gradients[name]!)),
  };
}

const mapped = (inputs: Batch, change: (numbers: Numbers, name: string) => TensorLike): Given =>
  Object.fromEntries(Object.entries(inputs).map(([name, numbers]) => [name, change(numbers, name)]));

const truths = [
  'gradient',
  'gradient',
  'forms',
  'order',
  'mask',
  'mask',
  'device',
  'device',
  'blind',
  'spoiled',
  'refusals',
  'refusals',
  'pure',
  'reduction',
  'scale',
  'scale',
] as const;

const regimes: Readonly<Partial<Record<(typeof truths)[number], readonly Regime[]>>> = {
  gradient: ['plain', 'near'],
  device: [...mild, 'huge', 'tiny', 'zeroRows'],
  scale: ['plain', 'zeroRows'],
};

/** Runs a case; throws a finding. */
export function lossCase(dice: Dice, make: (dice: Dice, regime: Regime) => LossSubject, devices: Devices): void {
  const truth = dice.pick(truths);
  const regime = regimeOf(dice, ...(regimes[truth] ?? []));
  const subject = make(dice, regime);
  const { loss, inputs } = subject;
  if (truth === 'refusals') {
    const given = spoilBatch(
      dice,
      mapped(inputs, (numbers) => dressed(dice, numbers)),
    );
    resultOrRefusal([loss.name], () => evaluate(loss as AnyLoss<'scalar'>, given));
    return;
  }
  const expected = compute(loss, inputs);
  claimNoNaN(plain(expected), loss.name);
  const finite = isAllFinite(plain(expected));
  const isAlike = ['ties', 'near', 'equal', 'constant'].includes(regime);
  switch (truth) {
    case 'gradient':
      claimGradient(dice, subject, expected, finite);
      break;
    case 'forms':
      // Whole numbers come as integers too, which are computed in float32: at a kink its rounding decides.
      if (subject.kinks && isAlike) break;
      claimSame(
        plain(
          compute(
            loss,
            mapped(inputs, (numbers) => dressed(dice, numbers)),
          ),
        ),
        plain(expected),
        1e-5,
        'in another form',
      );
      break;
    case 'order':
      claimOrder(dice, subject, expected, subject.kinks === true && isAlike);
      break;
    case 'mask':
      claimMask(dice, subject, expected);
      break;
    case 'device':
      // Of logits around 1e-30 every softmax is uniform, of such around 1e30 it is one class: both sides are alike there.
      if (!(subject.kinks && (isAlike || ['tiny', 'huge', 'zeroRows'].includes(regime)))) {
        claimDevice(dice, subject, devices);
      }
      break;
    case 'blind':
      claimBlind(subject, expected);
      break;
    case 'spoiled':
      claimSpoiled(dice, subject);
      break;
    case 'pure': {
      const given = mapped(inputs, (numbers) => ({ data: numbers.data.slice(), shape: numbers.shape }));
      compute(loss, given);
      claimSame(given, inputs, 0, 'inputs after the call');
      claimSame(
        evaluate(loss as AnyLoss<'scalar'>, inputs).value,
        expected.value,
        1e-9,
        'evaluate beside valueAndGradients',
      );
      break;
    }
    case 'reduction':
      claimReduction(subject, expected);
      break;
    case 'scale':
      claimScale(dice, subject, devices);
      break;
  }
}

const isAllFinite = (result: unknown): boolean => [...numbersIn(result)].every(([, value]) => Number.isFinite(value));

/** The change of the value along a random direction is the gradient's share in it. */
function claimGradient(
  dice: Dice,
  { loss, inputs, differentiates = true, shiftless = false }: LossSubject,
  expected: Computed,
  finite: boolean,
): void {
  if (!finite) return;
  const gradients = Object.entries(expected.gradients).map(([name, gradient]) => [name, plainOf(gradient)] as const);
  if (shiftless && 'studentLogits' in expected.gradients) {
    const { shape } = inputs.studentLogits!;
    const classes = shape.at(-1)!;
    const gradient = plainOf(expected.gradients.studentLogits);
    const scale = Math.max(1, ...Array.from(gradient, Math.abs));
    for (let row = 0; row < gradient.length; row += classes) {
      let sum = 0;
      for (let column = 0; column < classes; column++) sum += gradient[row + column]!;
      claim(Math.abs(sum) <= 1e-9 * scale, () => `a row's gradient sums to ${sum}`);
    }
  }
  if (!differentiates) return;
  const direction = new Map(gradients.map(([name]) => [name, filled(inputs[name]!.shape, () => dice.normal()).data]));
  const at = (step: number): number => {
    const moved = mapped(inputs, (numbers, name) => {
      const along = direction.get(name);
      return along === undefined
        ? numbers
        : { data: numbers.data.map((value, index) => value + step * along[index]!), shape: numbers.shape };
    });
    return Array.from(plainOf(evaluate(loss as AnyLoss<'scalar'>, moved).value)).reduce((sum, value) => sum + value, 0);
  };
  const stated = gradients.reduce((sum, [name, gradient]) => {
    const along = direction.get(name)!;
    return sum + along.reduce((part, value, index) => part + value * gradient[index]!, 0);
  }, 0);
  const sizes = gradients.reduce(
    (sum, [, gradient]) => sum + Array.from(gradient, Math.abs).reduce((part, value) => part + value, 0),
    0,
  );
  const slopeOf = (h: number): number => (at(h) - at(-h)) / (2 * h);
  const tolerance = 1e-4 * (1 + sizes);
  if (Math.abs(slopeOf(1e-5) - stated) <= tolerance) return;
  // At a kink a smaller step may pass it; a wrong gradient stays wrong.
  const finer = slopeOf(1e-7);
  claim(
    Math.abs(finer - stated) <= 10 * tolerance,
    () => `the gradient gives ${stated} where the value changes by ${finer}`,
  );
}

function claimOrder(
  dice: Dice,
  { loss, inputs, rows, whole = [] }: LossSubject,
  expected: Computed,
  alike: boolean,
): void {
  if (!rows || alike || 'anchors' in loss.options) return;
  const names = Object.keys(inputs).filter((name) => !whole.includes(name));
  const count = inputs[names[0]!]!.shape[0]!;
  const order = shuffled(dice, count);
  const turned = compute(
    loss,
    mapped(inputs, (numbers, name) => (whole.includes(name) ? numbers : takeRows(numbers, order))),
  );
  const back = (value: unknown, like: readonly number[]): ArrayLike<number> =>
    plainOf(
      value === undefined
        ? []
        : {
            data: takeRows(
              { data: Float64Array.from(plainOf(value)), shape: like },
              order.map((_, row) => order.indexOf(row)),
            ).data,
          },
    );
  const value = loss.form === 'rows' ? back(turned.value, (turned.value as Numbers).shape) : plainOf(turned.value);
  claimSame(value, plainOf(expected.value), 1e-8, 'rows in another order');
  for (const [name, gradient] of Object.entries(turned.gradients)) {
    if (gradient === undefined || whole.includes(name)) continue;
    const wanted = plainOf(expected.gradients[name]);
    const scale = Math.max(1, ...Array.from(wanted, Math.abs).filter(Number.isFinite));
    claimSame(
      back(gradient, inputs[name]!.shape),
      wanted,
      1e-8 * scale,
      `gradient of ${name} with rows in another order`,
    );
  }
}

/** Rows that do not count may hold anything. */
function claimMask(
  dice: Dice,
  { loss, inputs, rows, whole = [], places = [], mask: name }: LossSubject,
  expected: Computed,
): void {
  if (!rows || name === undefined || !loss.optionalInputs.includes(name)) return;
  const rowNames = Object.keys(inputs).filter((input) => !whole.includes(input) && input !== name);
  const count = inputs[rowNames[0]!]!.shape[0]!;
  const trash = (): number => dice.pick([Number.NaN, Infinity, -Infinity, 1e300, -7]);
  const shape = inputs[name]?.shape ?? maskShape(loss, inputs);
  if (shape === undefined) return;
  const given = inputs[name] ?? filled(shape, () => 1);
  const doubled = Object.fromEntries(
    rowNames.map((input) => {
      const { data, shape: own } = inputs[input]!;
      const extra = places.includes(input) ? data : Float64Array.from(data, trash);
      return [input, { data: Float64Array.from([...data, ...extra]), shape: [2 * own[0]!, ...own.slice(1)] }];
    }),
  );
  const masked = {
    ...inputs,
    ...doubled,
    [name]: {
      data: Float64Array.from([...given.data, ...new Float64Array(given.data.length)]),
      shape: [2 * given.shape[0]!, ...given.shape.slice(1)],
    },
  };
  const got = compute(loss, masked);
  const head = (value: unknown, length: number): readonly number[] => Array.from(plainOf(value)).slice(0, length);
  const length = plainOf(expected.value).length;
  claimSame(
    head(got.value, length),
    Array.from(plainOf(expected.value)),
    1e-9,
    `${count} rows of garbage that do not count: value`,
  );
  for (const [input, gradient] of Object.entries(got.gradients)) {
    if (gradient === undefined) continue;
    const [all, wanted] = [Array.from(plainOf(gradient)), Array.from(plainOf(expected.gradients[input]))];
    const scale = Math.max(1, ...wanted.map(Math.abs).filter(Number.isFinite));
    claimSame(
      all.slice(0, wanted.length),
      wanted,
      1e-9 * scale,
      `rows of garbage that do not count: gradient of ${input}`,
    );
    claim(
      all.slice(wanted.length).every((value) => value === 0),
      () => `rows that do not count have a gradient in ${input}`,
    );
  }
}

/** The shape of row weights where none were given. */
function maskShape(loss: AnyLoss, inputs: Batch): readonly number[] | undefined {
  const { reduction } = loss.options as { readonly reduction?: unknown };
  return reduction === undefined || loss.name === 'binaryKlDivergence' ? undefined : inputs.labels?.shape;
}

/** A power of two on a side that no scale changes is in nothing but its gradient, which has the inverse. */
function claimScale(dice: Dice, { loss, inputs, scaleless = [] }: LossSubject, { float32 }: Devices): void {
  if (scaleless.length === 0) return;
  // In float32 as far as neither the numbers nor gradients of about 1 leave the range that is normal.
  const single = dice.chance(0.7);
  const most = single ? 100 : 490;
  const powers = new Map(scaleless.map((name) => [name, 2 ** dice.whole(-most, most)]));
  const times = ({ data, shape }: Numbers, power: number): Numbers => ({ data: data.map((x) => x * power), shape });
  const backend = dice.pick(float32);
  const result = (batch: Batch): Computed => {
    if (!single) return compute(loss, batch);
    const { value, gradients, terms } = valueAndGradientsOn(
      backend,
      loss,
      mapped(batch, ({ data, shape }) => ({ data: Float32Array.from(data), shape })),
    );
    const read = (x: unknown): Numbers => backend.readSync!(x) as Numbers;
    const numbers = {
      value: Array.from(read(value).data),
      gradients: Object.fromEntries(Object.entries(gradients).map(([name, x]) => [name, Array.from(read(x).data)])),
    };
    for (const x of new Set([value, ...Object.values(terms), ...Object.values(gradients)])) backend.dispose(x);
    return { value: { data: numbers.value }, gradients: mapValues(numbers.gradients, (data) => ({ data })) };
  };
  const exact = single ? Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, rounded(x)])) : inputs;
  const [one, two] = [result(exact), result(mapValues(exact, (x, name) => times(x, powers.get(name) ?? 1)))];
  const tolerance = single ? 1e-4 : 1e-9;
  const what = `${single ? backend.name : 'float64'}: ${[...powers].map(([name, power]) => `${name} times ${power}`)}`;
  const sizes = [...numbersIn(plain(one))].map(([, number]) => Math.abs(number)).filter(Number.isFinite);
  const scale = Math.max(1, ...sizes);
  claimSame(plainOf(two.value), plainOf(one.value), tolerance * scale, `${what}: value`);
  for (const [name, gradient] of Object.entries(two.gradients)) {
    if (gradient === undefined) continue;
    const back = Array.from(plainOf(gradient), (slope) => slope * (powers.get(name) ?? 1));
    claimSame(back, Array.from(plainOf(one.gradients[name])), tolerance * scale, `${what}: gradient of ${name}`);
  }
}

const mapValues = <From, To>(
  given: Readonly<Record<string, From>>,
  change: (value: From, name: string) => To,
): Record<string, To> => Object.fromEntries(Object.entries(given).map(([name, value]) => [name, change(value, name)]));

function claimDevice(
  dice: Dice,
  { loss, inputs, onDevices = true, scaleless = [] }: LossSubject,
  { float32 }: Devices,
): void {
  if (!onDevices) return;
  const backend = dice.pick(float32);
  const exact: Batch = Object.fromEntries(Object.entries(inputs).map(([name, numbers]) => [name, rounded(numbers)]));
  const double = plain(compute(loss, exact)) as Plain;
  const expected = inFloat32(double);
  const before = backend.tensorCount?.();
  const placed = mapped(exact, (numbers) => dressedInFloat32(dice, numbers));
  const { value, gradients, terms } = valueAndGradientsOn(backend, loss, placed);
  const read = (x: unknown): ArrayLike<number> => backend.readSync!(x).data;
  const got = {
    value: read(value),
    gradients: Object.fromEntries(Object.entries(gradients).map(([name, x]) => [name, read(x)])),
  };
  const evaluated = evaluateOn(backend, loss, placed).value;
  const alone = read(evaluated);
  for (const x of new Set([value, evaluated, ...Object.values(terms), ...Object.values(gradients)])) {
    if (!backend.isDisposed?.(x)) backend.dispose(x);
  }
  claim(
    backend.tensorCount?.() === before,
    () => `${backend.name}: ${backend.tensorCount?.()} tensors for ${before} before`,
  );
  // Where no scale of x changes the value, the gradient in x is some number over ‖x‖: that number is compared, and its rounding is of 1.
  const inUnits = ({ value: own, gradients: all }: Plain): Plain => ({
    value: own,
    gradients: mapValues(all, (gradient, name) => {
      const largest = scaleless.includes(name) ? Math.max(...Array.from(exact[name]!.data, Math.abs)) : 1;
      return Array.from(gradient, (slope) => slope * (largest || 1));
    }),
  });
  const wanted = inUnits(expected);
  const sizes = [...numbersIn(wanted)].map(([, number]) => Math.abs(number)).filter(Number.isFinite);
  const scale = Math.max(1, ...sizes);
  claimSame(inUnits(overflowed(got, double)), wanted, 1e-3 * scale, `${backend.name} beside float64`);
  claimSame(alone, got.value, 1e-4 * scale, `${backend.name}: evaluateOn beside valueAndGradientsOn`);
}

/** The same where tensors cannot be read without waiting, with none left behind. */
function claimBlind({ loss, inputs }: LossSubject, expected: Computed): void {
  if (loss.name === 'procrustesLoss') return;
  const backend = strictBackend(false);
  const { value, gradients, terms } = valueAndGradientsOn(backend, loss, inputs);
  const wanted = plain(expected) as { readonly value: unknown; readonly gradients: Readonly<Record<string, unknown>> };
  claimSame(value.numbers!.data, wanted.value, 1e-9, 'on a blind device: value');
  for (const [name, gradient] of Object.entries(gradients))
    claimSame(gradient.numbers!.data, wanted.gradients[name], 1e-9, `on a blind device: gradient of ${name}`);
  for (const x of new Set([value, ...Object.values(terms), ...Object.values(gradients)])) backend.dispose(x);
  claim(backend.tensorCount() === 0, () => `${backend.tensorCount()} tensors left behind`);
}

/** A NaN in a row that counts is refused or shows: no number comes of it. */
function claimSpoiled(dice: Dice, { loss, inputs, whole = [], leavesOut }: LossSubject): void {
  if (leavesOut || inputs.rowWeights !== undefined || inputs.mask !== undefined) return;
  if (inputs.labels?.data.some((label) => label < 0)) return;
  const names = loss.inputs.filter(
    (name) => !whole.includes(name) && inputs[name] !== undefined && !/Indices|labels/.test(name),
  );
  const name = dice.pick(names);
  const numbers = inputs[name]!;
  const data = numbers.data.slice();
  data[dice.below(data.length)] = Number.NaN;
  const result = resultOrRefusal([loss.name], () =>
    evaluate(loss as AnyLoss<'scalar'>, { ...inputs, [name]: { data, shape: numbers.shape } }),
  );
  if (result === undefined) return;
  claim(
    Array.from(plainOf(result.value)).some((value) => !Number.isFinite(value)),
    () => `NaN in ${name} gives ${Array.from(plainOf(result.value))}`,
  );
}

/** Labels out of range are refused, and a sum is that of the rows. */
function claimReduction({ loss, inputs }: LossSubject, expected: Computed): void {
  const { labels } = inputs;
  if (
    loss.inputs.includes('labels') &&
    labels !== undefined &&
    sizeOf(labels.shape) > 0 &&
    loss.name !== 'inBatchContrast' &&
    inputs.rowWeights === undefined
  ) {
    const data = labels.data.slice();
    data[0] = 99;
    claimRefused([loss.name], () => compute(loss, { ...inputs, labels: { data, shape: labels.shape } }), 'label 99');
  }
  for (const [name, gradient] of Object.entries(expected.gradients)) {
    if (gradient === undefined) continue;
    claim(plainOf(gradient).length === inputs[name]!.data.length, () => `the gradient of ${name} has another size`);
  }
}
