/** The two sweeps over tiles of logits behind `linearDivergence`: for the rows' values, and for the gradients. */
import type { Backend } from '../../backend.ts';
import type { Inputs } from '../../inputs.ts';
import { flattenRows } from '../../ops/flattenRows.ts';
import { foldRows } from '../../ops/foldRows.ts';
import {
  type Head,
  type HeadShape,
  headGradient,
  headLogits,
  headWithin,
  type Range,
  rowsWithin,
} from '../../ops/linearHead.ts';
import { partialDivergence } from '../../ops/rowDivergence.ts';
import { scale } from '../../ops/scale.ts';
import type { SidePair, Temperatures } from '../../ops/softenedPair.ts';
import { type RowNumbers, rowNumbers, type TiledDivergenceName, tilePair } from '../../ops/tiledDivergence.ts';
import type { ScaleRows } from '../../rowLoss.ts';
import { sizeOf } from '../../tensor.ts';

/** What the sweeps go by. */
export interface LinearSettings {
  readonly divergence: TiledDivergenceName;
  readonly beta: number;
  readonly temperatures: Temperatures;
  /** T², or 1. */
  readonly factor: number;
  readonly heads: SidePair<HeadShape>;
  /** How rows and classes are cut. */
  tiles(rows: number, classes: number): { readonly tokens: readonly Range[]; readonly classes: readonly Range[] };
}

type Tensors = 'studentStates' | 'studentWeight' | 'teacherStates' | 'teacherWeight';
type Biases = 'studentBias' | 'teacherBias';

/** Inputs, and one number a row of each of those that `RowNumbers` has, [rows, 1]; `second` as the divergence needs it. */
export type LinearKept = Tensors | 'studentMax' | 'teacherMax' | 'studentTotal' | 'teacherTotal' | 'kappa' | 'second';

/** Both sides, states as [rows, width]. */
function sidesOf<T>(backend: Backend<T>, inputs: Inputs<Tensors, Biases, T>, { heads }: LinearSettings) {
  const { studentWeight, studentBias, teacherWeight, teacherBias } = inputs;
  return {
    student: {
      states: flattenRows(backend, inputs.studentStates),
      head: { ...heads.student, weight: studentWeight, bias: studentBias },
    },
    teacher: {
      states: flattenRows(backend, inputs.teacherStates),
      head: { ...heads.teacher, weight: teacherWeight, bias: teacherBias },
    },
  };
}

type Sides<T> = SidePair<{ readonly states: T; readonly head: Head<T> }>;

function tileLogits<T>(backend: Backend<T>, { student, teacher }: Sides<T>, classes: Range): SidePair<T> {
  return {
    student: headLogits(backend, student.states, headWithin(backend, student.head, classes)),
    teacher: headLogits(backend, teacher.states, headWithin(backend, teacher.head, classes)),
  };
}

function tokensWithin<T>(backend: Backend<T>, { student, teacher }: Sides<T>, tokens: Range): Sides<T> {
  return {
    student: { ...student, states: rowsWithin(backend, student.states, tokens) },
    teacher: { ...teacher, states: rowsWithin(backend, teacher.states, tokens) },
  };
}

/** The rows' losses, and what the gradient needs. */
export function linearRows<T>(
  backend: Backend<T>,
  inputs: Inputs<Tensors, Biases, T>,
  settings: LinearSettings,
): Inputs<LinearKept | 'losses', Biases, T> {
  const sides = sidesOf(backend, inputs, settings);
  const [count = 0] = backend.shapeOf(sides.student.states);
  const tiles = settings.tiles(count, backend.shapeOf(sides.student.head.weight)[0]!);
  const column = [count, 1];
  const shapes = Array.from({ length: 7 }, () => column);
  const { rows } = foldRows(backend, shapes, tiles.tokens.length, [], (index) => ({
    rows: tokenNumbers(backend, tokensWithin(backend, sides, tiles.tokens[index]!), tiles.classes, settings),
    carried: [],
  }));
  const [losses, studentMax, teacherMax, studentTotal, teacherTotal, kappa, second] = rows as [T, T, T, T, T, T, T];
  const rowShape = backend.shapeOf(inputs.studentStates).slice(0, -1);
  return {
    losses: backend.reshape(scale(backend, losses, settings.factor), rowShape),
    studentMax,
    teacherMax,
    studentTotal,
    teacherTotal,
    kappa,
    second,
    studentStates: inputs.studentStates,
    studentWeight: inputs.studentWeight,
    studentBias: inputs.studentBias,
    teacherStates: inputs.teacherStates,
    teacherWeight: inputs.teacherWeight,
    teacherBias: inputs.teacherBias,
  };
}

/** Of some rows, [rows, 1] each: the loss, the numbers of the rows, and what the gradient needs once a row. */
function tokenNumbers<T>(
  backend: Backend<T>,
  sides: Sides<T>,
  classes: readonly Range[],
  { divergence, beta, temperatures }: LinearSettings,
): readonly T[] {
  const [count = 0] = backend.shapeOf(sides.student.states);
  const logitsOf = (tile: number): SidePair<T> => tileLogits(backend, sides, classes[tile]!);
  const direction = divergence === 'reverse' ? 'reverse' : 'forward';
  const numbers = rowNumbers(backend, count, classes.length, logitsOf, temperatures, direction);
  const { maxima, totals, kappa } = numbers;
  const ofRows = [maxima.student, maxima.teacher, totals.student, totals.teacher, kappa];
  if (divergence !== 'jensenShannon') {
    const losses = backend.reshape(numbers.divergence, [count, 1]);
    return [losses, ...ofRows, losses];
  }
  // The mixture needs both sides' totals, so its terms take a walk of their own.
  const of = partialDivergence('jensenShannon', beta);
  const zeros = backend.fromHost({ data: new Float32Array(count), shape: [count] });
  const { carried } = foldRows(backend, [], classes.length, [zeros, zeros], (tile, [losses, second]) => {
    const found = of.rows(backend, tilePair(backend, logitsOf(tile), numbers, temperatures));
    return { rows: [], carried: [backend.add(losses!, found.losses), backend.add(second!, found.second)] };
  });
  const [losses, second] = carried.map((x) => backend.reshape(x, [count, 1]));
  return [losses!, ...ofRows, second!];
}

/** The gradients of the value in the student's states, weight and, where there is one, bias. */
export function linearGradients<T>(
  backend: Backend<T>,
  kept: Inputs<LinearKept, Biases, T>,
  scaled: ScaleRows<T>,
  settings: LinearSettings,
): readonly (T | undefined)[] {
  const sides = sidesOf(backend, kept, settings);
  const { states, head } = sides.student;
  const [count = 0, width = 0] = backend.shapeOf(states);
  const [classCount = 0] = backend.shapeOf(head.weight);
  const biasShapes = head.bias === undefined ? [] : [[classCount]];
  if (count === 0) {
    return [backend.shapeOf(kept.studentStates), [classCount, width], ...biasShapes].map((shape) =>
      zeros(backend, shape),
    );
  }
  const tiles = settings.tiles(count, classCount);
  // What a row's gradient is multiplied with: 0 for a row that does not count, whatever it holds.
  const factors = scaled(ones(backend, [...backend.shapeOf(kept.studentStates).slice(0, -1), 1]));
  const column = backend.reshape(scale(backend, factors, settings.factor / settings.temperatures.student), [count, 1]);
  const parts = tiles.tokens.map((tokens) => tokenPart(backend, sides, kept, column, tokens));
  const begun = tiles.tokens.map(({ size }) => zeros(backend, [size, width]));
  const shapes = [[classCount, width], ...biasShapes];

  const { rows, carried } = foldRows(backend, shapes, tiles.classes.length, begun, (tile, sums) => {
    const within = headWithin(backend, head, tiles.classes[tile]!);
    const teacherWithin = headWithin(backend, sides.teacher.head, tiles.classes[tile]!);
    const made = parts.map((part) =>
      backend.scope(() => tileGradients(backend, part, within, teacherWithin, settings)),
    );
    const ofWeight = sumOf(
      backend,
      made.map(({ weight }) => weight),
    );
    const ofBias = sumOf(
      backend,
      made.map(({ bias }) => bias),
    );
    return {
      rows: head.bias === undefined ? [ofWeight] : [ofWeight, ofBias],
      carried: made.map((part, index) => backend.add(sums[index]!, part.states)),
    };
  });
  const joined = foldRows(backend, [[count, width]], carried.length, [], (index) => ({
    rows: [carried[index]!],
    carried: [],
  })).rows[0]!;
  return [backend.reshape(joined, backend.shapeOf(kept.studentStates)), rows[0], rows[1]];
}

/** Some rows' states and numbers, and the factors of their gradients. */
interface TokenPart<T> extends SidePair<T> {
  readonly numbers: RowNumbers<T>;
  readonly second: T;
  readonly factors: T;
}

function tokenPart<T>(
  backend: Backend<T>,
  sides: Sides<T>,
  kept: Inputs<LinearKept, Biases, T>,
  factors: T,
  tokens: Range,
): TokenPart<T> {
  const part = (x: T): T => rowsWithin(backend, x, tokens);
  return {
    student: part(sides.student.states),
    teacher: part(sides.teacher.states),
    numbers: {
      maxima: { student: part(kept.studentMax), teacher: part(kept.teacherMax) },
      totals: { student: part(kept.studentTotal), teacher: part(kept.teacherTotal) },
      kappa: part(kept.kappa),
    },
    second: backend.reshape(part(kept.second), [tokens.size]),
    factors: part(factors),
  };
}

/** What a tile of rows and classes adds to the gradients. */
function tileGradients<T>(
  backend: Backend<T>,
  part: TokenPart<T>,
  head: Head<T>,
  teacherHead: Head<T>,
  { divergence, beta, temperatures }: LinearSettings,
): Readonly<Record<'states' | 'weight' | 'bias', T>> {
  const logits = headLogits(backend, part.student, head);
  const teacherLogits = headLogits(backend, part.teacher, teacherHead);
  const gradient = backend.scope(() => {
    const pair = tilePair(backend, { student: logits, teacher: teacherLogits }, part.numbers, temperatures);
    const ofLogits = partialDivergence(divergence, beta).part(backend, pair, part.second);
    const ofProducts = headGradient(backend, logits, backend.multiply(ofLogits, part.factors), head);
    // At the end: a cap's slope is NaN where the logits are.
    return backend.where(part.factors, ofProducts, backend.scalar(0));
  });
  const states = backend.where(part.factors, part.student, backend.scalar(0));
  return {
    states: backend.matMul(gradient, head.weight),
    weight: backend.matMul(gradient, states, { transposeA: true }),
    bias: backend.sum(gradient, { axis: 0 }),
  };
}

function sumOf<T>(backend: Backend<T>, tensors: readonly T[]): T {
  return tensors.reduce((sum, tensor) => backend.add(sum, tensor));
}

function zeros<T>(backend: Backend<T>, shape: readonly number[]): T {
  return backend.fromHost({ data: new Float32Array(sizeOf(shape)), shape });
}

function ones<T>(backend: Backend<T>, shape: readonly number[]): T {
  const size = sizeOf(shape);
  return backend.fromHost({ data: new Float32Array(size).fill(1), shape });
}
