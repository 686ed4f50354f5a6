/** Every metric with random options and batches that fit it. A new metric gets one entry here. */

import type { AnyMetric } from 'dark-knowledge';
import * as library from 'dark-knowledge';
import type { Dice } from './dice.ts';
import {
  type Batch,
  exponential,
  filled,
  labels,
  logitSides,
  logSoftmax,
  type Numbers,
  type Regime,
  rowShape,
  side,
  weights,
} from './numbers.ts';

/** A metric, a batch, and what is true of it. */
export interface MetricSubject {
  readonly metric: AnyMetric;
  readonly inputs: Batch;
  /** Inputs that have no rows. */
  readonly whole?: readonly string[];
  /** Inputs that hold places: a row that does not count repeats another one's. */
  readonly places?: readonly string[];
  /** Whether the first axis of every input is the rows. */
  readonly rows: boolean;
  /** Whether the order of the rows matters. Default false. */
  readonly ordered?: boolean;
  /** Whether a stream of batches is the whole. Default true. */
  readonly streams?: boolean;
  /** Rows of the smallest batch. */
  readonly least?: number;
  /** Inputs whose scale changes nothing. */
  readonly scaleless?: readonly string[];
  /** False where rounding in float32 may change the result in kind. */
  readonly onDevices?: boolean;
  /** What float32 can know of a result, of which `exact` is that in float64. All of it, when left out. */
  readonly inFloat32?: (result: unknown, exact: unknown) => unknown;
  /** False where a row of weight 2 is not two rows. */
  readonly copies?: boolean;
  /** Inputs of which a NaN in a row that counts must be refused; those with scores or numbers, when left out. */
  readonly spoilable?: readonly string[];
}

export type MakeMetric = (dice: Dice, regime: Regime) => MetricSubject;

export function makeMetric(name: string, options: object): AnyMetric {
  return (library as unknown as Record<string, (options: object) => AnyMetric>)[name]!(options);
}

const maybe = <Value>(dice: Dice, name: string, value: () => Value): Readonly<Record<string, Value>> =>
  dice.chance(0.5) ? { [name]: value() } : {};
const none = (): object => ({});
type From = 'logits' | 'probabilities' | 'predictions';
const sources: readonly From[] = ['logits', 'probabilities', 'predictions'];
const capital = (word: string): string => word[0]!.toUpperCase() + word.slice(1);

/** Scores of several models on the same rows, by where they come from. */
function scores(
  dice: Dice,
  regime: Regime,
  from: From,
  rows: readonly number[],
  classes: number,
  count: number,
): readonly Numbers[] {
  const tables = Array.from({ length: Math.ceil(count / 2) }, () => logitSides(dice, [...rows, classes], regime))
    .flat()
    .slice(0, count);
  if (from === 'logits') return tables;
  if (from === 'predictions') return tables.map(() => labels(dice, rows, classes));
  return tables.map((table) => exponential(logSoftmax(table)));
}

const rowGiven = (dice: Dice, rows: readonly number[]): Batch => maybe(dice, 'rowWeights', () => weights(dice, rows));

/** Metrics of one model against labels. */
function labelled(
  name: string,
  own: (dice: Dice, classes: number) => object,
  allowed: readonly From[] = sources,
  { factory = name, ...more }: Partial<MetricSubject> & { readonly factory?: string } = {},
): readonly [string, MakeMetric] {
  return [
    name,
    (dice, regime) => {
      const rows = rowShape(dice);
      const classes = name === 'matthewsCorrelation' || name === 'f1Score' ? 2 + dice.below(2) : dice.whole(2, 5);
      const from = dice.pick(allowed);
      const ignored = dice.chance(0.3) ? -100 : undefined;
      const either = allowed.length < 3;
      const choices = own(dice, classes);
      return {
        metric: makeMetric(factory, {
          ...choices,
          ...(either ? {} : { from }),
          ...(ignored === undefined ? {} : { ignoreIndex: ignored }),
          ...(from === 'predictions' &&
          ['f1Score', 'fBetaScore', 'cohenKappa', 'matthewsCorrelation', 'confusionMatrix'].includes(name)
            ? { classes }
            : {}),
        }),
        inputs: {
          [from]: scores(dice, regime, from, rows, classes, 1)[0]!,
          labels: labels(dice, rows, classes, ignored),
          ...rowGiven(dice, rows),
        },
        places: ['labels', 'predictions'],
        rows: rows.length > 0,
        ...more,
      };
    },
  ];
}

/** Metrics of several models on the same rows; `prefixes` begin the names of their inputs. */
function sides(
  name: string,
  prefixes: readonly string[],
  {
    own = none as (dice: Dice) => object,
    from: allowed = sources as readonly From[],
    withLabels = false,
    clusters = false,
    more = {} as Partial<MetricSubject>,
    groups = false,
  } = {},
): readonly [string, MakeMetric] {
  return [
    name,
    (dice, regime) => {
      const rows = rowShape(dice);
      const classes = dice.whole(2, 5);
      const from = dice.pick(allowed);
      const tables = scores(dice, regime, from, rows, classes, prefixes.length);
      const given = Object.fromEntries(
        prefixes.map((prefix, index) => [inputName(prefix, from, name), tables[index]!]),
      );
      const ignored = dice.chance(0.3) ? -100 : undefined;
      const choices = {
        ...own(dice),
        ...(allowed.length > 1 ? { from } : {}),
        ...(ignored === undefined ? {} : { ignoreIndex: ignored }),
      };
      return {
        metric: makeMetric(name, choices),
        inputs: {
          ...given,
          ...(withLabels || ignored !== undefined ? { labels: labels(dice, rows, classes, ignored) } : {}),
          ...(groups ? { groups: labels(dice, rows, 3) } : {}),
          ...(clusters && dice.chance(0.4) ? { clusters: labels(dice, rows, 4) } : {}),
          ...rowGiven(dice, rows),
        },
        places: ['labels', 'groups', 'clusters', ...(from === 'predictions' ? Object.keys(given) : [])],
        rows: rows.length > 0,
        ...more,
      };
    },
  ];
}

function inputName(prefix: string, from: From, name: string): string {
  if (prefix === '') return from;
  const plainName = from === 'predictions' && ['predictionFlips', 'errorConsistency', 'groupShift'].includes(name);
  const byName = ['errorOverlap', 'studentsSplit'].includes(name) && !prefix.startsWith('teacher');
  return plainName || byName ? prefix : `${prefix}${capital(from)}`;
}

/**
 * Near r = ±1 the p-value of the t test on ν degrees of freedom goes as (1 − r²)^{ν/2}, of which the slope has no bound there for
 * ν < 2: with r off by 2⁻²², as it is in float32, and ν = ¼, it is off by more than 2e-3, the tolerance, up to 1 − |r| = 2⁻¹⁶.
 */
function withoutEndOfTest(result: unknown, exact: unknown): unknown {
  const { value } = exact as { readonly value: number };
  return Math.abs(value) > 1 - 2 ** -16 ? { ...(result as object), pValue: undefined } : result;
}

/** Correlations of two series. */
function correlation(name: string): readonly [string, MakeMetric] {
  return [
    name,
    (dice, regime) => {
      const rows = dice.pick([[3], [5], [2, 3], [1]]);
      const x = side(dice, rows, regime);
      const inputs = { x, y: side(dice, rows, regime, x), ...rowGiven(dice, rows) };
      return { metric: makeMetric(name, {}), inputs, rows: true, scaleless: ['x', 'y'], inFloat32: withoutEndOfTest };
    },
  ];
}

/** Similarities of two sets of activations. */
function similarity(
  name: string,
  own: (dice: Dice) => object = none,
  { factory = name, ...more }: Partial<MetricSubject> & { readonly factory?: string } = {},
): readonly [string, MakeMetric] {
  return [
    name,
    (dice, regime) => {
      const samples = dice.whole(2, 8);
      const x = side(dice, dice.chance(0.2) ? [samples, 2, 2] : [samples, dice.whole(1, 5)], regime);
      const inputs = { x, y: side(dice, [samples, dice.whole(1, 5)], regime, x) };
      return { metric: makeMetric(factory, own(dice)), inputs, rows: true, scaleless: ['x', 'y'], ...more };
    },
  ];
}

/** Matrices of similarities between named sets. */
function matrix(
  name: string,
  names: readonly string[],
  options: object,
  streams = true,
): readonly [string, MakeMetric] {
  return [
    name,
    (dice, regime) => {
      const samples = dice.whole(3, 7);
      const inputs = Object.fromEntries(names.map((input) => [input, side(dice, [samples, dice.whole(1, 4)], regime)]));
      return { metric: makeMetric(name, options), inputs, rows: true, streams, scaleless: names };
    },
  ];
}

const perplexityLike = labelled('perplexity', none, ['logits']);

const calibrationError: MakeMetric = (dice, regime) => {
  const [, make] = labelled(
    'calibrationError',
    (more) => ({
      ...maybe(more, 'bins', () => more.pick([1, 5, 15])),
      ...maybe(more, 'norm', () => more.pick(['l1', 'l2', 'max'])),
      ...maybe(more, 'over', () => more.pick(['topLabel', 'classwise'])),
      ...maybe(more, 'edges', () => more.pick(['right', 'left'])),
    }),
    ['logits', 'probabilities'],
    { onDevices: false },
  );
  if (dice.chance(0.7)) return make(dice, regime);
  const rows = rowShape(dice);
  return {
    metric: makeMetric('calibrationError', { from: 'confidences', ...maybe(dice, 'bins', () => dice.pick([2, 10])) }),
    inputs: {
      confidences: filled(rows, () => dice.pick([0, 1, 0.5, dice.next()])),
      correct: labels(dice, rows, 2),
      ...rowGiven(dice, rows),
    },
    places: ['correct'],
    rows: rows.length > 0,
    onDevices: false,
  };
};

const groupedAccuracy: MakeMetric = (dice, regime) => {
  const [, make] = labelled('groupedAccuracy', (more) => ({
    groups: 3,
    ...maybe(more, 'emptyGroup', () => more.pick(['skip', 'zero'])),
  }));
  const subject = make(dice, regime);
  return {
    ...subject,
    inputs: { ...subject.inputs, groups: labels(dice, subject.inputs.labels!.shape, 3) },
    places: [...subject.places!, 'groups'],
  };
};

const shapeBias: MakeMetric = (dice, regime) => {
  const rows = rowShape(dice);
  const classes = dice.whole(2, 5);
  const from = dice.pick(sources);
  const inputs = {
    [from]: scores(dice, regime, from, rows, classes, 1)[0]!,
    shapeLabels: labels(dice, rows, classes),
    textureLabels: labels(dice, rows, classes),
    ...rowGiven(dice, rows),
  };
  return {
    metric: makeMetric('shapeBias', { from }),
    inputs,
    places: ['shapeLabels', 'textureLabels', 'predictions'],
    rows: rows.length > 0,
  };
};

const compressionExemplars: MakeMetric = (dice) => {
  const [runs, rows, classes] = [dice.whole(1, 3), dice.whole(1, 5), dice.whole(2, 4)];
  const inputs = {
    before: labels(dice, [runs, rows], classes),
    after: labels(dice, [runs, rows], classes),
    labels: labels(dice, [rows], classes),
  };
  return { metric: makeMetric('compressionExemplars', { classes }), inputs, rows: false };
};

const acceptedLengths: MakeMetric = (dice) => {
  const rows = dice.pick([[4], [2, 2], [1], []]);
  const draftTokens = dice.whole(1, 4);
  const proposedTokens = filled(rows, () => dice.whole(1, draftTokens));
  const given = dice.chance(0.5);
  const acceptedTokens = filled(rows, (index) => dice.below((given ? proposedTokens.data[index]! : draftTokens) + 1));
  return {
    metric: makeMetric('acceptedLengths', { draftTokens }),
    inputs: { acceptedTokens, ...(given ? { proposedTokens } : {}), ...rowGiven(dice, rows) },
    places: ['acceptedTokens', 'proposedTokens'],
    rows: rows.length > 0,
  };
};

const eigenDirections: MakeMetric = (dice, regime) => {
  const data = side(dice, [dice.whole(2, 6), dice.whole(1, 4)], regime === 'oneSided' ? 'plain' : regime);
  return {
    metric: makeMetric('eigenDirections', { matrix: dice.pick(['gram', 'secondMoment', 'covariance'] as const) }),
    inputs: { data },
    rows: true,
    ordered: true,
    streams: true,
    onDevices: false,
  };
};

const saliencyTransfer: MakeMetric = (dice, regime) => {
  const [images, height, width] = [dice.whole(1, 3), dice.whole(1, 3), dice.whole(1, 3)];
  const names = ['teacherMaps', 'distilledMaps', 'independentMaps'];
  return {
    metric: makeMetric('saliencyTransfer', {}),
    inputs: Object.fromEntries(names.map((name) => [name, side(dice, [images, height, width], regime)])),
    rows: true,
    scaleless: names,
  };
};

const metricSet: MakeMetric = (dice, regime) => {
  const [, make] = labelled('accuracy', none, ['logits', 'logits', 'logits']);
  const { inputs, ...subject } = make(dice, regime === 'constant' ? 'plain' : regime);
  const { ignoreIndex } = subject.metric.options as { readonly ignoreIndex: number | null };
  const metric = library.metricSet({
    first: library.accuracy({ ignoreIndex }),
    second: library.negativeLogLikelihood({ ignoreIndex }),
  });
  return { ...subject, metric, inputs, copies: true };
};

const binaryCalibrationError: MakeMetric = (dice) => {
  const rows = rowShape(dice);
  const inputs = {
    probabilities: filled(rows, () => dice.pick([0, 1, dice.next()])),
    labels: labels(dice, rows, 2),
    ...rowGiven(dice, rows),
  };
  return {
    metric: makeMetric(
      'binaryCalibrationError',
      maybe(dice, 'bins', () => dice.pick([2, 10])),
    ),
    inputs,
    places: ['labels'],
    rows: rows.length > 0,
    onDevices: false,
  };
};

const multiLabelScores: MakeMetric = (dice) => {
  const rows = dice.pick([[3], [1], [2, 2]]);
  const shape = [...rows, dice.whole(1, 3)];
  const inputs = { logits: side(dice, shape, 'plain'), targets: labels(dice, shape, 2), ...rowGiven(dice, rows) };
  return {
    metric: makeMetric(
      'multiLabelScores',
      maybe(dice, 'average', () => dice.pick(['macro', 'micro', 'weighted', 'samples'])),
    ),
    inputs,
    places: ['targets'],
    rows: true,
  };
};

const conformalSets: MakeMetric = (dice) => {
  const [rows, held, classes] = [dice.whole(1, 4), dice.whole(3, 6), 3];
  const inputs = {
    logits: side(dice, [rows, classes], 'plain'),
    labels: labels(dice, [rows], classes),
    calibrationLogits: side(dice, [held, classes], 'plain'),
    calibrationLabels: labels(dice, [held], classes),
  };
  const whole = ['calibrationLogits', 'calibrationLabels'];
  return {
    metric: makeMetric('conformalSets', { miscoverage: dice.pick([0.1, 0.3]) }),
    inputs,
    whole,
    places: ['labels', ...whole],
    rows: true,
    onDevices: false,
  };
};

const ofPair = { from: ['logits'] as readonly From[] };

/** The metrics by name. */
export const metricSubjects: Readonly<Record<string, MakeMetric>> = Object.fromEntries([
  labelled('accuracy', none),
  labelled('accuracyAmong', (dice, classes) => ({ topK: dice.whole(1, classes) }), ['logits'], { factory: 'accuracy' }),
  labelled('confusionMatrix', none),
  labelled('f1Score', (dice) => maybe(dice, 'average', () => dice.pick(['macro', 'micro', 'weighted']))),
  labelled('fBetaScore', (dice) => ({
    beta: dice.pick([0.5, 1, 2]),
    average: dice.pick(['macro', 'micro', 'weighted'] as const),
  })),
  labelled('cohenKappa', (dice) => ({ weights: dice.pick(['none', 'linear', 'quadratic'] as const) })),
  labelled('matthewsCorrelation', none),
  labelled('brierDecomposition', none, ['logits', 'probabilities'], { onDevices: false }),
  labelled('brierScore', (dice) => maybe(dice, 'scaleByHalf', () => dice.chance(0.5)), ['logits', 'probabilities']),
  labelled('negativeLogLikelihood', none, ['logits', 'probabilities']),
  perplexityLike,
  sides('agreement', ['student', 'teacher'], { own: () => ({ classes: 5 }) }),
  sides('invariance', ['', 'view'], { own: () => ({ classes: 5 }) }),
  sides('rightWrongSplit', ['student', 'teacher'], { withLabels: true }),
  sides('predictiveDivergence', ['student', 'teacher'], {
    own: (dice) => maybe(dice, 'direction', () => dice.pick(['forward', 'reverse'])),
    from: ['logits', 'probabilities'],
  }),
  sides('foolingRate', ['clean', 'adversarial']),
  sides('studentFoolingRate', ['teacherClean', 'teacherAdversarial', 'studentClean', 'studentAdversarial']),
  sides('studentsSplit', ['teacher', 'kd', 'wide'], { own: () => ({ students: ['kd', 'wide'] }), withLabels: true }),
  sides('errorOverlap', ['kd', 'wide'], {
    own: () => ({ models: ['kd', 'wide'] }),
    from: ['logits', 'predictions'],
    withLabels: true,
    more: { ordered: true, copies: false },
  }),
  sides('predictionFlips', ['before', 'after'], { withLabels: true, own: (dice) => maybe(dice, 'margin', () => 0.1) }),
  sides('errorConsistency', ['before', 'after'], { withLabels: true }),
  sides('groupShift', ['before', 'after'], {
    withLabels: true,
    groups: true,
    own: () => ({ groups: 3, resamples: 20 }),
  }),
  sides('confidenceSlope', ['teacher', 'student'], { ...ofPair }),
  sides('acceptanceRate', ['teacher', 'student'], { ...ofPair, clusters: true }),
  sides('topKOverlap', ['teacher', 'student'], {
    ...ofPair,
    clusters: true,
    own: () => ({ k: 2 }),
    more: { onDevices: false },
  }),
  sides('tokenFidelity', ['teacher', 'student'], {
    ...ofPair,
    clusters: true,
    withLabels: true,
    more: { onDevices: false },
  }),
  correlation('pearsonCorrelation'),
  correlation('spearmanCorrelation'),
  correlation('kendallCorrelation'),
  similarity('cka'),
  similarity('ckaOfBatches', () => ({ minibatch: true }), { streams: false, factory: 'cka' }),
  similarity(
    'representationalSimilarity',
    (dice) => maybe(dice, 'preset', () => dice.pick(['paper', 'code', 'centered'])),
    { streams: false },
  ),
  similarity('svcca', none, { streams: false }),
  similarity('meanCca', none, { streams: false }),
  similarity('procrustesDistance', none, { streams: false }),
  similarity('procrustes', none, { streams: false }),
  similarity('pwcca', none, { streams: false, onDevices: false }),
  // Which of equally near samples comes first is told by their rows.
  similarity('cknna', () => ({ k: 1 }), { streams: false, ordered: true, onDevices: false }),
  similarity('nearestNeighborAgreement', () => ({ k: 1 }), { streams: false, ordered: true, onDevices: false }),
  similarity('representationalSimilarityAnalysis', none, { ordered: true, onDevices: false }),
  similarity('nullCalibration', () => ({ permutations: 9 }), {
    ordered: true,
    onDevices: false,
    streams: false,
    scaleless: [],
  }),
  matrix('ckaMatrix', ['a', 'b', 'c'], { x: ['a', 'b'], y: ['b', 'c'] }),
  matrix('similarityMatrix', ['a', 'b', 'c'], { models: ['a', 'b', 'c'], similarity: library.cka() }),
  matrix('trainingPath', ['one', 'two', 'three', 'four'], {
    models: { kd: ['one', 'two'], wide: ['three', 'four'] },
    similarity: library.cka(),
    scaling: { dimensions: 1, maxIterations: 5 },
  }),
  ...Object.entries({
    acceptedLengths,
    binaryCalibrationError,
    conformalSets,
    multiLabelScores,
    calibrationError,
    compressionExemplars,
    eigenDirections,
    groupedAccuracy,
    metricSet,
    saliencyTransfer,
    shapeBias,
  }),
]);
