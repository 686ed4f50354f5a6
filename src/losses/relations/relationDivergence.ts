import type { Backend } from '../../backend.ts';
import { checkNotEmpty, checkSameShape, kindError, rangeError, shapeError } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import { checkMask } from '../../ops/checkMask.ts';
import { type DivergenceKept, forwardDivergence } from '../../ops/rowDivergence.ts';
import { type Reduction, type RowOptions, reductionOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { softenedPair } from '../../ops/softenedPair.ts';
import { readOptions, whole } from '../../options.ts';
import { type FormOf, maskedRowLoss } from '../../rowLoss.ts';

/** Options of `relationDivergence`. A row is a position, as a query. */
export interface RelationDivergenceOptions<R extends Reduction = Reduction> extends Omit<RowOptions<R>, 'ignoreIndex'> {
  /**
   * Relation heads: the states of both sides are split into so many parts. Not the models' own heads: 48 or 64 in MiniLMv2.
   * Has to divide both widths.
   */
  readonly heads: number;
}

type States = 'studentStates' | 'teacherStates';
type Keys = 'studentKeys' | 'teacherKeys';

/**
 * Self-attention relations of MiniLM: which positions are related, in the states of one layer, is the same for student and
 * teacher, whose widths may differ.
 *
 * With states split into heads of width w, and for each head and query position the relations
 *
 *     softmax over keys of ⟨x_query, y_key⟩/√w,    q of the student, p of the teacher,
 *
 * the loss is the mean over heads and query positions of Σ p·(log p − log q). With g = (q − p)/√w times the position's share,
 * the gradient in x is g·y and that in y is gᵀ·x; where x and y are the same states, their sum. Values with values, queries
 * with queries, keys with keys: `studentStates` and `teacherStates` alone; attention's queries with keys: `studentKeys` and
 * `teacherKeys` too. MiniLM adds two of these losses at the last layer, MiniLMv2 three.
 *
 * Inputs: `studentStates` [batch, positions, width] and `teacherStates` of a width of its own; optional `studentKeys` and
 * `teacherKeys` of their shapes, together; optional `mask` [batch, positions], 1 for positions and 0 for padding, which is
 * no key and counts as no query, whatever it holds. Value: in nats, ≥ 0, a scalar (or [batch, positions], the mean over
 * heads, with `reduction: 'none'`). `studentStates` and, where given, `studentKeys` get a gradient. Products of states are
 * logits: beyond some 1e19 those of float32 are no numbers, and the loss is NaN.
 *
 * @throws RangeError where the heads do not divide a width, or for an unknown option.
 * @example
 * const studentStates = [[[1, 0, 2, 1], [0, 1, 1, 0]]];
 * const teacherStates = [[[0, 1], [2, 1]]];
 * const { value } = evaluate(relationDivergence({ heads: 2 }), { studentStates, teacherStates });
 * @see Wang et al.: MiniLM (2020), arXiv 2002.10957; MiniLMv2 (2021), arXiv 2012.15828
 */
// @__NO_SIDE_EFFECTS__
export function relationDivergence<R extends Reduction = 'mean'>(
  options: RelationDivergenceOptions<R>,
): Loss<States, 'studentStates' | 'studentKeys', Keys | 'mask', FormOf<R>> {
  const { heads, ...rows } = readOptions('relationDivergence', options, { heads: whole(1), ...reductionOptions<R>() });
  const divergence = forwardDivergence;

  return maskedRowLoss<States, 'studentStates' | 'studentKeys', DivergenceKept | 'queries', R, Keys | 'mask'>(rows, {
    name: 'relationDivergence',
    reference: relationDivergence,
    options: { heads },
    inputs: ['studentStates', 'teacherStates'],
    optionalInputs: ['studentKeys', 'teacherKeys', 'mask'],
    differentiable: ['studentStates', 'studentKeys'],

    check(backend, { studentStates, teacherStates, studentKeys, teacherKeys, mask }) {
      const [batch = 0, positions = 0] = checkStates(backend, 'student', studentStates, studentKeys, heads);
      const teacher = checkStates(backend, 'teacher', teacherStates, teacherKeys, heads);
      if (teacher[0] !== batch || teacher[1] !== positions) {
        const form = `of ${batch} sequences of ${positions} positions as studentStates`;
        throw shapeError('relationDivergence', 'teacherStates', form, teacher);
      }
      if ((studentKeys === undefined) !== (teacherKeys === undefined)) {
        const missing = studentKeys === undefined ? 'studentKeys' : 'teacherKeys';
        throw kindError('relationDivergence', missing, 'given where the other side has keys', undefined);
      }
      checkMask(backend, 'relationDivergence', mask, 'the positions', [batch, positions]);
      return [batch, positions];
    },

    counts: (_, { mask }) => mask,

    rows(backend, { studentStates, teacherStates, studentKeys, teacherKeys, mask }) {
      const student = relations(backend, studentStates, studentKeys, mask, heads);
      const teacher = relations(backend, teacherStates, teacherKeys, mask, heads);
      // The root of a head's width is what a temperature is elsewhere.
      const widths = { student: student.temperature, teacher: teacher.temperature };
      const pair = softenedPair(backend, student.products, teacher.products, widths);
      const { losses, ...kept } = divergence.rows(backend, pair);
      return {
        losses: scale(backend, backend.sum(losses, { axis: 0 }), 1 / heads),
        ...kept,
        queries: student.queries,
        studentKeys: studentKeys && student.keys,
      };
    },

    gradients(backend, { queries, studentKeys: keys, ...kept }, scaled) {
      const [, batch = 1, positions = 1, width = 1] = backend.shapeOf(queries);
      const slopes = scale(backend, divergence.gradient(backend, kept), 1 / (heads * Math.sqrt(width)));
      const inProducts = scaled(slopes, [1, batch, positions, 1]);
      const inQueries = merged(backend, backend.matMul(inProducts, keys ?? queries));
      const inKeys = merged(backend, backend.matMul(inProducts, queries, { transposeA: true }));
      return keys === undefined ? [backend.add(inQueries, inKeys), undefined] : [inQueries, inKeys];
    },
  });
}

/** Requires states [batch, positions, width] that the heads divide, and keys of their shape. */
function checkStates<T>(
  backend: Backend<T>,
  side: 'student' | 'teacher',
  states: T,
  keys: T | undefined,
  heads: number,
): readonly number[] {
  const where = 'relationDivergence';
  const shape = backend.shapeOf(states);
  if (shape.length !== 3) throw shapeError(where, `${side}States`, 'of shape [batch, positions, width]', shape);
  checkNotEmpty(where, `${side}States`, shape);
  if (keys !== undefined) checkSameShape(where, `${side}Keys`, backend.shapeOf(keys), `${side}States`, shape);
  if (shape[2]! % heads !== 0) {
    throw rangeError(where, 'heads', `a divisor of the ${side}'s width, ${shape[2]}`, heads);
  }
  return shape;
}

/** Queries and keys by heads, [heads, batch, positions, w], their products, −Infinity with padding, and √w. */
function relations<T>(backend: Backend<T>, states: T, keys: T | undefined, mask: T | undefined, heads: number) {
  const queriesOf = split(backend, states, mask, heads);
  const keysOf = keys === undefined ? queriesOf : split(backend, keys, mask, heads);
  const [, batch = 1, positions = 1, width = 1] = backend.shapeOf(queriesOf);
  const products = backend.matMul(queriesOf, keysOf, { transposeB: true });
  const counted =
    mask === undefined
      ? products
      : backend.where(backend.reshape(mask, [1, batch, 1, positions]), products, backend.scalar(-Infinity));
  return { queries: queriesOf, keys: keysOf, products: counted, temperature: Math.sqrt(width) };
}

/** [batch, positions, width] by heads, [heads, batch, positions, w]; padding is 0, whatever it holds. */
function split<T>(backend: Backend<T>, states: T, mask: T | undefined, heads: number): T {
  const [batch = 1, positions = 1, width = 1] = backend.shapeOf(states);
  const counted =
    mask === undefined
      ? states
      : backend.where(backend.reshape(mask, [batch, positions, 1]), states, backend.scalar(0));
  return backend.transpose(backend.reshape(counted, [batch, positions, heads, width / heads]), [2, 0, 1, 3]);
}

/** Heads side by side again, [batch, positions, width]. */
function merged<T>(backend: Backend<T>, byHeads: T): T {
  const [heads = 1, batch = 1, positions = 1, width = 1] = backend.shapeOf(byHeads);
  return backend.reshape(backend.transpose(byHeads, [1, 2, 0, 3]), [batch, positions, heads * width]);
}
