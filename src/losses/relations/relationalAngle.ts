import type { Backend } from '../../backend.ts';
import type { Loss } from '../../loss.ts';
import { optional, readOptions, whole } from '../../options.ts';
import { deriveSeed, randomPermutation } from '../../random.ts';
import { setLoss } from '../../setLoss.ts';
import { angleTerms } from './angleTerms.ts';

/** Options of `relationalAngle`. */
export interface RelationalAngleOptions {
  /**
   * How many samples, drawn anew at each `step`, serve as the corners of the angles; all, when left out. Time grows with
   * anchors·batch²·features.
   */
  readonly anchors?: number;
  /** A whole number: the same seed draws the same anchors at the same step. Default 0. */
  readonly seed?: number;
}

/**
 * Relational knowledge distillation by angle: any three of the student's samples form the same angle as the teacher's.
 *
 * With e_ij = (x_j − x_i)/‖x_j − x_i‖ of a side, the cosines A_ijk = ⟨e_ij, e_ik⟩ of the angles at i, and h the Huber
 * function (x²/2 up to |x| = 1, |x| − ½ beyond), over B samples
 *
 *     Σ_ijk h(A_ijk − T_ijk)/B³
 *     gradient in e_ij   2·Σ_k h'(A_ijk − T_ijk)·e_ik/B³,   and through e_ij to x_j, with the opposite sign to x_i
 *
 * Equal samples span no angle: cosine 0, gradient 0. An offset of all samples changes nothing. With `anchors` the loss is
 * the mean over the angles at a few samples, drawn at each `step`, and its expectation is the loss over all.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [batch, ...], each of a size of its own; optional `mask` [batch], 0 for
 * samples that are to be left out, whatever they hold. Value: a scalar ≥ 0. Only `studentFeatures` gets a gradient. The
 * paper weighs it 50 beside a distance loss of 25.
 *
 * @throws RangeError for anchors below 1, or an unknown option.
 * @example
 * const studentFeatures = [[0, 0], [3, 4], [6, 0]];
 * const teacherFeatures = [[0, 0], [1, 0], [0, 1]];
 * const { value } = evaluate(relationalAngle(), { studentFeatures, teacherFeatures }); // 0.0205
 * @see Park, Kim, Lu, Cho: Relational knowledge distillation (2019), arXiv 1904.05068
 */
// @__NO_SIDE_EFFECTS__
export function relationalAngle(
  options: RelationalAngleOptions = {},
): Loss<'studentFeatures' | 'teacherFeatures', 'studentFeatures', 'mask'> {
  const checked = readOptions('relationalAngle', options, {
    anchors: optional(whole(1)),
    seed: whole(0, 0),
  });

  return setLoss({
    name: 'relationalAngle',
    reference: relationalAngle,
    options: checked,

    value(backend, set, context) {
      const [batch = 1] = backend.shapeOf(set.student);
      const { anchors = batch, seed } = checked;
      const corners =
        anchors < batch
          ? randomPermutation(deriveSeed(seed, context?.step ?? 0), batch).subarray(0, anchors)
          : Int32Array.from({ length: batch }, (_, index) => index);
      const { total, slopes } = angleTerms(backend, set, corners);
      // Corners that do not count span no angles, and are not counted.
      const cornerCount = corners.length === batch ? set.size : countAt(backend, set.counts, corners);
      const angles = backend.multiply(backend.multiply(set.size, set.size), cornerCount);
      return { value: backend.divide(total, angles), slopes, angles };
    },

    gradient: (backend, { slopes, angles }, upstream) => backend.multiply(slopes, backend.divide(upstream, angles)),
  });
}

/** How many of some samples count, at least 1. */
function countAt<T>(backend: Backend<T>, counts: T | undefined, samples: Int32Array): T {
  if (counts === undefined) return backend.scalar(samples.length);
  const chosen = backend.gather(counts, backend.fromHost({ data: samples, shape: [samples.length] }));
  return backend.maximum(backend.sum(chosen), backend.scalar(1));
}
