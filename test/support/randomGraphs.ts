/** Random programs over the vocabulary that a backend may record: the same steps run on any backend. */
import type { Backend, HostTensor, Shape } from 'dark-knowledge';
import { randomUniform } from '../../src/random.ts';
import { type ChoiceTensors, choiceKinds, choiceStep, choiceTensors, placeChoices } from './randomChoices.ts';

/** A program: what it starts from, and what it returns when it runs. */
export interface RandomGraph {
  readonly title: string;
  readonly inputs: readonly HostTensor[];
  /** Runs it in a scope; its results, which the caller owns. */
  run<T>(backend: Backend<T>): readonly T[];
}

/** Numbers that tell backends apart that are careless with them. */
const specialNumbers = [0, -0, Infinity, -Infinity, NaN, 1e4, -1e4] as const;
const extents = [1, 2, 3, 4, 5, 7, 8, 9, 33, 40] as const;

type Step = readonly [operation: number, a: number, b: number, c: number, d: number];

/** Kinds of steps that `compute` knows; those from here on are `choiceStep`'s. */
const operations = 16;

/** The program of a seed. `special` puts infinities, NaN and large numbers among the inputs. */
export function randomGraph(seed: number, special = false): RandomGraph {
  let drawn = 0;
  const draw = (): number => randomUniform(seed, drawn++);
  const below = (count: number): number => Math.floor(draw() * count);
  const rows = extents[below(extents.length)]!;
  const columns = draw() < 0.3 ? rows : extents[below(extents.length)]!;
  const shapes: readonly Shape[] = [
    [rows, columns],
    [rows, columns],
    [columns, rows],
    [rows, 1],
    [1, columns],
    [rows],
    [columns],
    [rows * columns],
    [rows, 2, columns],
    [rows, 2, columns],
    [rows, 2, 1],
    [rows, 1, 1],
    [1, 1],
    [],
  ];
  const element = (): number => {
    if (special && draw() < 0.1) return specialNumbers[below(specialNumbers.length)]!;
    // Sixteenths: sums and products of a few of them are exact, and ties are ties on every backend.
    return Math.round((draw() * 8 - 4) * 16) / 16;
  };
  const inputs = Array.from({ length: 3 + below(3) }, () => {
    const shape = shapes[below(shapes.length)]!;
    return { shape, data: Float32Array.from({ length: sizeOf(shape) }, element) };
  });
  // Some of the labels are out of range.
  const labels = { shape: [rows], data: Float32Array.from({ length: rows }, () => below(columns + 2) - 1) };
  const choices = choiceTensors(rows, columns, draw);
  // Some have their matrices across memory, as maps with channels first do, and leave them so.
  const batch = [1, 2, 3].findLast((count) => rows % count === 0)!;
  const lying = draw() < 0.4 ? batch : undefined;
  const steps: readonly Step[] = Array.from({ length: 4 + below(14) }, () => [
    below(operations + choiceKinds),
    draw(),
    draw(),
    draw(),
    draw(),
  ]);
  return {
    title: `seed ${seed}${special ? ', special numbers' : ''}: [${rows}, ${columns}], ${steps.length} steps`,
    inputs: [...inputs, labels, ...Object.values(choices)],
    run: (backend) => runSteps(backend, [rows, columns], inputs, labels, choices, steps, lying),
  };
}

function runSteps<T>(
  backend: Backend<T>,
  [rows, columns]: readonly [number, number],
  inputs: readonly HostTensor[],
  labels: HostTensor,
  choices: ChoiceTensors<HostTensor>,
  steps: readonly Step[],
  lying: number | undefined,
): readonly T[] {
  const isMatrix = (shape: Shape): boolean => String(shape) === String([rows, columns]);
  const place = (input: HostTensor): T => {
    if (lying === undefined || !isMatrix(input.shape)) return backend.fromHost(input);
    const across = backend.fromHost({ shape: [lying, columns, rows / lying], data: input.data });
    return backend.reshape(backend.transpose(across), [rows, columns]);
  };
  const result = (value: T): T => {
    if (lying === undefined || !isMatrix(backend.shapeOf(value))) return value;
    return backend.transpose(backend.reshape(value, [lying, rows / lying, columns]));
  };
  return backend.scope(() => {
    const given = placeChoices(choices, place);
    const values = inputs.map(place);
    values.push(...[0, 1, 0.75, -Infinity].map((number) => backend.scalar(number)));
    const label = backend.fromHost(labels);
    // Labels as given, or as computed.
    const isComputed = steps.length % 2 === 0;
    const labelled = backend.oneHot(isComputed ? backend.maximum(label, backend.scalar(0)) : label, columns);
    const results: T[] = [];
    for (const step of steps) {
      if (step[0] >= operations) {
        const [operation, , ...numbers] = step;
        const x = values.findLast((value) => isMatrix(backend.shapeOf(value))) ?? given.matrix;
        const { made, isLast } = choiceStep(backend, given, operation - operations, x, numbers);
        if (isLast) results.push(result(made));
        else values.push(made);
        continue;
      }
      const made = compute(backend, [rows, columns], values, labelled, step);
      if (made === undefined) continue;
      values.push(made);
      if (step[4] > 0.7 || step[1] > 0.8) results.push(result(made));
    }
    results.push(result(values.at(-1)!));
    return results;
  });
}

/** One step's result; undefined where its operands do not fit. */
function compute<T>(
  backend: Backend<T>,
  [rows, columns]: readonly [number, number],
  values: readonly T[],
  labelled: T,
  [operation, first, second, third, how]: Step,
): T | undefined {
  // Mostly of what was made last, so that programs are deep.
  const start = how < 0.6 ? Math.max(0, values.length - 6) : 0;
  const pick = (at: number): T => values[start + Math.floor(at * (values.length - start))]!;
  const [a, b, c] = [pick(first), pick(second), pick(third)];
  const shape = backend.shapeOf(a);
  const number = (value: number): T => backend.scalar(value);
  const pair = fits(backend, [a, b]);
  switch (operation) {
    case 0:
      return pair ? backend.add(a, b) : undefined;
    case 1:
      return pair ? backend.subtract(a, b) : undefined;
    case 2:
      return pair ? backend.multiply(a, b) : undefined;
    case 3:
      return pair ? backend.maximum(a, b) : undefined;
    case 4:
      return pair ? backend.greater(a, b) : undefined;
    case 5:
      return pair ? backend.divide(a, backend.add(backend.abs(b), number(0.5))) : undefined;
    case 6:
      return fits(backend, [a, b, c]) ? backend.where(backend.greater(a, number(0)), b, c) : undefined;
    case 7:
      return backend.exp(backend.subtract(number(0), backend.abs(a)));
    case 8:
      return backend.log(backend.add(backend.abs(a), number(1)));
    case 9: {
      const axis = shape.length === 0 || how < 0.2 ? undefined : how < 0.8 ? -1 : 0;
      const options = { keepDims: second < 0.5, ...(axis === undefined ? {} : { axis }) };
      return third < 0.7 ? backend.multiply(backend.sum(a, options), number(0.25)) : backend.max(a, options);
    }
    case 10: {
      if (shape.length === 0) return undefined;
      const along = { axis: -1, keepDims: true };
      const shifted = backend.subtract(a, backend.max(a, along));
      const logProbabilities =
        backend.logSoftmax && how < 0.5
          ? backend.logSoftmax(a)
          : backend.subtract(shifted, backend.log(backend.sum(backend.exp(shifted), along)));
      return second < 0.5 ? backend.exp(logProbabilities) : logProbabilities;
    }
    case 11: {
      const size = sizeOf(shape);
      const whole =
        size === rows * columns
          ? [
              [rows, columns],
              [columns, rows],
            ]
          : [];
      const split = [2, 3, 4, 5].filter((extent) => size % extent === 0).map((extent) => [extent, size / extent]);
      const targets = [[size], [1, size], [size, 1], ...whole, ...split];
      return backend.reshape(a, targets[Math.floor(second * targets.length)]!);
    }
    case 12: {
      const x = values.find((value) => String(backend.shapeOf(value)) === String([rows, columns]));
      if (x === undefined || second < 0.3)
        return third < 0.5 ? backend.sum(labelled, { axis: -1, keepDims: true }) : labelled;
      const chosen = backend.where(labelled, x, number(0));
      return third < 0.5 ? backend.sum(chosen, { axis: -1 }) : chosen;
    }
    case 13:
      return backend.sqrt(backend.abs(a));
    case 14: {
      if (shape.length < 2) return undefined;
      const axes = [...shape.keys()];
      const [moved] = axes.splice(Math.floor(second * axes.length), 1);
      axes.splice(Math.floor(third * (axes.length + 1)), 0, moved!);
      return backend.transpose(a, axes);
    }
    default:
      return pair ? backend.where(a, b, number(0)) : undefined;
  }
}

/** Whether shapes broadcast, to something small. */
function fits<T>(backend: Backend<T>, tensors: readonly T[]): boolean {
  const shapes = tensors.map((tensor) => backend.shapeOf(tensor));
  const rank = Math.max(...shapes.map((shape) => shape.length));
  let size = 1;
  for (let axis = 1; axis <= rank; axis++) {
    const own = new Set(shapes.map((shape) => shape.at(-axis) ?? 1).filter((extent) => extent !== 1));
    if (own.size > 1) return false;
    size *= [...own][0] ?? 1;
  }
  return size <= 3000;
}

function sizeOf(shape: Shape): number {
  return shape.reduce((size, extent) => size * extent, 1);
}

/** The first difference between what a backend computed and what is expected, as text; undefined where there is none. */
export function difference(got: HostTensor, expected: HostTensor, tolerance: number): string | undefined {
  if (String(got.shape) !== String(expected.shape)) return `shape [${got.shape}] in place of [${expected.shape}]`;
  for (let at = 0; at < expected.data.length; at++) {
    const [x, y] = [got.data[at]!, expected.data[at]!];
    const close = x === y || Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y));
    // Float32 overflows where float64 does not.
    const huge = Math.abs(x) > 1e30 && Math.abs(y) > 1e30 && Math.sign(x) === Math.sign(y);
    if (!(close || huge || (Number.isNaN(x) && Number.isNaN(y))))
      return `${x} in place of ${y} at ${at} of [${got.shape}]`;
  }
  return undefined;
}
