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
      const gram = (x: typeof student): typeof student => backend.matMul(x, x, { transposeB: true });
      const [ofStudent, ofTeacher] = [gram(student), gram(teacher)];
      const [{ directions, lengths }, other] = unitRowPair(backend, ofStudent, ofTeacher);
      const differences = backend.subtract(directions, other.directions);
      const pairs = backend.multiply(size, size);
      const value = backend.divide(backend.sum(backend.multiply(differences, differences)), pairs);
      return {
        value,
        student,
        ofStudent,
        ofTeacher,
        directions,
        differences,
        lengths,
        teacherLengths: other.lengths,
        pairs,
      };
    },

    gradient(backend, kept, upstream) {
      const { value, student, ofStudent, ofTeacher, directions, differences, lengths, teacherLengths, pairs } = kept;
      const inverses = inverseLengths(backend, lengths);
      const along = backend.sum(backend.multiply(directions, differences), { axis: 1, keepDims: true });
      const across = (of: typeof value, apart: typeof value, part: typeof value, inverse: typeof value): typeof value =>
        backend.multiply(backend.subtract(apart, backend.multiply(of, part)), inverse);
      // Gram matrices are symmetric: their columns, brought to length 1, are the transposed rows.
      const turned = (gram: typeof value, length: typeof value): typeof value =>
        backend.divide(gram, asRow(backend, backend.where(length, length, backend.scalar(1))));
      const columns = turned(ofStudent, lengths);
      const apart = backend.subtract(columns, turned(ofTeacher, teacherLengths));
      const both = backend.add(
        across(directions, differences, along, inverses),
        across(columns, apart, asRow(backend, along), asRow(backend, inverses)),
      );
      const weights = backend.multiply(both, backend.divide(backend.multiply(upstream, backend.scalar(2)), pairs));
      backend.settle?.([value, weights]);
      return backend.matMul(weights, student);
    },
  });
}
