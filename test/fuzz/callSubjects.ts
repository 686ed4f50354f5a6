/** Every exported function that is neither a loss nor a metric, with arguments that it takes. A new one gets an entry here. */
import * as library from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import type { Dice } from './dice.ts';
import { filled, type Numbers, side } from './numbers.ts';

/** A call: its arguments, and what else may begin an error of it. */
export interface Call {
  readonly of: (...given: never[]) => unknown;
  readonly given: readonly unknown[];
  /** Names beside the function's own with which an error may begin: of a loss, a metric, a member. */
  readonly names?: readonly string[];
  /** Whether a result may hold NaN: where the arguments do. */
  readonly mayBeNaN?: boolean;
  /** Arguments that are not to be spoilt: a backend, a running object. */
  readonly fixed?: readonly number[];
}

export type MakeCall = (dice: Dice) => Call;

const plain = (dice: Dice, ...shape: readonly number[]): Numbers =>
  side(dice, shape, dice.pick(['plain', 'ties', 'wide', 'constant', 'huge', 'tiny', 'zeroRows'] as const));
const whole = (dice: Dice, below: number, ...shape: readonly number[]): Numbers =>
  filled(shape, () => dice.below(below));
const shares = (dice: Dice, ...shape: readonly number[]): Numbers =>
  filled(shape, () => dice.pick([0, 1, 0.5, dice.next()]));
const host = cpuBackend({ precision: 'float64' });

/** Distances between points: symmetric, with a zero diagonal. */
function distances(dice: Dice, size: number): number[][] {
  const points = Array.from({ length: size }, () => [dice.normal(), dice.normal()]);
  return points.map((a) => points.map((b) => Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!)));
}

const similarities = (dice: Dice, size: number): number[][] =>
  distances(dice, size).map((row) => row.map((distance) => Math.exp(-distance)));
const meanOf = (rows: ArrayLike<number>): number =>
  Array.from(rows).reduce((sum, row) => sum + Math.sin(row), 0) / Math.max(1, rows.length);
const confidenceRows = (dice: Dice): object => {
  const rows = dice.whole(1, 6);
  return { confidences: shares(dice, rows), correct: whole(dice, 2, rows) };
};
const logitPair = (dice: Dice): object => {
  const shape = [dice.whole(2, 6), dice.whole(2, 4)];
  return { teacherLogits: plain(dice, ...shape), studentLogits: plain(dice, ...shape) };
};
const scores = (dice: Dice): { readonly logits: Numbers; readonly labels: Numbers } => {
  const [rows, classes] = [dice.whole(1, 5), dice.whole(2, 4)];
  return { logits: side(dice, [rows, classes], 'plain'), labels: whole(dice, classes, rows) };
};
const projections = (): object =>
  library.initializeCrd({ studentFeatures: 2, teacherFeatures: 3, dimension: 2, seed: 1 });
const crdBatch = (dice: Dice): object => ({
  studentFeatures: side(dice, [2, 2], 'plain'),
  teacherFeatures: side(dice, [2, 3], 'plain'),
  ...projections(),
});

/** The names that may begin an error of a runner of these. */
const losses = ['klDivergence', 'crossEntropy', 'weightedSum', 'loss'];
const batchOf = (dice: Dice): object => {
  const { logits, labels } = scores(dice);
  return {
    studentLogits: logits,
    teacherLogits: { data: logits.data.map(() => dice.normal()), shape: logits.shape },
    labels,
  };
};

/** The calls by name. */
export const callSubjects: Readonly<Record<string, MakeCall>> = {
  tensor: (dice) => ({
    of: library.tensor,
    given: dice.chance(0.5) ? [plain(dice, 2, 3)] : [plain(dice, 6).data, [2, 3]],
  }),
  alignSpans: (dice) => ({
    of: library.alignSpans,
    given: [
      [1, 3, dice.whole(4, 9)],
      [2, 3, dice.whole(4, 9)],
    ],
  }),
  averageParameters: (dice) => ({
    of: library.averageParameters,
    given: [{ w: Float32Array.of(1, 2) }, { w: Float32Array.of(3, 4) }, { momentum: dice.next() }],
  }),
  averageParametersOn: (dice) => ({
    of: library.averageParametersOn,
    given: [host, { w: host.scalar(1) }, { w: host.scalar(2) }, { momentum: dice.next() }],
    fixed: [0, 1, 2],
  }),
  averageTeachers: (dice) => ({
    of: library.averageTeachers,
    given: [[plain(dice, 2, 3), plain(dice, 2, 3)], [1, 2], dice.pick(['probabilities', 'logits'])],
  }),
  averageTeachersOn: (dice) => ({
    of: library.averageTeachersOn,
    given: [host, [plain(dice, 2, 3), plain(dice, 2, 3)], [1, 2]],
    fixed: [0],
  }),
  bootstrapInterval: (dice) => ({
    of: library.bootstrapInterval,
    given: [meanOf, { rows: dice.whole(2, 9), resamples: 5, seed: 1 }],
  }),
  pairedBootstrapDifference: (dice) => ({
    of: library.pairedBootstrapDifference,
    given: [meanOf, () => 0.5, { rows: dice.whole(2, 9), resamples: 5, seed: 1 }],
  }),
  jackknifeInterval: (dice) => ({ of: library.jackknifeInterval, given: [meanOf, { rows: dice.whole(3, 9) }] }),
  subsamplingInterval: (dice) => ({
    of: library.subsamplingInterval,
    given: [meanOf, { rows: dice.whole(3, 9), resamples: 5 }],
  }),
  bootstrapMetric: (dice) => ({
    of: library.bootstrapMetric,
    given: [library.accuracy(), scores(dice), { resamples: 5 }],
    names: ['accuracy'],
  }),
  bootstrapMetricDifference: (dice) => {
    const { labels, ...first } = scores(dice);
    return {
      of: library.bootstrapMetricDifference,
      given: [library.accuracy(), { ...first, labels }, { ...first, labels }, { resamples: 5 }],
      names: ['accuracy'],
    };
  },
  bootstrapMetricOn: (dice) => ({
    of: library.bootstrapMetricOn,
    given: [host, library.accuracy(), scores(dice), { resamples: 5 }],
    fixed: [0],
    names: ['accuracy'],
  }),
  bootstrapMetricDifferenceOn: (dice) => {
    const batch = scores(dice);
    return {
      of: library.bootstrapMetricDifferenceOn,
      given: [host, library.accuracy(), batch, batch, { resamples: 5 }],
      fixed: [0],
      names: ['accuracy'],
    };
  },
  confidenceDeviation: (dice) => ({
    of: library.confidenceDeviation,
    given: [logitPair(dice), dice.pick([{}, { bottom: 0.5 }, { top: 0.5 }])],
  }),
  confidenceDeviationOn: (dice) => ({
    of: library.confidenceDeviationOn,
    given: [host, logitPair(dice), {}],
    fixed: [0],
    names: ['confidenceDeviation'],
  }),
  confidentTeacher: (dice) => ({
    of: library.confidentTeacher,
    given: [whole(dice, 3, 4), { classes: 3, confidence: 0.9 }],
  }),
  noisyLabels: (dice) => ({ of: library.noisyLabels, given: [whole(dice, 3, 4), { classes: 3, seed: 1 }] }),
  smoothedLabels: (dice) => ({
    of: library.smoothedLabels,
    given: [whole(dice, 3, 4), { classes: 3, smoothing: 0.1 }],
  }),
  contrastSampler: (dice) => ({
    of: library.contrastSampler,
    given: [
      dice.pick([
        { count: 2, size: 5 },
        { count: 2, labels: [0, 1, 0, 1] },
      ]),
    ],
  }),
  'contrastSampler.sample': (dice) => ({
    of: library.contrastSampler({ count: 2, size: 5 }).sample,
    given: [whole(dice, 5, 3), dice.below(9)],
  }),
  'contrastSampler.sampleOn': (dice) => ({
    of: library.contrastSampler({ count: 2, size: 5 }).sampleOn,
    given: [host, whole(dice, 5, 3), dice.below(9)],
    fixed: [0],
  }),
  ContrastiveMemory: (dice) => ({
    of: library.ContrastiveMemory,
    given: [{ size: 4, dimension: 2, kind: dice.pick(['bank', 'queue'] as const), seed: 3 }],
    mayBeNaN: true,
  }),
  ContrastiveMemoryOn: () => ({
    of: library.ContrastiveMemoryOn,
    given: [host, { size: 4, dimension: 2 }],
    fixed: [0],
    mayBeNaN: true,
  }),
  'ContrastiveMemory.update': (dice) => ({
    of: library.ContrastiveMemory({ size: 4, dimension: 2 }).update,
    given: [{ ...crdBatch(dice), indices: whole(dice, 4, 2) }],
    names: ['ContrastiveMemory'],
  }),
  'ContrastiveMemory.load': (dice) => {
    const memory = library.ContrastiveMemory({ size: dice.whole(2, 4), dimension: 2 });
    return {
      of: library.ContrastiveMemory({ size: 4, dimension: 2 }).load,
      given: [memory.save()],
      names: ['ContrastiveMemory'],
    };
  },
  estimatePartitions: (dice) => ({
    of: library.estimatePartitions,
    given: [library.crd({ negatives: 'inBatch' }), crdBatch(dice)],
    names: ['crd'],
  }),
  estimatePartitionsOn: (dice) => ({
    of: library.estimatePartitionsOn,
    given: [host, library.crd({ negatives: 'inBatch' }), crdBatch(dice)],
    fixed: [0],
    names: ['crd', 'estimatePartitions'],
  }),
  dissimilarity: (dice) => ({
    of: library.dissimilarity,
    given: [similarities(dice, dice.whole(2, 4)), { kind: 'similarity' }],
  }),
  multidimensionalScaling: (dice) => ({
    of: library.multidimensionalScaling,
    given: [
      distances(dice, dice.whole(2, 4)),
      {
        dimensions: dice.whole(1, 2),
        method: dice.pick(['smacof', 'classical']),
        metric: dice.chance(0.5),
        maxIterations: 5,
        starts: 1,
      },
    ],
  }),
  eigenComponents: (dice) => {
    const eigen = library.measure(library.eigenDirections(), { data: side(dice, [4, 2], 'plain') });
    return {
      of: library.eigenComponents,
      given: [{ eigen, teacher: [plain(dice, 2, 3)], student: [plain(dice, 2, 3)] }],
    };
  },
  gradientFlow: (dice) => ({
    of: library.gradientFlow,
    given: [{ data: side(dice, [4, 2], 'plain'), targets: side(dice, [4], 'plain') }],
  }),
  imagePatches: (dice) => ({ of: library.imagePatches, given: [plain(dice, 2, 3, 3, 2), { size: dice.whole(1, 3) }] }),
  equalMassBoundaries: (dice) => ({ of: library.equalMassBoundaries, given: [shares(dice, 5), dice.whole(1, 4)] }),
  equalMassCalibrationError: (dice) => ({
    of: library.equalMassCalibrationError,
    given: [confidenceRows(dice), { bins: dice.whole(1, 4) }],
  }),
  smoothCalibrationError: (dice) => ({
    of: library.smoothCalibrationError,
    given: [confidenceRows(dice), dice.pick([{}, { bandwidth: 0.1 }])],
  }),
  adaptiveCalibrationError: (dice) => ({ of: library.adaptiveCalibrationError, given: [scores(dice), { bins: 3 }] }),
  thresholdedAdaptiveCalibrationError: (dice) => ({
    of: library.thresholdedAdaptiveCalibrationError,
    given: [scores(dice), { bins: 3 }],
  }),
  kolmogorovSmirnovCalibration: (dice) => ({
    of: library.kolmogorovSmirnovCalibration,
    given: [dice.chance(0.5) ? scores(dice) : confidenceRows(dice)],
  }),
  selectiveAccuracy: (dice) => ({
    of: library.selectiveAccuracy,
    given: [dice.chance(0.5) ? scores(dice) : confidenceRows(dice)],
  }),
  temperatureScaling: (dice) => ({ of: library.temperatureScaling, given: [scores(dice), { bins: 5 }] }),
  topLabelConfidences: (dice) => ({ of: library.topLabelConfidences, given: [scores(dice)] }),
  gradCam: (dice) => ({
    of: library.gradCam,
    given: [{ activations: plain(dice, 1, 2, 2, 2), gradients: side(dice, [1, 2, 2, 2], 'plain') }],
  }),
  gradCamOn: (dice) => ({
    of: library.gradCamOn,
    given: [host, { activations: plain(dice, 1, 2, 2, 2), gradients: side(dice, [1, 2, 2, 2], 'plain') }],
    fixed: [0],
    names: ['gradCam'],
    mayBeNaN: true,
  }),
  saliencySimilarity: (dice) => ({
    of: library.saliencySimilarity,
    given: [plain(dice, 2, 3, 3), plain(dice, 2, 2, 2), {}],
  }),
  iterativeFgsm: (dice) => ({
    of: library.iterativeFgsm,
    given: [{ images: shares(dice, 1, 3), gradient: (x: unknown) => x, epsilon: 0.1, steps: 2 }],
  }),
  iterativeFgsmOn: (dice) => ({
    of: library.iterativeFgsmOn,
    given: [
      host,
      {
        images: shares(dice, 1, 3),
        gradient: (x: unknown) => host.multiply(x as never, host.scalar(2)),
        epsilon: 0.1,
        steps: 2,
      },
    ],
    fixed: [0],
    names: ['iterativeFgsm'],
  }),
  linearInterpolation: (dice) => ({
    of: library.linearInterpolation,
    given: [
      { from: { w: plain(dice, 2) }, to: { w: plain(dice, 2) }, evaluate: () => ({ loss: dice.next() }), points: 3 },
    ],
    mayBeNaN: true,
  }),
  linearInterpolationOn: (dice) => ({
    of: library.linearInterpolationOn,
    given: [
      host,
      { from: { w: host.scalar(1) }, to: { w: host.scalar(2) }, evaluate: () => ({ loss: dice.next() }), points: 3 },
    ],
    fixed: [0],
    mayBeNaN: true,
  }),
  meanAndStandardDeviation: (dice) => ({
    of: library.meanAndStandardDeviation,
    given: [plain(dice, dice.whole(1, 5)), dice.pick([{}, { ddof: 0 }])],
  }),
  meanTeacherMomentum: (dice) => ({ of: library.meanTeacherMomentum, given: [dice.next()] }),
  relativeDegradation: (dice) => ({
    of: library.relativeDegradation,
    given: [
      { teacher: { a: 0.9, b: dice.next() }, students: { kd: { a: 0.8, b: 0.5 } } },
      dice.pick([{}, { lowerIsBetter: ['a'] }]),
    ],
  }),
  samplesPerSecond: () => ({ of: library.samplesPerSecond, given: [{ warmUp: 0 }] }),
  'samplesPerSecond.run': (dice) => ({
    of: library.samplesPerSecond().run,
    given: [dice.whole(1, 4), () => 1],
    fixed: [1],
  }),
  selectRows: (dice) => ({
    of: library.selectRows,
    given: [{ a: plain(dice, 4, 2), b: plain(dice, 4) }, [0, dice.below(4)]],
  }),
  layerMap: (dice) => ({
    of: library.layerMap,
    given: [
      { studentLayers: 3, teacherLayers: dice.pick([3, 6, 12]), strategy: dice.pick(['uniform', 'skip', 'last']) },
    ],
  }),
  initializeCrd: () => ({
    of: library.initializeCrd,
    given: [{ studentFeatures: 2, teacherFeatures: 3, dimension: 2 }],
  }),
  initializeHintRegressor: () => ({
    of: library.initializeHintRegressor,
    given: [{ studentFeatures: 2, teacherFeatures: 3 }],
  }),
  initializeVid: () => ({ of: library.initializeVid, given: [{ channels: 3 }] }),
  randomPermutation: (dice) => ({ of: library.randomPermutation, given: [dice.below(99), dice.below(9)], fixed: [0] }),
  constant: (dice) => ({ of: library.constant, given: [dice.normal()] }),
  linearRamp: (dice) => ({ of: library.linearRamp, given: [{ end: dice.whole(1, 9), from: 0, to: 1 }] }),
  cosineRamp: (dice) => ({ of: library.cosineRamp, given: [{ end: dice.whole(1, 9) }] }),
  switchAt: (dice) => ({ of: library.switchAt, given: [{ step: dice.below(9), window: dice.below(3) }] }),
  rename: () => ({
    of: library.rename as (...given: never[]) => unknown,
    given: [library.klDivergence(), { studentLogits: 'own' }],
  }),
  weightedSum: (dice) => ({
    of: library.weightedSum,
    given: [
      { task: { loss: library.crossEntropy(), weight: dice.next() }, kd: { loss: library.klDivergence(), weight: 1 } },
    ],
  }),
  metricSet: () => ({ of: library.metricSet, given: [{ a: library.accuracy(), b: library.brierScore() }] }),
  evaluate: (dice) => ({
    of: library.evaluate,
    given: [library.klDivergence(), batchOf(dice), dice.pick([{}, { normalizer: 2 }])],
    names: losses,
    mayBeNaN: true,
  }),
  evaluateOn: (dice) => ({
    of: library.evaluateOn,
    given: [host, library.klDivergence(), batchOf(dice)],
    names: losses,
    fixed: [0],
    mayBeNaN: true,
  }),
  valueAndGradients: (dice) => ({
    of: library.valueAndGradients,
    given: [library.crossEntropy(), batchOf(dice), dice.pick([{}, { normalizer: 2 }])],
    names: losses,
    mayBeNaN: true,
  }),
  valueAndGradientsOn: (dice) => ({
    of: library.valueAndGradientsOn,
    given: [host, library.crossEntropy(), batchOf(dice)],
    names: losses,
    fixed: [0],
    mayBeNaN: true,
  }),
  measure: (dice) => ({ of: library.measure, given: [library.accuracy(), scores(dice)], names: ['accuracy'] }),
  measureOn: (dice) => ({
    of: library.measureOn,
    given: [host, library.accuracy(), scores(dice)],
    fixed: [0],
    names: ['accuracy'],
  }),
  measureAll: (dice) => ({
    of: library.measureAll,
    given: [{ a: library.accuracy(), b: library.brierScore() }, scores(dice)],
    names: ['accuracy', 'brierScore', 'metricSet'],
  }),
  measureAllOn: (dice) => ({
    of: library.measureAllOn,
    given: [host, { a: library.accuracy() }, scores(dice)],
    fixed: [0],
    names: ['accuracy', 'metricSet'],
  }),
  accumulate: () => ({ of: library.accumulate, given: [library.accuracy()] }),
  accumulateOn: () => ({ of: library.accumulateOn, given: [host, library.accuracy()], fixed: [0] }),
  accumulateAll: () => ({ of: library.accumulateAll, given: [{ a: library.accuracy() }], names: ['metricSet'] }),
  accumulateAllOn: () => ({
    of: library.accumulateAllOn,
    given: [host, { a: library.accuracy() }],
    fixed: [0],
    names: ['metricSet'],
  }),
  'accumulate.update': (dice) => ({
    of: library.accumulate(library.accuracy()).update,
    given: [scores(dice)],
    names: ['accuracy'],
  }),
  'accumulate.merge': (dice) => {
    const other = library.accumulate(library.accuracy());
    other.update(scores(dice));
    return {
      of: library.accumulate(library.accuracy()).merge,
      given: [dice.chance(0.5) ? other.state() : JSON.parse(JSON.stringify(other))],
      names: ['accuracy'],
    };
  },
  restore: (dice) => {
    const running = library.accumulate(library.accuracy());
    running.update(scores(dice));
    return {
      of: library.restore,
      given: [library.accuracy(), JSON.parse(JSON.stringify(running))],
      names: ['accuracy'],
    };
  },
};

/** Names that take numbers alone and promise nothing of others, or have nothing to be wrong. */
export const harmless: readonly string[] = [
  'randomBits',
  'randomUniform',
  'randomBelow',
  'randomNormal',
  'deriveSeed',
  'releaseMemory',
  'countOf',
  'numberOf',
];
