import { checkNotEmpty, checkSameShape, shapeError } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import { checkMask } from '../../ops/checkMask.ts';
import { type Reduction, type RowOptions, reductionOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { readOptions } from '../../options.ts';
import { type FormOf, maskedRowLoss } from '../../rowLoss.ts';

type Side = 'studentAttention' | 'teacherAttention';

/** Options of `attentionMse`. A row is a pair of positions. */
export type AttentionMseOptions<R extends Reduction = Reduction> = Omit<RowOptions<R>, 'ignoreIndex'>;

/**
 * Squared error of attention scores, before the softmax: the attention loss of TinyBERT.
 *
 * With d = studentAttention − teacherAttention, over the pairs (query, key) of positions that both count,
 *
 *     Σ d²/(pairs·heads)        gradient in studentAttention   2·d/(pairs·heads)
 *
 * Pairs with padding are left out, whatever they hold: −1e9, −Infinity or NaN, on either side.
 *
 * Inputs: `studentAttention` and `teacherAttention` [batch, heads, positions, positions] of one shape; optional `mask`
 * [batch, positions], 1 for positions and 0 for padding. Value: a scalar ≥ 0 (or [batch, positions, positions], the mean
 * over heads, with `reduction: 'none'`). Only `studentAttention` gets a gradient.
 *
 * For the divergence of attentions in place of their scores, see `klDivergence` on rows [batch·heads·positions, positions].
 *
 * @throws RangeError for an unknown option; TypeError where the two sides differ in heads or positions.
 * @example
 * const studentAttention = tensor([1, 0, 2, 1], [1, 1, 2, 2]);
 * const teacherAttention = tensor([0, 0, 0, 3], [1, 1, 2, 2]);
 * const { value } = evaluate(attentionMse(), { studentAttention, teacherAttention, mask: [[1, 0]] }); // 1
 * @see Jiao et al.: TinyBERT (2020), arXiv 1909.10351
 */
// @__NO_SIDE_EFFECTS__
export function attentionMse<R extends Reduction = 'mean'>(
  options: AttentionMseOptions<R> = {},
): Loss<Side, 'studentAttention', 'mask', FormOf<R>> {
  const rows = readOptions('attentionMse', options, reductionOptions<R>());
  // Where all pairs count and nobody asks for each, a sample is one row, of the weight of its pairs: no sum over heads beside
  // the one over pairs.
  const isWhole = (mask: unknown): boolean => mask === undefined && rows.reduction !== 'none';

  return maskedRowLoss<Side, 'studentAttention', 'differences', R, 'mask'>(rows, {
    name: 'attentionMse',
    reference: attentionMse,
    options: {},
    inputs: ['studentAttention', 'teacherAttention'],
    optionalInputs: ['mask'],
    differentiable: ['studentAttention'],

    check(backend, { studentAttention, teacherAttention, mask }) {
      const shape = backend.shapeOf(studentAttention);
      const [batch = 0, , queries = 0, keys = 0] = shape;
      if (shape.length !== 4 || queries !== keys) {
        const form = 'of shape [batch, heads, positions, positions]';
        throw shapeError('attentionMse', 'studentAttention', form, shape);
      }
      checkNotEmpty('attentionMse', 'studentAttention', shape);
      checkSameShape('attentionMse', 'teacherAttention', backend.shapeOf(teacherAttention), 'studentAttention', shape);
      checkMask(backend, 'attentionMse', mask, 'the positions', [batch, queries]);
      return [batch, queries, keys];
    },

    counts(backend, { studentAttention, mask }) {
      const [batch = 1, , positions = 1] = backend.shapeOf(studentAttention);
      if (isWhole(mask)) {
        return backend.fromHost({ data: new Float64Array(batch).fill(positions ** 2), shape: [batch] });
      }
      if (mask === undefined) return undefined;
      return backend.multiply(
        backend.reshape(mask, [batch, positions, 1]),
        backend.reshape(mask, [batch, 1, positions]),
      );
    },

    rows(backend, { studentAttention, teacherAttention, mask }) {
      const differences = backend.subtract(studentAttention, teacherAttention);
      const squares = backend.multiply(differences, differences);
      const [batch = 1, heads = 1, queries = 1, keys = 1] = backend.shapeOf(differences);
      if (!isWhole(mask)) {
        const losses = scale(backend, backend.sum(squares, { axis: 1 }), 1 / heads);
        return { losses, differences, ...(mask !== undefined && { mask }) };
      }
      const size = heads * queries * keys;
      const sums = backend.sum(backend.reshape(squares, [batch, size]), { axis: -1 });
      return { losses: scale(backend, sums, 1 / size), differences };
    },

    gradients(backend, { differences, mask }, scaled) {
      const [batch = 1, heads = 1, queries = 1, keys = 1] = backend.shapeOf(differences);
      const [pairs, column] = isWhole(mask) ? [queries * keys, [batch, 1, 1, 1]] : [1, [batch, 1, queries, keys]];
      return [scaled(scale(backend, differences, 2 / (heads * pairs)), column)];
    },
  });
}
