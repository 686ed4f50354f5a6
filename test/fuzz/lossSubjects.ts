/** Every loss with random options and inputs that fit it. A new loss gets one entry here. */

import type { AnyLoss } from 'dark-knowledge';
import * as library from 'dark-knowledge';
import type { Dice } from './dice.ts';
import {
  type Batch,
  filled,
  labels,
  logitSides,
  logSoftmax,
  mask,
  type Numbers,
  type Regime,
  rowShape,
  side,
  weights,
} from './numbers.ts';

/** A loss, its inputs, and what is true of it. */
export interface LossSubject {
  readonly loss: AnyLoss;
  readonly inputs: Batch;
  /** Inputs that have no rows. */
  readonly whole?: readonly string[];
  /** Inputs that hold places: a row that does not count repeats another one's. */
  readonly places?: readonly string[];
  /** Whether the first axis of every input is the rows, in any order. */
  readonly rows: boolean;
  /** The input by which a row does not count. */
  readonly mask?: string;
  /** False where the stated gradient is, by definition, not that of the value. */
  readonly differentiates?: boolean;
  /** Whether the gradient jumps where both sides are alike: rounding decides it there. */
  readonly kinks?: boolean;
  /** Whether some of the numbers do not enter, NaN among them. */
  readonly leavesOut?: boolean;
  /** Whether each gradient's row sums to 0: adding a number to the student's logits changes nothing. */
  readonly shiftless?: boolean;
  /** Inputs whose scale changes nothing, each by itself, but for the gradient's, which has the inverse one. */
  readonly scaleless?: readonly string[];
  /** False where float32 cannot know the result to the tolerance, whatever computes it. */
  readonly onDevices?: boolean;
}

type Make = (dice: Dice, regime: Regime) => LossSubject;

const maybe = <Value>(dice: Dice, name: string, value: () => Value): Readonly<Record<string, Value>> =>
  dice.chance(0.5) ? { [name]: value() } : {};

/** Options of every loss over rows. */
export function rowChoices(dice: Dice): object {
  const reduction = dice.pick(['mean', 'mean', 'sum', 'none', undefined]);
  const mean = reduction === 'mean' || reduction === undefined;
  return {
    ...(reduction === undefined ? {} : { reduction }),
    ...(mean && dice.chance(0.2) ? { normalizer: dice.whole(1, 5) } : {}),
  };
}

const temperatures = (dice: Dice): number | object => {
  const one = (): number => dice.pick([1, 1, 2, 4, 0.5, 20]);
  return dice.chance(0.15) ? { student: one(), teacher: one() } : one();
};

/** Losses on two sides' logits: rows of any shape, a mask by labels or weights, another axis for the classes. */
function logitPair(
  name: string,
  own: (dice: Dice) => object,
  more: Partial<LossSubject> & {
    axis?: boolean;
    needsLabels?: boolean;
    plainTemperature?: boolean;
    temperature?: false;
  } = {},
): readonly [string, Make] {
  const { axis: mayTurn = true, needsLabels = false, plainTemperature = false, temperature, ...truths } = more;
  return [
    name,
    (dice, regime) => {
      const rows = rowShape(dice);
      const classes = dice.whole(2, 5);
      const turned = mayTurn && rows.length > 0 && dice.chance(0.15);
      const place = turned ? dice.below(rows.length + 1) : rows.length;
      const [student, teacher] = logitSides(dice, [...rows, classes], regime).map((x) =>
        turned ? moved(x, place) : x,
      ) as [Numbers, Numbers];
      const labelled = needsLabels || dice.chance(0.4);
      const options = {
        ...own(dice),
        ...(temperature === false
          ? {}
          : maybe(dice, 'temperature', () => (plainTemperature ? dice.pick([1, 2, 4]) : temperatures(dice)))),
        ...rowChoices(dice),
        ...(turned ? { axis: place } : {}),
        ...(dice.chance(0.15) ? { ignoreIndex: needsLabels ? -100 : dice.pick([null, -100]) } : {}),
      };
      const asLogs = mayTurn && !turned && regime !== 'huge' && dice.chance(0.15);
      return {
        loss: make(name, options),
        inputs: {
          studentLogits: student,
          ...(asLogs ? { teacherLogProbabilities: logSoftmax(teacher) } : { teacherLogits: teacher }),
          ...(labelled ? { labels: labels(dice, rows, classes, -100) } : {}),
          ...maybe(dice, 'rowWeights', () => weights(dice, rows)),
        },
        places: ['labels'],
        rows: rows.length > 0 && (!turned || place > 0),
        mask: 'rowWeights',
        shiftless: !turned,
        ...truths,
      };
    },
  ];
}

/** The last axis brought to another place. */
function moved({ data, shape }: Numbers, place: number): Numbers {
  const classes = shape.at(-1)!;
  const rows = shape.slice(0, -1);
  const inner = rows.slice(place).reduce((size, extent) => size * extent, 1);
  const turned = new Float64Array(data.length);
  data.forEach((value, index) => {
    const [row, column] = [Math.floor(index / classes), index % classes];
    const [outer, rest] = [Math.floor(row / inner), row % inner];
    turned[(outer * classes + column) * inner + rest] = value;
  });
  return { data: turned, shape: [...rows.slice(0, place), classes, ...rows.slice(place)] };
}

export function make(name: string, options: object): AnyLoss {
  return (library as unknown as Record<string, (options: object) => AnyLoss>)[name]!(options);
}

const direction = (dice: Dice): object => maybe(dice, 'direction', () => dice.pick(['forward', 'reverse']));
const scaled = (dice: Dice): object => maybe(dice, 'scaleByTemperatureSquared', () => dice.chance(0.5));
const none = (): object => ({});

const sides = ['studentFeatures', 'teacherFeatures'] as const;

/** Losses on two sides' features of one shape, [..., width]. */
function featureRows(name: string): readonly [string, Make] {
  return [
    name,
    (dice, regime) => {
      const rows = rowShape(dice);
      const shape = [...rows, dice.whole(1, 4)];
      const studentFeatures = side(dice, shape, regime);
      const inputs = {
        studentFeatures,
        teacherFeatures: side(dice, shape, regime, studentFeatures),
        ...maybe(dice, 'rowWeights', () => weights(dice, rows)),
      };
      return {
        loss: make(name, rowChoices(dice)),
        inputs,
        rows: rows.length > 0,
        mask: 'rowWeights',
        scaleless: sides,
      };
    },
  ];
}

/** Losses on feature maps; `sameChannels` where both sides have as many. */
function maps(
  name: string,
  own: (dice: Dice) => object,
  {
    sameChannels = false,
    weightsOf = 'batch' as 'batch' | 'channels' | 'positions',
    flat = false,
    scaleless = [] as readonly string[],
  } = {},
): readonly [string, Make] {
  return [
    name,
    (dice, regime) => {
      const first = dice.chance(0.5);
      const [batch, height, width] = [dice.whole(1, 3), dice.whole(1, 3), dice.whole(1, 3)];
      const positions = flat && dice.chance(0.3) ? [height] : [height, width];
      const channels = dice.whole(sameChannels ? 2 : 1, 3);
      const shapeOf = (count: number): number[] =>
        first ? [batch, count, ...positions] : [batch, ...positions, count];
      const studentFeatures = side(dice, shapeOf(channels), regime);
      const teacherFeatures = side(dice, shapeOf(sameChannels ? channels : dice.whole(1, 3)), regime, studentFeatures);
      const rows =
        weightsOf === 'batch' ? [batch] : weightsOf === 'channels' ? [batch, channels] : [batch, ...positions];
      return {
        loss: make(name, { layout: first ? 'channelsFirst' : 'channelsLast', ...own(dice), ...rowChoices(dice) }),
        inputs: { studentFeatures, teacherFeatures, ...maybe(dice, 'rowWeights', () => weights(dice, rows)) },
        rows: true,
        mask: 'rowWeights',
        scaleless,
      };
    },
  ];
}

/** Losses on the relations within a batch. */
function set(
  name: string,
  own: (dice: Dice) => object = none,
  truths: Partial<LossSubject> = {},
): readonly [string, Make] {
  return [
    name,
    (dice, regime) => {
      const batch = dice.whole(name === 'ckaLoss' ? 4 : 2, 6);
      const least = name === 'pkt' ? 2 : 1;
      const studentFeatures = side(dice, [batch, dice.whole(least, 4)], regime);
      const inputs = {
        studentFeatures,
        teacherFeatures: side(dice, [batch, dice.whole(least, 4)], regime, studentFeatures),
        ...(dice.chance(0.3) && name !== 'ckaLoss' ? { mask: mask(dice, [batch]) } : {}),
      };
      const onDevices =
        name !== 'pkt' || (hasNoOpposites(inputs.studentFeatures) && hasNoOpposites(inputs.teacherFeatures));
      return { loss: make(name, own(dice)), inputs, rows: true, mask: 'mask', scaleless: sides, onDevices, ...truths };
    },
  ];
}

/**
 * Whether 1 + cos of all pairs of rows is known to 1e-3 of itself, the tolerance, in float32: a product of two directions is off by
 * some (width + 2)·2⁻²⁴ of 1, up to 4e-7 for four numbers, which is 1e-3 of 4e-4. The gradient has 1 + cos below it.
 */
function hasNoOpposites({ data, shape }: Numbers): boolean {
  const [rows, width] = shape as readonly [number, number];
  const row = (at: number): Float64Array => data.subarray(at * width, (at + 1) * width);
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0);
  for (let first = 0; first < rows; first++) {
    for (let second = 0; second < first; second++) {
      const [a, b] = [row(first), row(second)];
      if (dot(a, b) < (4e-4 - 1) * Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b))) return false;
    }
  }
  return true;
}

const crd: Make = (dice, regime) => {
  const negatives = dice.pick(['bank', 'queue', 'inBatch'] as const);
  const normalization = dice.pick(['reference', 'paper'] as const);
  const [batch, width, teacherWidth, dimension, size] = [dice.whole(2, 4), 3, 2, 3, 9];
  const some = (...shape: number[]): Numbers => side(dice, shape, 'plain');
  const banks =
    negatives === 'inBatch' ? {} : { studentBank: some(size, dimension), teacherBank: some(size, dimension) };
  const draws =
    negatives === 'bank'
      ? { positiveIndices: labels(dice, [batch], size), contrastIndices: labels(dice, [batch, 3], size) }
      : {};
  const partitions =
    normalization === 'reference'
      ? { studentLogPartition: filled([], () => dice.normal()), teacherLogPartition: filled([], () => dice.normal()) }
      : {};
  return {
    loss: make('crd', {
      negatives,
      normalization,
      ...maybe(dice, 'temperature', () => dice.pick([0.07, 1])),
      ...rowChoices(dice),
    }),
    inputs: {
      studentFeatures: side(dice, [batch, width], regime),
      teacherFeatures: side(dice, [batch, teacherWidth], regime),
      studentProjectionWeight: some(width, dimension),
      studentProjectionBias: some(dimension),
      teacherProjectionWeight: some(teacherWidth, dimension),
      teacherProjectionBias: some(dimension),
      ...banks,
      ...draws,
      ...partitions,
      ...maybe(dice, 'rowWeights', () => weights(dice, [batch])),
    },
    whole: ['ProjectionWeight', 'ProjectionBias', 'Bank', 'LogPartition'].flatMap((name) => [
      `student${name}`,
      `teacher${name}`,
    ]),
    places: ['positiveIndices', 'contrastIndices'],
    rows: true,
    // Samples that do not count are others' negatives in a batch.
    ...(negatives === 'bank' ? { mask: 'rowWeights' } : {}),
  };
};

const inBatchContrast: Make = (dice, regime) => {
  const batch = dice.whole(1, 5);
  const shape = [batch, dice.whole(1, 4)];
  const positives = dice.pick(['pair', 'label'] as const);
  const studentFeatures = side(dice, shape, regime);
  return {
    loss: make('inBatchContrast', {
      positives,
      ...maybe(dice, 'temperature', () => dice.pick([0.07, 0.5, 1])),
      ...rowChoices(dice),
    }),
    inputs: {
      studentFeatures,
      teacherFeatures: side(dice, shape, regime, studentFeatures),
      ...(positives === 'label' ? { labels: labels(dice, [batch], 3) } : {}),
      ...maybe(dice, 'rowWeights', () => weights(dice, [batch])),
    },
    places: ['labels'],
    rows: true,
    mask: 'rowWeights',
    scaleless: sides,
  };
};

const queueDivergence: Make = (dice, regime) => {
  const rows = rowShape(dice);
  const [width, teacherWidth, queue] = [dice.whole(1, 3), dice.whole(1, 3), dice.whole(2, 4)];
  return {
    loss: make('queueDivergence', {
      ...maybe(dice, 'temperature', () => dice.pick([0.07, 1])),
      ...scaled(dice),
      ...rowChoices(dice),
    }),
    inputs: {
      studentFeatures: side(dice, [...rows, width], regime),
      teacherFeatures: side(dice, [...rows, teacherWidth], regime),
      studentQueue: side(dice, [queue, width], 'plain'),
      teacherQueue: side(dice, [queue, teacherWidth], 'plain'),
      ...maybe(dice, 'rowWeights', () => weights(dice, rows)),
    },
    whole: ['studentQueue', 'teacherQueue'],
    scaleless: [...sides, 'studentQueue', 'teacherQueue'],
    rows: rows.length > 0,
    mask: 'rowWeights',
  };
};

const attentionMse: Make = (dice, regime) => {
  const [batch, heads, places] = [dice.whole(1, 3), dice.whole(1, 2), dice.whole(1, 3)];
  const shape = [batch, heads, places, places];
  const studentAttention = side(dice, shape, regime);
  const inputs = {
    studentAttention,
    teacherAttention: side(dice, shape, regime, studentAttention),
    ...maybe(dice, 'mask', () => mask(dice, [batch, places])),
  };
  return { loss: make('attentionMse', rowChoices(dice)), inputs, rows: true };
};

const relationDivergence: Make = (dice, regime) => {
  const [batch, places, heads] = [dice.whole(1, 3), dice.whole(1, 3), dice.whole(1, 2)];
  const [width, teacherWidth] = [heads * dice.whole(1, 2), heads * dice.whole(1, 2)];
  const keys = dice.chance(0.4);
  const states = (wide: number): Numbers => side(dice, [batch, places, wide], regime);
  return {
    loss: make('relationDivergence', { heads, ...rowChoices(dice) }),
    inputs: {
      studentStates: states(width),
      teacherStates: states(teacherWidth),
      ...(keys ? { studentKeys: states(width), teacherKeys: states(teacherWidth) } : {}),
      ...maybe(dice, 'mask', () => mask(dice, [batch, places])),
    },
    rows: true,
    // Products of states are logits, and no numbers of float32 from 1e19 on.
    onDevices: regime !== 'huge',
  };
};

const hint: Make = (dice, regime) => {
  const regressor = dice.pick(['none', 'linear'] as const);
  const [batch, width, teacherWidth] = [dice.whole(1, 4), dice.whole(1, 3), dice.whole(1, 3)];
  const rows = dice.chance(0.4) ? [batch, 2] : [batch];
  const studentFeatures = side(dice, [...rows, width], regime);
  const mapped =
    regressor === 'linear'
      ? {
          regressorWeight: side(dice, [width, teacherWidth], 'plain'),
          regressorBias: side(dice, [teacherWidth], 'plain'),
        }
      : {};
  return {
    loss: make('hint', { regressor, ...maybe(dice, 'reduction', () => dice.pick(['mean', 'halfSum'])) }),
    inputs: {
      studentFeatures,
      teacherFeatures: side(dice, [...rows, regressor === 'none' ? width : teacherWidth], regime, studentFeatures),
      ...mapped,
      ...maybe(dice, 'rowWeights', () => weights(dice, dice.pick([rows, [batch]]))),
    },
    whole: ['regressorWeight', 'regressorBias'],
    rows: true,
    mask: 'rowWeights',
  };
};

const vid: Make = (dice, regime) => {
  const [batch, channels] = [dice.whole(1, 4), dice.whole(1, 3)];
  const shape = dice.chance(0.5) ? [batch, channels] : [batch, 2, channels];
  const studentFeatures = side(dice, shape, regime);
  return {
    loss: make('vid', rowChoices(dice)),
    inputs: {
      studentFeatures,
      teacherFeatures: side(dice, shape, regime, studentFeatures),
      variance: side(dice, [channels], 'plain'),
      ...maybe(dice, 'rowWeights', () => weights(dice, [batch])),
    },
    whole: ['variance'],
    rows: true,
    mask: 'rowWeights',
  };
};

const linearDivergence: Make = (dice, regime) => {
  const rows = rowShape(dice);
  const [width, teacherWidth, classes] = [dice.whole(1, 3), dice.whole(1, 3), dice.whole(2, 5)];
  const bias = dice.chance(0.4)
    ? { studentBias: side(dice, [classes], 'plain'), teacherBias: side(dice, [classes], 'plain') }
    : {};
  return {
    loss: make('linearDivergence', {
      ...maybe(dice, 'divergence', () => dice.pick(['forward', 'reverse', 'jensenShannon'])),
      ...maybe(dice, 'temperature', () => temperatures(dice)),
      ...maybe(dice, 'softcap', () => dice.pick([5, 30])),
      ...maybe(dice, 'vocabularyTile', () => dice.whole(1, 6)),
      ...maybe(dice, 'tokenTile', () => dice.whole(1, 4)),
      ...rowChoices(dice),
    }),
    inputs: {
      studentStates: side(dice, [...rows, width], regime),
      studentWeight: side(dice, [classes, width], 'plain'),
      teacherStates: side(dice, [...rows, teacherWidth], regime),
      teacherWeight: side(dice, [classes, teacherWidth], 'plain'),
      ...bias,
      ...maybe(dice, 'rowWeights', () => weights(dice, rows)),
    },
    whole: ['studentWeight', 'teacherWeight', 'studentBias', 'teacherBias'],
    rows: rows.length > 0,
    mask: 'rowWeights',
  };
};

const marginMse: Make = (dice, regime) => {
  const rows = rowShape(dice);
  const [studentScores, teacherScores] = logitSides(dice, [...rows, dice.whole(2, 4)], regime);
  const options = { ...maybe(dice, 'teacherScale', () => dice.pick([1, 0.1])), ...rowChoices(dice) };
  return {
    loss: make('marginMse', options),
    inputs: { studentScores, teacherScores, ...maybe(dice, 'rowWeights', () => weights(dice, rows)) },
    rows: rows.length > 0,
    mask: 'rowWeights',
  };
};

const sampledReverseKl: Make = (dice, regime) => {
  const rows = dice.pick([[3], [2, 2], [1], []]);
  const studentLogProbabilities = side(dice, rows, regime);
  const gradient = dice.pick(['unbiased', 'own'] as const);
  return {
    loss: make('sampledReverseKl', {
      gradient,
      ...maybe(dice, 'estimator', () => dice.pick(['k1', 'k2', 'k3'])),
      ...rowChoices(dice),
    }),
    inputs: {
      studentLogProbabilities,
      teacherLogProbabilities: side(dice, rows, regime, studentLogProbabilities),
      ...maybe(dice, 'rowWeights', () => weights(dice, rows)),
    },
    rows: rows.length > 0,
    mask: 'rowWeights',
    differentiates: gradient === 'own',
  };
};

const sparseDivergence: Make = (dice, regime) => {
  const rows = rowShape(dice);
  const [classes, k] = [dice.whole(3, 6), dice.whole(1, 3)];
  const [studentLogits, teacher] = logitSides(
    dice,
    [...rows, classes],
    regime === 'oneSided' || regime === 'masked' ? 'plain' : regime,
  );
  const logs = logSoftmax(teacher);
  const listed = rows.reduce((size, extent) => size * extent, 1);
  const indices = new Float64Array(listed * k);
  const values = new Float64Array(listed * k);
  for (let row = 0; row < listed; row++) {
    const order = Array.from({ length: classes }, (_, index) => index).sort(
      (a, b) => logs.data[row * classes + b]! - logs.data[row * classes + a]!,
    );
    for (let at = 0; at < k; at++) {
      indices[row * k + at] = order[at]!;
      values[row * k + at] = logs.data[row * classes + order[at]!]!;
    }
  }
  const divergence = dice.pick(['forward', 'reverse', 'jensenShannon', 'totalVariation'] as const);
  const missing = dice.pick(['tail', 'renormalize'] as const);
  return {
    loss: make('sparseDivergence', { divergence, missing, ...rowChoices(dice) }),
    inputs: {
      studentLogits,
      teacherIndices: { data: indices, shape: [...rows, k] },
      teacherLogProbabilities: { data: values, shape: [...rows, k] },
      ...maybe(dice, 'rowWeights', () => weights(dice, rows)),
    },
    places: ['teacherIndices', 'teacherLogProbabilities'],
    // Classes that are left out do not enter.
    ...(missing === 'renormalize' ? { leavesOut: true } : {}),
    kinks: divergence === 'totalVariation',
    rows: rows.length > 0,
    mask: 'rowWeights',
    shiftless: true,
  };
};

const binaryKlDivergence: Make = (dice, regime) => {
  const rows = rowShape(dice);
  const shape = [...rows, dice.whole(1, 4)];
  const [studentLogits, teacherLogits] = logitSides(dice, shape, regime);
  const options = { ...maybe(dice, 'temperature', () => dice.pick([1, 4])), ...rowChoices(dice) };
  const given = {
    ...maybe(dice, 'rowWeights', () => weights(dice, rows)),
    ...(dice.chance(0.3) ? { labels: labels(dice, shape, 2, -100) } : {}),
  };
  return {
    loss: make('binaryKlDivergence', options),
    inputs: { studentLogits, teacherLogits, ...given },
    places: ['labels'],
    rows: rows.length > 0,
    mask: 'rowWeights',
  };
};

const dist: Make = (dice, regime) => {
  const batch = dice.whole(1, 5);
  const [studentLogits, teacherLogits] = logitSides(dice, [batch, dice.whole(2, 5)], regime);
  const options = {
    ...maybe(dice, 'activation', () => dice.pick(['softmax', 'sigmoid'])),
    ...maybe(dice, 'beta', () => dice.pick([0, 1, 2])),
    ...maybe(dice, 'temperature', () => dice.pick([1, 4])),
    ...scaled(dice),
  };
  return {
    loss: make('dist', options),
    inputs: { studentLogits, teacherLogits, ...maybe(dice, 'mask', () => mask(dice, [batch])) },
    rows: true,
    mask: 'mask',
  };
};

const universalLogitDistance: Make = (dice, regime) => {
  const rows = rowShape(dice);
  const studentLogits = side(dice, [...rows, dice.whole(2, 5)], regime);
  const inputs = {
    studentLogits,
    teacherLogits: side(dice, [...rows, dice.whole(2, 5)], regime),
    ...maybe(dice, 'rowWeights', () => weights(dice, rows)),
  };
  return {
    loss: make('universalLogitDistance', {
      ...maybe(dice, 'temperature', () => temperatures(dice)),
      ...rowChoices(dice),
    }),
    inputs,
    rows: rows.length > 0,
    mask: 'rowWeights',
    shiftless: true,
    kinks: true,
  };
};

const crossEntropy: Make = (dice, regime) => {
  const [, pair] = logitPair('crossEntropy', (more) => maybe(more, 'labelSmoothing', () => more.pick([0, 0.1, 1])), {
    needsLabels: true,
    temperature: false,
  });
  const { inputs, ...subject } = pair(dice, regime);
  const { teacherLogits: _, teacherLogProbabilities: __, ...own } = inputs;
  return { ...subject, inputs: own };
};

/** The losses by name. */
export const lossSubjects: Readonly<Record<string, Make>> = Object.fromEntries([
  logitPair('klDivergence', (dice) => ({ ...direction(dice), ...scaled(dice) })),
  logitPair('softCrossEntropy', scaled),
  logitPair('jensenShannon', (dice) => ({ ...maybe(dice, 'beta', () => dice.pick([0.1, 0.5, 0.9])), ...scaled(dice) })),
  logitPair('skewedKlDivergence', (dice) => ({
    ...direction(dice),
    ...maybe(dice, 'skew', () => dice.pick([0.1, 0.5])),
    ...scaled(dice),
  })),
  logitPair('alphaDivergence', (dice) => ({
    ...maybe(dice, 'alpha', () => dice.pick([0.5, 0.3, 2, -1])),
    ...scaled(dice),
  })),
  logitPair(
    'adaptiveKlDivergence',
    (dice) => ({ ...maybe(dice, 'mu', () => dice.pick([0.5, 0.9])), ...scaled(dice) }),
    { differentiates: false },
  ),
  logitPair('totalVariation', scaled, { kinks: true }),
  logitPair('acceptanceHybrid', (dice) => maybe(dice, 'eta', () => dice.pick([3, 1])), {
    differentiates: false,
    kinks: true,
  }),
  logitPair('negativeLogAcceptance', none, { kinks: true }),
  logitPair('standardizedKlDivergence', none, { axis: false, plainTemperature: true }),
  logitPair('logitMse', (dice) => maybe(dice, 'center', () => dice.chance(0.5)), {
    axis: false,
    plainTemperature: true,
    shiftless: false,
  }),
  logitPair('dkd', (dice) => maybe(dice, 'beta', () => dice.pick([0, 8])), {
    axis: false,
    plainTemperature: true,
    needsLabels: true,
  }),
  logitPair('nkd', (dice) => maybe(dice, 'gamma', () => dice.pick([0, 1.5])), {
    axis: false,
    plainTemperature: true,
    needsLabels: true,
  }),
  featureRows('cosineDistance'),
  featureRows('normalizedMse'),
  maps(
    'attentionTransfer',
    (dice) => ({
      ...maybe(dice, 'variant', () => dice.pick(['code', 'paper'])),
      ...maybe(dice, 'power', () => dice.pick([2, 3])),
    }),
    { scaleless: sides },
  ),
  maps('selectivityTransfer', none, { scaleless: sides }),
  maps('hierarchicalContext', (dice) => maybe(dice, 'levels', () => [2, 1]), { sameChannels: true }),
  maps(
    'channelwiseDivergence',
    (dice) => ({ ...maybe(dice, 'temperature', () => dice.pick([1, 4])), ...scaled(dice) }),
    { sameChannels: true, weightsOf: 'channels' },
  ),
  maps('pixelwiseDivergence', (dice) => ({ ...maybe(dice, 'temperature', () => dice.pick([1, 4])), ...scaled(dice) }), {
    sameChannels: true,
    weightsOf: 'positions',
  }),
  set('ckaLoss', (dice) => maybe(dice, 'debiased', () => dice.chance(0.5))),
  // Opposite samples have similarity 0, or what rounding leaves of it.
  set('pkt', none, { kinks: true }),
  set('procrustesLoss'),
  set('relationalAngle'),
  set('relationalDistance'),
  set('similarityPreserving'),
  ...Object.entries({
    attentionMse,
    binaryKlDivergence,
    crd,
    crossEntropy,
    dist,
    hint,
    inBatchContrast,
    linearDivergence,
    marginMse,
    queueDivergence,
    relationDivergence,
    sampledReverseKl,
    sparseDivergence,
    universalLogitDistance,
    vid,
  }),
]);
