/** What is timed: each case makes its data, says how any backend computes it, and names the peers' request. */
import {
  type Backend,
  calibrationError,
  cka,
  crd,
  type HostTensor,
  hint,
  klDivergence,
  measureOn,
  representationalSimilarity,
  similarityMatrix,
  tensor,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { randomNormal, randomUniform } from '../src/random.ts';
import { lossCases } from './lossCases.ts';

type Data = Readonly<Record<string, HostTensor>>;

export interface BenchCase {
  readonly name: string;
  /** The peers' name of it; without one it is timed beside our own eager backend only. */
  readonly request?: string;
  readonly settings: Readonly<Record<string, number | string>>;
  readonly repeats: number;
  /** The ratio to PyTorch that the project aims at, at most. */
  readonly target?: number;
  /** tfjs's plain JavaScript backend takes minutes on the larger ones. */
  readonly tooSlowOnTfjsCpu?: boolean;
  readonly tooSlowOnTfjsWasm?: boolean;
  data(): Data;
  /** One call: a number to compare, computed on tensors that already live on the backend. */
  prepare<T>(backend: Backend<T>, placed: Readonly<Record<string, T>>): () => Promise<number>;
}

/** Standard normal numbers, times a factor. */
function normal(seed: number, shape: readonly number[], factor = 1): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tensor(
    Float32Array.from({ length: size }, (_, index) => factor * randomNormal(seed, index)),
    shape,
  );
}

async function readOne<T>(backend: Backend<T>, value: T): Promise<number> {
  return (await backend.read(value)).data[0]!;
}

function divergence(rows: number, classes: number, repeats: number, target?: number): BenchCase {
  const loss = klDivergence({ temperature: 4 });
  return {
    name: `KL value + gradient, ${rows} × ${classes}`,
    request: 'kl',
    settings: { temperature: 4 },
    repeats,
    ...(target === undefined ? {} : { target }),
    tooSlowOnTfjsCpu: rows * classes > 2e6,
    data: () => ({ studentLogits: normal(1, [rows, classes], 3), teacherLogits: normal(2, [rows, classes], 3) }),
    prepare: (backend, placed) => async () => {
      const { value, gradients } = valueAndGradientsOn(backend, loss, placed as never);
      const result = await readOne(backend, value);
      // The gradient must exist before the clock stops: on a device the value alone could come first.
      if (!backend.readSync) await backend.read(gradients.studentLogits);
      backend.dispose(value);
      backend.dispose(gradients.studentLogits);
      return result;
    },
  };
}

const hintCase: BenchCase = {
  name: 'Hint value + gradient, 128 × 64 × 28 × 28',
  request: 'hint',
  settings: {},
  repeats: 7,
  target: 1,
  tooSlowOnTfjsCpu: true,
  data: () => ({ studentFeatures: normal(3, [128, 64, 28, 28]), teacherFeatures: normal(4, [128, 64, 28, 28]) }),
  prepare: (backend, placed) => async () => {
    const { value, gradients } = valueAndGradientsOn(backend, hint(), placed as never);
    const result = await readOne(backend, value);
    backend.dispose(value);
    for (const gradient of Object.values(gradients)) backend.dispose(gradient as never);
    return result;
  },
};

const calibrationCase: BenchCase = {
  name: 'Calibration error, 100 000 × 100, 15 bins',
  request: 'calibration',
  settings: { bins: 15 },
  repeats: 7,
  target: 1,
  tooSlowOnTfjsCpu: true,
  data() {
    const rows = 100_000;
    const classes = 100;
    const probabilities = new Float32Array(rows * classes);
    const labels = new Int32Array(rows);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let index = 0; index < classes; index++) {
        const weight = Math.exp(2.5 * randomNormal(5, row * classes + index));
        probabilities[row * classes + index] = weight;
        sum += weight;
      }
      for (let index = 0; index < classes; index++) probabilities[row * classes + index]! /= sum;
      labels[row] = Math.floor(randomUniform(6, row) * classes);
    }
    return { probabilities: tensor(probabilities, [rows, classes]), labels: tensor(labels) };
  },
  prepare: (backend, placed) => async () =>
    (await measureOn(backend, calibrationError({ bins: 15 }), placed as never)).value,
};

const ckaCase: BenchCase = {
  name: 'Linear CKA, 5000 × 512 against 5000 × 256',
  request: 'cka',
  settings: {},
  repeats: 5,
  target: 3.5,
  tooSlowOnTfjsCpu: true,
  data: () => ({ x: normal(7, [5000, 512]), y: normal(8, [5000, 256]) }),
  prepare: (backend, placed) => async () => (await measureOn(backend, cka(), placed as never)).value,
};

const similarityCase: BenchCase = {
  name: 'Representational similarity of 8 models, 1000 × 128',
  request: 'similarity',
  settings: {},
  repeats: 5,
  target: 3.5,
  tooSlowOnTfjsCpu: true,
  data: () => ({ features: normal(9, [8, 1000, 128]) }),
  prepare(backend, { features }) {
    const models = Array.from({ length: 8 }, (_, index) => `model ${index}`);
    const metric = similarityMatrix({ models, similarity: representationalSimilarity({ preset: 'paper' }) });
    const rows = backend.reshape(features!, [8, 128_000]);
    const batch = Object.fromEntries(
      models.map((name, index) => {
        const row = backend.gather(rows, backend.fromHost(tensor(Int32Array.of(index))));
        return [name, backend.reshape(row, [1000, 128])];
      }),
    );
    return async () => {
      const { value } = await measureOn(backend, metric, batch as never);
      return value.flat().reduce((sum, similarity) => sum + similarity, 0);
    };
  },
};

/** Bank of 50 000 rows, 16 384 negatives for each of 64 samples. */
const contrastCase: BenchCase = {
  name: 'CRD step, batch 64, 16 384 negatives, dimension 128, bank 50 000',
  request: 'crd',
  settings: { temperature: 0.07, studentPartition: 1e5, teacherPartition: 1.2e5 },
  repeats: 3,
  target: 0.3,
  tooSlowOnTfjsCpu: true,
  tooSlowOnTfjsWasm: true,
  data() {
    const [batch, dimension, bank, negatives] = [64, 128, 50_000, 16_384];
    const row = (seed: number) => (_: unknown, index: number) => Math.floor(randomUniform(seed, index) * bank);
    return {
      studentFeatures: normal(10, [batch, dimension]),
      teacherFeatures: normal(11, [batch, dimension]),
      studentProjectionWeight: normal(12, [dimension, dimension], 0.1),
      studentProjectionBias: normal(13, [dimension], 0.1),
      teacherProjectionWeight: normal(14, [dimension, dimension], 0.1),
      teacherProjectionBias: normal(15, [dimension], 0.1),
      studentBank: normal(16, [bank, dimension], 1 / Math.sqrt(dimension)),
      teacherBank: normal(17, [bank, dimension], 1 / Math.sqrt(dimension)),
      positiveIndices: tensor(Int32Array.from({ length: batch }, row(18))),
      contrastIndices: tensor(Int32Array.from({ length: batch * negatives }, row(19)), [batch, negatives]),
    };
  },
  prepare(backend, placed) {
    const loss = crd({ temperature: 0.07 });
    const inputs = {
      ...placed,
      studentLogPartition: backend.scalar(Math.log(1e5)),
      teacherLogPartition: backend.scalar(Math.log(1.2e5)),
    };
    return async () => {
      const { value, gradients } = valueAndGradientsOn(backend, loss, inputs as never);
      const result = await readOne(backend, value);
      backend.dispose(value);
      for (const gradient of Object.values(gradients)) backend.dispose(gradient as never);
      return result;
    };
  },
};

/** Cases in the order of the table. */
export const cases: readonly BenchCase[] = [
  divergence(1024, 1000, 9, 0.3),
  divergence(512, 32_000, 3, 0.15),
  divergence(256, 1000, 9),
  divergence(4096, 1000, 5),
  divergence(1024, 100, 9),
  divergence(1024, 10_000, 5),
  hintCase,
  calibrationCase,
  ckaCase,
  similarityCase,
  contrastCase,
  ...lossCases,
];
