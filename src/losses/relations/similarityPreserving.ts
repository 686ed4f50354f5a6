import type { Loss } from '../../loss.ts';
import { asRow, inverseLengths, unitRowPair } from '../../ops/unitRows.ts';
import { readOptions } from '../../options.ts';
import { setLoss } from '../../setLoss.ts';

/**
 * Similarity-preserving distillation: samples that are alike to the teacher are alike to the student.
 *
 * With the Gram matrix G = F·Fᵀ of a side's flattened features over B samples, and Ĝ its rows brought to length 1,
 *
 *     Σ (Ĝ − Ĝ_t)²/B²
 *     gradient in F   (M + Mᵀ)·F,   M = (g − Ĝ⟨Ĝ, g⟩)/|G| by rows, g = 2(Ĝ − Ĝ_t)/B²
 *
 * A sample of zeros has a row of zeros, and no gradient through it. One sample alone: value 0, gradient 0.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [batch, ...], each of a size of its own; optional `mask` [batch], 0 for
 * samples that are to be left out, whatever they hold. Value: a scalar ≥ 0. Only `studentFeatures` gets a gradient. Public
 * codes weigh it 3000.
 *
 * @throws RangeError for an option: there are none.
 * @example
 * const studentFeatures = [[3, 4], [6, 0]];
 * const teacherFeatures = [[1, 0], [0, 1]];
 * const { value } = evaluate(similarityPreserving(), { studentFeatures, teacherFeatures }); // 0.147
 * @see Tung, Mori: Similarity-preserving knowledge distillation (2019), arXiv 1907.09682
 */
// @__NO_SIDE_EFFECTS__
export function similarityPreserving(
  options: Readonly<Record<string, never>> = {},
): Loss<'studentFeatures' | 'teacherFeatures', 'studentFeatures', 'mask'> {
  readOptions('similarityPreserving', options, {});

  return setLoss({
    name: 'similarityPreserving',
    reference: similarityPreserving,
    options: {},

    value(backend, { student, teacher, size }) {
      // Samples that do not count are zeros, and so are their rows and columns on both sides.
      const grams = [student, teacher].map((x) => backend.matMul(x, x, { transposeB: true }));
      const [own, other] = unitRowPair(backend, grams[0]!, grams[1]!);
      const differences = backend.subtract(own.directions, other.directions);
      const pairs = backend.multiply(size, size);
      return {
        value: backend.divide(backend.sum(backend.multiply(differences, differences)), pairs),
        pairs,
        student,
        gram: grams[0]!,
        otherGram: grams[1]!,
        lengths: own.lengths,
        otherLengths: other.lengths,
        along: backend.sum(backend.multiply(own.directions, differences), { axis: 1, keepDims: true }),
      };
    },

    gradient(backend, { pairs, student, gram, otherGram, lengths, otherLengths, along }, upstream) {
      type Tensor = typeof gram;
      const unit = (given: Tensor, length: Tensor): Tensor =>
        backend.divide(given, backend.where(length, length, backend.scalar(1)));
      // Gram matrices are symmetric: M by the lengths of columns in place of rows is Mᵀ.
      const slopes = (turned: (numbers: Tensor) => Tensor): Tensor => {
        const directions = unit(gram, turned(lengths));
        const differences = backend.subtract(directions, unit(otherGram, turned(otherLengths)));
        const across = backend.subtract(differences, backend.multiply(directions, turned(along)));
        return backend.multiply(across, turned(inverseLengths(backend, lengths)));
      };
      const both = backend.add(
        slopes((numbers) => numbers),
        slopes((numbers) => asRow(backend, numbers)),
      );
      const weights = backend.multiply(both, backend.divide(backend.multiply(upstream, backend.scalar(2)), pairs));
      return backend.matMul(weights, student);
    },
  });
}
