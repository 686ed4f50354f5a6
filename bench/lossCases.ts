/** Value and gradients of the library's losses at their natural shapes, of one of a user's and of a weighted sum; small batches too. */
import {
  type AnyLoss,
  acceptanceHybrid,
  adaptiveKlDivergence,
  alphaDivergence,
  attentionMse,
  attentionTransfer,
  type Backend,
  binaryKlDivergence,
  channelwiseDivergence,
  ckaLoss,
  cosineDistance,
  crossEntropy,
  dist,
  dkd,
  type HostTensor,
  hierarchicalContext,
  hint,
  inBatchContrast,
  jensenShannon,
  klDivergence,
  linearDivergence,
  logitMse,
  marginMse,
  negativeLogAcceptance,
  nkd,
  normalizedMse,
  pixelwiseDivergence,
  pkt,
  procrustesLoss,
  queueDivergence,
  type Residuals,
  relationalAngle,
  relationalDistance,
  relationDivergence,
  sampledReverseKl,
  selectivityTransfer,
  similarityPreserving,
  skewedKlDivergence,
  softCrossEntropy,
  sparseDivergence,
  standardizedKlDivergence,
  tensor,
  totalVariation,
  universalLogitDistance,
  valueAndGradientsOn,
  vid,
  weightedSum,
} from 'dark-knowledge';
import { randomNormal } from '../src/random.ts';
import type { BenchCase } from './cases.ts';

/** Large data repeat themselves after a while: drawing them takes longer than the losses do. */
function normal(seed: number, shape: readonly number[], factor = 3): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const period = Math.min(size, 262_147);
  const drawn = Float32Array.from({ length: period }, (_, at) => factor * randomNormal(seed, at));
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

/** Log-probabilities of listed classes, the most likely ones of a teacher that the list covers by nine tenths. */
function listedTeacher(rows: number, classes: number, listed: number) {
  const indices = Int32Array.from({ length: rows * listed }, (_, at) => {
    const row = Math.floor(at / listed);
    return (row * 7919 + (at % listed) * Math.floor(classes / listed)) % classes;
  });
  const weights = normal(2, [rows, listed], 2).data;
  const logs = new Float32Array(rows * listed);
  for (let row = 0; row < rows; row++) {
    let total = 0;
    for (let at = 0; at < listed; at++) total += Math.exp(weights[row * listed + at]!);
    for (let at = 0; at < listed; at++) {
      logs[row * listed + at] = weights[row * listed + at]! - Math.log(total / 0.9);
    }
  }
  return {
    teacherIndices: tensor(indices, [rows, listed]),
    teacherLogProbabilities: tensor(logs, [rows, listed]),
  };
}

type Data = Readonly<Record<string, HostTensor>>;

/** A case of a loss; the peers know it by its name. */
function lossCase(
  name: string,
  loss: unknown,
  shape: string,
  data: () => Data,
  settings: { readonly target?: number; readonly repeats?: number; readonly tooSlowOnTfjs?: boolean } = {},
): BenchCase {
  const { target, repeats = 9, tooSlowOnTfjs = true } = settings;
  return {
    name: `${name}, ${shape}`,
    request: 'loss',
    settings: { loss: name },
    repeats,
    ...(target === undefined ? {} : { target }),
    tooSlowOnTfjsCpu: tooSlowOnTfjs,
    tooSlowOnTfjsWasm: tooSlowOnTfjs,
    data,
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

/** A class for each of a number of rows. */
function labelsOf(rows: number, classes: number): HostTensor {
  return tensor(Int32Array.from({ length: rows }, (_, row) => (row * 7919) % classes));
}

const logitPair = (rows: number, classes: number) => (): Data => ({
  studentLogits: normal(1, [rows, classes]),
  teacherLogits: normal(2, [rows, classes]),
});
const labelledPair = (rows: number, classes: number) => (): Data => ({
  ...logitPair(rows, classes)(),
  labels: labelsOf(rows, classes),
});
const labelledLogits = (rows: number, classes: number) => (): Data => ({
  studentLogits: normal(1, [rows, classes]),
  labels: labelsOf(rows, classes),
});
const pairOf = (inputs: string, shape: readonly number[]) => (): Data => ({
  [`student${inputs}`]: normal(3, shape),
  [`teacher${inputs}`]: normal(4, shape),
});
/** Log-probabilities of sampled tokens. */
const sampled = (size: number) => (): Data => {
  const logs = (seed: number): HostTensor => {
    const { data, shape } = normal(seed, [size], 1);
    return { data: Float32Array.from(data, (x) => -Math.abs(x)), shape };
  };
  return { studentLogProbabilities: logs(1), teacherLogProbabilities: logs(2) };
};

const [rows, classes] = [1024, 1000];
const onPairs: readonly (readonly [string, unknown])[] = [
  ['reverse klDivergence', klDivergence({ temperature, direction: 'reverse' })],
  ['softCrossEntropy', softCrossEntropy({ temperature })],
  ['jensenShannon', jensenShannon({ temperature })],
  ['skewedKlDivergence', skewedKlDivergence()],
  ['binaryKlDivergence', binaryKlDivergence()],
  ['standardizedKlDivergence', standardizedKlDivergence()],
  ['alphaDivergence', alphaDivergence()],
  ['adaptiveKlDivergence', adaptiveKlDivergence()],
  ['totalVariation', totalVariation()],
  ['negativeLogAcceptance', negativeLogAcceptance()],
  ['acceptanceHybrid', acceptanceHybrid()],
  ['logitMse', logitMse()],
  ['dist', dist()],
  ['universalLogitDistance', universalLogitDistance()],
  ["a user's cosine", userCosine()],
];
const onLabelledPairs: readonly (readonly [string, unknown])[] = [
  ['dkd', dkd()],
  ['nkd', nkd()],
  ['weightedSum of crossEntropy and klDivergence', sum],
];
/** Classes in the middle, as a segmentation network leaves them. */
const pixels = [16, 21, 65, 65] as const;
const ofPixels = pixels.join(' × ');
const pixelPair = (): Data => ({ studentLogits: normal(1, pixels), teacherLogits: normal(2, pixels) });
const labelledPixels = (): Data => ({
  studentLogits: normal(1, pixels),
  labels: tensor(labelsOf(16 * 65 * 65, 21).data, [16, 65, 65]),
});
const onLabels: readonly (readonly [string, unknown])[] = [
  ['crossEntropy', crossEntropy()],
  ['crossEntropy, smoothed', crossEntropy({ labelSmoothing: 0.1 })],
];
const onFeatureRows: readonly (readonly [string, unknown])[] = [
  ['hint', hint()],
  ['cosineDistance', cosineDistance()],
  ['normalizedMse', normalizedMse()],
];
const layout = 'channelsFirst';
const onMaps: readonly (readonly [string, unknown])[] = [
  ['attentionTransfer', attentionTransfer({ layout })],
  ['channelwiseDivergence', channelwiseDivergence({ layout, temperature: 1 })],
  ['pixelwiseDivergence', pixelwiseDivergence({ layout, temperature: 1 })],
  ['hierarchicalContext', hierarchicalContext({ layout })],
  ['selectivityTransfer', selectivityTransfer({ layout })],
];
const onSamples: readonly (readonly [string, unknown])[] = [
  ['relationalDistance', relationalDistance()],
  ['similarityPreserving', similarityPreserving()],
  ['pkt', pkt()],
  ['ckaLoss', ckaLoss()],
  ['inBatchContrast', inBatchContrast()],
];

const ofRows = `${rows} × ${classes}`;
const half = { target: 0.5 };
const whole = { target: 1 };
const maps = [32, 64, 28, 28];
const ofMaps = maps.join(' × ');

/** Losses over rows: at most half of PyTorch's time. */
const rowCases: readonly BenchCase[] = [
  ...onPairs.map(([name, loss]) => lossCase(name, loss, ofRows, logitPair(rows, classes), half)),
  ...onLabelledPairs.map(([name, loss]) => lossCase(name, loss, ofRows, labelledPair(rows, classes), half)),
  ...onLabels.map(([name, loss]) => lossCase(name, loss, ofRows, labelledLogits(rows, classes), half)),
  ...onFeatureRows.map(([name, loss]) => lossCase(name, loss, ofRows, pairOf('Features', [rows, classes]), half)),
  lossCase('klDivergence by pixels', klDivergence({ temperature, axis: 1 }), ofPixels, pixelPair, half),
  lossCase('crossEntropy by pixels', crossEntropy({ axis: 1 }), ofPixels, labelledPixels, half),
  lossCase('marginMse', marginMse(), ofRows, pairOf('Scores', [rows, classes]), half),
  lossCase('sampledReverseKl', sampledReverseKl(), `${rows * classes} tokens`, sampled(rows * classes), half),
  lossCase('attentionMse', attentionMse(), '8 × 12 × 128 × 128', pairOf('Attention', [8, 12, 128, 128]), half),
];

/** A loss that a list of the teacher's classes is enough for, beside the one on all of them. */
const listedCases: readonly BenchCase[] = [
  lossCase('klDivergence', klDivergence({ temperature }), '512 × 32000', logitPair(512, 32_000), {
    target: 0.15,
    repeats: 3,
  }),
  lossCase(
    'sparseDivergence',
    sparseDivergence(),
    '512 × 32000, 64 listed',
    () => ({ studentLogits: normal(1, [512, 32_000]), ...listedTeacher(512, 32_000, 64) }),
    { repeats: 3 },
  ),
];

const heads = (): Data => ({
  studentStates: normal(1, [1024, 512], 1),
  studentWeight: normal(2, [32_000, 512], 0.05),
  teacherStates: normal(3, [1024, 512], 1),
  teacherWeight: normal(4, [32_000, 512], 0.05),
});

const headCases: readonly BenchCase[] = [
  lossCase('linearDivergence', linearDivergence(), '1024 × 512 × 32000', heads, { repeats: 1 }),
  {
    name: 'its six products, 1024 × 512 × 32000',
    request: 'products',
    settings: {},
    repeats: 1,
    tooSlowOnTfjsCpu: true,
    tooSlowOnTfjsWasm: true,
    data: heads,
    prepare: (backend, placed) => async () => {
      const made = headProducts(backend, placed as Readonly<Record<keyof ReturnType<typeof heads>, never>>);
      const [first] = (await backend.read(made[0])).data;
      for (const product of made) backend.dispose(product);
      return first!;
    },
  },
];

/**
 * The six products that a loss takes which never holds all logits: both sides' logits, once for the rows' sums and again for
 * the gradient, and the student's two gradients; in tiles of 1000 classes that nobody keeps.
 */
function headProducts<T>(
  backend: Backend<T>,
  { studentStates, studentWeight, teacherStates, teacherWeight }: Readonly<Record<string, T>>,
): readonly [T, T] {
  const [classes = 0] = backend.shapeOf(studentWeight!);
  const tile = 1000;
  let states: T | undefined;
  let weights: T | undefined;
  for (let start = 0; start < classes; start += tile) {
    const [next, rows] = backend.scope(() => {
      const indices = backend.fromHost(tensor(Int32Array.from({ length: tile }, (_, at) => start + at)));
      const part = backend.gather(studentWeight!, indices);
      const teacherPart = backend.gather(teacherWeight!, indices);
      for (let sweep = 0; sweep < 2; sweep++) backend.matMul(teacherStates!, teacherPart, { transposeB: true });
      backend.matMul(studentStates!, part, { transposeB: true });
      const logits = backend.matMul(studentStates!, part, { transposeB: true });
      const ofStates = backend.matMul(logits, part);
      return [
        states === undefined ? ofStates : backend.add(states, ofStates),
        backend.matMul(logits, studentStates!, { transposeA: true }),
      ];
    });
    if (states !== undefined) backend.dispose(states);
    if (weights !== undefined) backend.dispose(weights);
    [states, weights] = [next, rows];
  }
  return [states!, weights!];
}

const otherCases: readonly BenchCase[] = [
  ...onMaps.map(([name, loss]) => lossCase(name, loss, ofMaps, pairOf('Features', maps), whole)),
  lossCase('vid', vid({ layout }), ofMaps, () => ({ ...pairOf('Features', maps)(), variance: normal(5, [64]) }), whole),
  ...onSamples.map(([name, loss]) => lossCase(name, loss, '256 × 512', pairOf('Features', [256, 512]), whole)),
  lossCase('relationalAngle', relationalAngle(), '64 × 128', pairOf('Features', [64, 128]), whole),
  lossCase('procrustesLoss', procrustesLoss(), '256 × 128', pairOf('Features', [256, 128]), whole),
  lossCase(
    'relationDivergence',
    relationDivergence({ heads: 12 }),
    '8 × 128 × 384',
    pairOf('States', [8, 128, 384]),
    whole,
  ),
  lossCase(
    'queueDivergence',
    queueDivergence(),
    '256 × 128, a queue of 4096',
    () => ({ ...pairOf('Features', [256, 128])(), ...pairOf('Queue', [4096, 128])() }),
    whole,
  ),
];

/** Batches so small that what is not arithmetic shows. */
const smallCases: readonly BenchCase[] = [1024, 128, 32].flatMap((small) => [
  lossCase('klDivergence', klDivergence({ temperature }), `${small} × 10`, logitPair(small, 10), {
    repeats: 200,
    tooSlowOnTfjs: false,
  }),
  lossCase('crossEntropy', crossEntropy(), `${small} × 10`, labelledLogits(small, 10), {
    repeats: 200,
    tooSlowOnTfjs: false,
  }),
]);

/** All of them, in the order of the table. */
export const lossCases: readonly BenchCase[] = [
  ...rowCases,
  ...listedCases,
  ...headCases,
  ...otherCases,
  ...smallCases,
];
