/** Losses that the compiler fuses: the library's own over rows, one of a user's, and a weighted sum; small batches too. */
import {
  type AnyLoss,
  adaptiveKlDivergence,
  alphaDivergence,
  type Backend,
  binaryKlDivergence,
  cosineDistance,
  crossEntropy,
  dist,
  dkd,
  type HostTensor,
  hint,
  jensenShannon,
  klDivergence,
  logitMse,
  nkd,
  normalizedMse,
  type Residuals,
  sampledReverseKl,
  skewedKlDivergence,
  softCrossEntropy,
  standardizedKlDivergence,
  tensor,
  totalVariation,
  valueAndGradientsOn,
  weightedSum,
} from 'dark-knowledge';
import { randomNormal } from '../src/random.ts';
import type { BenchCase } from './cases.ts';

/** Large data repeat themselves after a while: drawing them takes longer than the losses do. */
function normal(seed: number, shape: readonly number[]): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const period = Math.min(size, 262_147);
  const drawn = Float32Array.from({ length: period }, (_, at) => 3 * randomNormal(seed, at));
  return tensor(
    Float32Array.from({ length: size }, (_, at) => drawn[at % period]!),
    shape,
  );
}

/** A loss as a user writes one, by docs/loss.md: one minus the cosine of each row, its gradient stated. */
function userCosine(): AnyLoss {
  const unit = <T>(backend: Backend<T>, x: T) => {
    const norm = backend.sqrt(backend.sum(backend.multiply(x, x), { axis: -1, keepDims: true }));
    return { rows: backend.divide(x, norm), norm };
  };
  return {
    name: 'userCosine',
    reference: userCosine,
    options: {},
    inputs: ['studentLogits', 'teacherLogits'],
    optionalInputs: [],
    differentiable: ['studentLogits'],
    form: 'scalar',
    check: () => undefined,
    forward(backend, { studentLogits, teacherLogits }) {
      const student = unit(backend, studentLogits!);
      const teacher = unit(backend, teacherLogits!);
      const cosine = backend.sum(backend.multiply(student.rows, teacher.rows), { axis: -1, keepDims: true });
      const rows = backend.scalar(backend.shapeOf(studentLogits!)[0]!);
      const value = backend.divide(backend.sum(backend.subtract(backend.scalar(1), cosine)), rows);
      const residuals = {
        student: student.rows,
        teacher: teacher.rows,
        cosine,
        divisor: backend.multiply(student.norm, rows),
      };
      return { value, residuals };
    },
    backward<T>(backend: Backend<T>, residuals: Residuals<T>, upstream: T) {
      const { student, teacher, cosine, divisor } = residuals as Record<
        'student' | 'teacher' | 'cosine' | 'divisor',
        T
      >;
      const tangent = backend.subtract(backend.multiply(cosine, student), teacher);
      return [backend.multiply(backend.divide(tangent, divisor), upstream)];
    },
  };
}

const temperature = 4;
const sum = weightedSum({
  task: { loss: crossEntropy(), weight: 0.1 },
  distillation: { loss: klDivergence({ temperature }), weight: 0.9 },
});

function lossCase(name: string, loss: unknown, rows: number, columns: number, repeats: number): BenchCase {
  return {
    name: `${name}, ${rows} × ${columns}`,
    settings: {},
    repeats,
    tooSlowOnTfjsCpu: rows * columns > 1e5,
    tooSlowOnTfjsWasm: true,
    data: () => ({
      studentLogits: normal(1, [rows, columns]),
      teacherLogits: normal(2, [rows, columns]),
      studentFeatures: normal(3, [rows, columns]),
      teacherFeatures: normal(4, [rows, columns]),
      labels: tensor(Int32Array.from({ length: rows }, (_, row) => (row * 7919) % columns)),
    }),
    prepare: (backend, placed) => async () => {
      const { value, terms, gradients } = valueAndGradientsOn(backend, loss as AnyLoss, placed as never);
      const [result] = (await backend.read(value)).data;
      for (const made of [value, ...Object.values(terms), ...Object.values(gradients)]) {
        if (!backend.isDisposed?.(made as never)) backend.dispose(made as never);
      }
      return result!;
    },
  };
}

const overRows: readonly (readonly [string, unknown])[] = [
  ['reverse klDivergence', klDivergence({ temperature, direction: 'reverse' })],
  ['softCrossEntropy', softCrossEntropy({ temperature })],
  ['jensenShannon', jensenShannon({ temperature })],
  ['crossEntropy', crossEntropy()],
  ['crossEntropy, smoothed', crossEntropy({ labelSmoothing: 0.1 })],
  ['skewedKlDivergence', skewedKlDivergence()],
  ['binaryKlDivergence', binaryKlDivergence()],
  ['standardizedKlDivergence', standardizedKlDivergence()],
  ['sampledReverseKl', sampledReverseKl()],
  ['alphaDivergence', alphaDivergence()],
  ['adaptiveKlDivergence', adaptiveKlDivergence()],
  ['totalVariation', totalVariation()],
  ['logitMse', logitMse()],
  ['dkd', dkd()],
  ['nkd', nkd()],
  ['dist', dist()],
  ['hint', hint()],
  ['cosineDistance', cosineDistance()],
  ['normalizedMse', normalizedMse()],
  ["a user's cosine", userCosine()],
  ['weightedSum of crossEntropy and klDivergence', sum],
];

/** Value and gradient of each. */
export const lossCases: readonly BenchCase[] = [
  ...overRows.map(([name, loss]) => lossCase(name, loss, 1024, 1000, 5)),
  ...[
    [1024, 10],
    [128, 10],
    [32, 10],
  ].flatMap(([rows, columns]) => [
    lossCase('klDivergence', klDivergence({ temperature }), rows!, columns!, 200),
    lossCase('crossEntropy', crossEntropy(), rows!, columns!, 200),
  ]),
];
