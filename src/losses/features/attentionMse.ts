import type { Backend } from '../../backend.ts';
import { checkNotEmpty, checkSameShape, shapeError } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import { checkMask } from '../../ops/checkMask.ts';
import { type Reduction, type RowOptions, reductionOptions } from '../../ops/rowReduction.ts';
import { scale } from '../../ops/scale.ts';
import { readOptions } from '../../options.ts';
import { type FormOf, maskedRowLoss } from '../../rowLoss.ts';

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
): Loss<'studentAttention' | 'teacherAttention', 'studentAttention', 'mask', FormOf<R>> {
  return maskedRowLoss(readOptions('attentionMse', options, reductionOptions<R>()), {
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

    counts(backend, { mask }) {
      if (mask === undefined) return undefined;
      const [batch = 1, positions = 1] = backend.shapeOf(mask);
      return backend.multiply(
        backend.reshape(mask, [batch, positions, 1]),
        backend.reshape(mask, [batch, 1, positions]),
      );
    },

    rows(backend, { studentAttention, teacherAttention }) {
      const differences = backend.subtract(studentAttention, teacherAttention);
      const squares = backend.sum(backend.multiply(differences, differences), { axis: 1 });
      return { losses: scale(backend, squares, 1 / headsOf(backend, differences)), differences };
    },

    gradients(backend, { differences }, scaled) {
      const [batch = 1, heads = 1, queries = 1, keys = 1] = backend.shapeOf(differences);
      return [scaled(scale(backend, differences, 2 / heads), [batch, 1, queries, keys])];
    },
  });
}

function headsOf<T>(backend: Backend<T>, attention: T): number {
  return backend.shapeOf(attention)[1]!;
}
