/** One case of the contract: a random operation on random tensors, the same on every backend, refused by all or by none. */
import type { Backend, HostTensor } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { wasmBackend } from 'dark-knowledge/wasm';
import type { Dice } from './dice.ts';
import { filled, type Numbers } from './numbers.ts';
import { oddValue } from './spoil.ts';
import { claim, claimFramed, claimSame } from './truths.ts';

interface Operation {
  readonly name: string;
  run<T>(backend: Backend<T>, tensors: readonly T[]): T;
}

const special = [0, -0, 1, -1, 2.5, Number.NaN, Infinity, -Infinity, 1e-30, 3e38, 7] as const;
const numbers = (dice: Dice, shape: readonly number[]): Numbers =>
  filled(shape, () => (dice.chance(0.3) ? dice.pick(special) : dice.whole(-4, 4)));
const shapes = [[], [1], [3], [2, 3], [1, 3], [2, 1], [3, 2], [2, 2, 3], [0], [0, 3], [2, 0]] as const;

/** A backend and what makes another of its kind. */
export const openers: Readonly<Record<string, (options?: never) => Backend<unknown>>> = {
  cpuBackend: cpuBackend as never,
  wasmBackend: wasmBackend as never,
};

/** Runs a case; throws a finding. `double` is float64, the others float32. */
export function backendCase(dice: Dice, double: Backend<unknown>, others: readonly Backend<unknown>[]): void {
  const given = [dice.pick(shapes), dice.pick(shapes), dice.pick(shapes)].map((shape) => numbers(dice, shape));
  const operation = operationOf(dice, given);
  const [expected, failed] = outcome(double, operation, given);
  for (const backend of others) {
    const [result, refused] = outcome(backend, operation, given);
    claim(
      refused === failed,
      () =>
        `${backend.name}.${operation.name} ${refused ? 'refuses' : 'takes'} what cpu in float64 ${failed ? 'refuses' : 'takes'}: ${given.map(({ shape }) => `[${shape}]`)}`,
    );
    if (expected === undefined || result === undefined) continue;
    claimSame(result.shape, expected.shape, 0, `${backend.name}.${operation.name}: shape`);
    const inRange =
      expected.data.every((value) => Number.isNaN(value) || Math.abs(value) === Infinity || Math.abs(value) < 1e30) &&
      given.every(({ data }) => data.every((value) => !(Math.abs(value) > 1e30 && Math.abs(value) < Infinity)));
    if (inRange)
      claimSame(
        Array.from(result.data),
        Array.from(expected.data),
        1e-4,
        `${backend.name}.${operation.name} of ${given.map(({ data, shape }) => `[${shape}] ${Array.from(data)}`).join('; ')}`,
      );
  }
}

function outcome<T>(
  backend: Backend<T>,
  operation: Operation,
  given: readonly Numbers[],
): readonly [HostTensor | undefined, boolean] {
  const before = backend.tensorCount?.();
  const tensors = given.map(({ data, shape }) =>
    backend.fromHost({ data: backend.name === 'cpu' ? data : Float32Array.from(data), shape }),
  );
  let result: HostTensor | undefined;
  let refused = false;
  try {
    const made = backend.scope(() => operation.run(backend, tensors));
    const { data, shape } = backend.readSync!(made);
    result = { data: data.slice(), shape: [...shape] };
    if (!tensors.includes(made)) backend.dispose(made);
  } catch (error) {
    refused = true;
    claimFramed(error, [`${backend.name}Backend`, backend.name, 'cpuBackend', 'wasmBackend']);
  }
  for (const tensor of tensors) backend.dispose(tensor);
  claim(backend.tensorCount?.() === before, () => `${backend.name}.${operation.name} leaves tensors behind`);
  return [result, refused];
}

/** Something whole, or something wrong. */
const maybeWrong = (dice: Dice, right: unknown): never => (dice.chance(0.2) ? oddValue(dice) : right) as never;

function operationOf(dice: Dice, given: readonly Numbers[]): Operation {
  const rank = given[0]!.shape.length;
  const axes = dice.pick([undefined, -1, 0, 1, [0], [0, 1], [], rank]);
  const reduceOptions = axes === undefined ? undefined : { axis: maybeWrong(dice, axes), keepDims: dice.chance(0.5) };
  const shape = maybeWrong(
    dice,
    dice.pick([[given[0]!.data.length], [1, given[0]!.data.length], [...given[0]!.shape].reverse(), [2, -1]]),
  );
  const permutation = maybeWrong(dice, dice.pick([undefined, [...Array(rank).keys()].reverse(), [0], [0, 0]]));
  const flags = { transposeA: dice.chance(0.5), transposeB: dice.chance(0.5) };
  const depth = maybeWrong(dice, dice.whole(1, 4));
  const two = ['add', 'subtract', 'multiply', 'divide', 'maximum', 'greater'] as const;
  const one = ['exp', 'log', 'sqrt', 'abs'] as const;
  const [pair, single] = [dice.pick(two), dice.pick(one)];
  const operations: readonly Operation[] = [
    { name: pair, run: (b, [x, y]) => b[pair](x!, y!) },
    { name: single, run: (b, [x]) => b[single](x!) },
    { name: 'where', run: (b, [x, y, z]) => b.where(x!, y!, z!) },
    { name: 'sum', run: (b, [x]) => b.sum(x!, reduceOptions) },
    { name: 'max', run: (b, [x]) => b.max(x!, reduceOptions) },
    { name: 'argMax', run: (b, [x]) => b.argMax(x!) },
    { name: 'reshape', run: (b, [x]) => b.reshape(x!, shape) },
    { name: 'transpose', run: (b, [x]) => b.transpose(x!, permutation) },
    { name: 'matMul', run: (b, [x, y]) => b.matMul(x!, y!, flags) },
    { name: 'oneHot', run: (b, [x]) => b.oneHot(x!, depth) },
    { name: 'gather', run: (b, [x, y]) => b.gather(x!, y!) },
    { name: 'scalar', run: (b) => b.scalar(maybeWrong(dice, 3)) },
  ];
  const chosen = dice.pick(operations);
  // What is wrong is wrong alike on every backend.
  const odd = maybeWrong(dice, 3);
  return chosen.name === 'scalar' ? { name: 'scalar', run: (b) => b.scalar(odd) } : chosen;
}
