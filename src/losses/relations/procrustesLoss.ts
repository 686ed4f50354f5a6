import type { Backend } from '../../backend.ts';
import { kindError } from '../../check.ts';
import type { Loss } from '../../loss.ts';
import { readOptions } from '../../options.ts';
import { type SampleSet, setLoss } from '../../setLoss.ts';
import { centredUnit, residualsOf } from './rotation.ts';

/**
 * What is left between the student's and the teacher's features after the best rotation, reflection and scaling.
 *
 * With X̂ the student's features of a batch, centred and of Frobenius norm 1, Ŷ the teacher's, and U·S·Vᵀ the singular value
 * decomposition of Ŷᵀ·X̂,
 *
 *     2 − 2·tr S        gradient in X̂   −2·Ŷ·U·Vᵀ,   and through X̂ = X/|X|
 *
 * It is computed from residuals, |X̂ − Ŷ·U·Vᵀ|² + |Ŷ − Ŷ·U·Uᵀ|², which keep their digits near 0. Directions with a singular
 * value of less than 1e-12 of the largest are left out: there the rotation is anybody's. Constant features on either side:
 * loss 1, gradient 0.
 *
 * Host backends alone (`cpu`, `wasm`): every step decomposes a matrix [teacher width, student width], in float64, in a time
 * that grows with the product of both and the smaller of them.
 *
 * Inputs: `studentFeatures` and `teacherFeatures` [batch, ...], each of a size of its own; optional `mask` [batch], 0 for
 * samples that are to be left out, whatever they hold. Value: a scalar in [0, 2]. Only `studentFeatures` gets a gradient.
 *
 * @throws TypeError on a backend whose tensors do not live in host memory.
 * @example
 * const studentFeatures = [[0, 0], [3, 4], [6, 0]];
 * const teacherFeatures = [[0, 0], [1, 0], [0, 1]];
 * const { value } = evaluate(procrustesLoss(), { studentFeatures, teacherFeatures }); // 0.1168
 * @see Schönemann: A generalized solution of the orthogonal Procrustes problem (1966)
 */
// @__NO_SIDE_EFFECTS__
export function procrustesLoss(
  options: Readonly<Record<string, never>> = {},
): Loss<'studentFeatures' | 'teacherFeatures', 'studentFeatures', 'mask'> {
  readOptions('procrustesLoss', options, {});

  return setLoss({
    name: 'procrustesLoss',
    reference: procrustesLoss,
    options: {},

    value<T>(backend: Backend<T>, { student, teacher, counts }: SampleSet<T>) {
      const read = readerOf(backend);
      const [, width = 1] = backend.shapeOf(student);
      const [batch = 1, teacherWidth = 1] = backend.shapeOf(teacher);
      const counted = counts === undefined ? undefined : read(counts);
      const x = centredUnit(read(student), batch, width, counted);
      const y = centredUnit(read(teacher), batch, teacherWidth, counted);
      const { square, slopes } = residualsOf(x, y);
      return {
        value: backend.scalar(square),
        slopes: backend.fromHost({ data: slopes, shape: [batch, width] }),
      };
    },

    gradient: (backend, { slopes }, upstream) => backend.multiply(slopes, upstream),
  });
}

function readerOf<T>({ name, readSync }: Backend<T>): (tensor: T) => ArrayLike<number> {
  if (readSync === undefined) {
    throw kindError('procrustesLoss', 'backend', 'one whose tensors live in host memory (cpu, wasm)', name);
  }
  return (tensor) => readSync(tensor).data;
}
