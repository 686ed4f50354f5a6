/** What the kit for losses of one's own asks, of the losses on features, relations and contrast. */
import {
  type AnyLoss,
  attentionMse,
  attentionTransfer,
  ckaLoss,
  cosineDistance,
  type HostTensor,
  hierarchicalContext,
  hint,
  inBatchContrast,
  normalizedMse,
  pkt,
  queueDivergence,
  type Reduction,
  randomNormal,
  relationalAngle,
  relationalDistance,
  relationDivergence,
  selectivityTransfer,
  similarityPreserving,
  type TensorLike,
  tensor,
  vid,
} from 'dark-knowledge';
import { type CheckLossOptions, checkLoss } from 'dark-knowledge/testing';
import { describe, expect, it } from 'vitest';

function numbers(seed: number, shape: readonly number[]): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return tensor(
    Float64Array.from({ length: size }, (_, index) => randomNormal(seed, index)),
    shape,
  );
}

const features = (shape: readonly number[], teacher = shape) => ({
  studentFeatures: numbers(1, shape),
  teacherFeatures: numbers(2, teacher),
});
const maps = features([3, 4, 3, 2]);
const states = { studentStates: numbers(3, [3, 4, 6]), teacherStates: numbers(4, [3, 4, 2]) };
const keys = { studentKeys: numbers(5, [3, 4, 6]), teacherKeys: numbers(6, [3, 4, 2]) };
const mask = [
  [1, 1, 0, 1],
  [1, 1, 1, 1],
  [0, 1, 1, 0],
];
const queues = { studentQueue: numbers(7, [5, 4]), teacherQueue: numbers(8, [5, 3]) };
const attention = { studentAttention: numbers(9, [3, 2, 4, 4]), teacherAttention: numbers(10, [3, 2, 4, 4]) };
const variance = numbers(11, [2]);

type Make = (options: { readonly reduction: Reduction }) => unknown;
type Row = readonly [
  title: string,
  make: Make,
  inputs: Readonly<Record<string, TensorLike>>,
  options?: CheckLossOptions,
];

const overRows: readonly Row[] = [
  ['cosineDistance', cosineDistance, features([4, 3])],
  [
    'cosineDistance, of tokens',
    cosineDistance,
    {
      ...features([2, 3, 4]),
      rowWeights: [
        [1, 0, 2],
        [1, 1, 0],
      ],
    },
  ],
  [
    'cosineDistance, with ignored labels',
    (options) => cosineDistance({ ...options, ignoreIndex: -1 }),
    { ...features([4, 3]), labels: [0, 1, 2, 3] },
  ],
  ['normalizedMse', normalizedMse, features([4, 3])],
  ['attentionTransfer', attentionTransfer, features([3, 4, 3, 2], [3, 4, 3, 5])],
  [
    'attentionTransfer, the paper’s',
    (options) => attentionTransfer({ ...options, variant: 'paper', power: 1.5 }),
    maps,
  ],
  [
    'attentionTransfer, averaged',
    (options) => attentionTransfer({ ...options, resize: 'averageLarger' }),
    features([3, 4, 3, 2], [3, 2, 3, 5]),
  ],
  ['vid', vid, { ...maps, variance }, { whole: ['variance'] }],
  [
    'vid, channels first',
    (options) => vid({ ...options, layout: 'channelsFirst' }),
    { ...features([3, 2, 5]), variance },
    { whole: ['variance'] },
  ],
  ['hierarchicalContext', (options) => hierarchicalContext({ ...options, levels: [2, 1] }), maps],
  ['selectivityTransfer', selectivityTransfer, features([3, 4, 3, 2], [3, 4, 3, 5])],
  [
    'queueDivergence',
    (options) => queueDivergence({ ...options, temperature: { student: 0.5, teacher: 0.3 } }),
    { ...features([4, 4], [4, 3]), ...queues },
    { whole: ['studentQueue', 'teacherQueue'] },
  ],
  ['inBatchContrast', (options) => inBatchContrast({ ...options, temperature: 0.5 }), features([4, 3])],
  [
    'inBatchContrast, by labels',
    (options) => inBatchContrast({ ...options, temperature: 0.5, positives: 'label', ignoreIndex: -1 }),
    { ...features([4, 3]), labels: [1, 0, 1, 2] },
  ],
  ['relationDivergence', (options) => relationDivergence({ ...options, heads: 2 }), states],
  ['relationDivergence, with keys', (options) => relationDivergence({ ...options, heads: 1 }), { ...states, ...keys }],
  ['attentionMse', attentionMse, attention],
];

describe('losses over rows', () => {
  for (const [title, make, inputs, options] of overRows) {
    it(`${title}: the gradient of its value, masks, and three forms that agree`, () => {
      const withReduction = (reduction: Reduction) => make({ reduction }) as AnyLoss;
      const { passed } = checkLoss(withReduction('mean'), inputs, { ...options, withReduction });
      expect(passed).toContain('mean, sum and none agree');
    });
  }
});

const set = { ...features([6, 4], [6, 5]), mask: [1, 1, 0, 1, 1, 1] };
const positions = {
  ...features([2, 3, 4], [2, 3, 2]),
  regressorWeight: numbers(12, [4, 2]),
  regressorBias: numbers(13, [2]),
  rowWeights: [
    [1, 0, 2],
    [1, 0.5, 0],
  ],
};

const masked: readonly (readonly [title: string, loss: unknown, inputs: Readonly<Record<string, TensorLike>>])[] = [
  ['relationalDistance', relationalDistance(), set],
  ['relationalAngle', relationalAngle({ anchors: 4 }), set],
  ['similarityPreserving', similarityPreserving(), set],
  ['pkt', pkt(), set],
  ['ckaLoss', ckaLoss(), set],
  ['ckaLoss, debiased', ckaLoss({ debiased: true }), set],
  ['hint of positions', hint({ regressor: 'linear' }), positions],
  ['relationDivergence', relationDivergence({ heads: 2 }), { ...states, mask }],
  ['attentionMse', attentionMse(), { ...attention, mask }],
];

describe('losses with a mask of their own, and positions as rows', () => {
  for (const [title, loss, inputs] of masked) {
    it(`${title}: the gradient of its value, and nothing that it borrows is changed or freed`, () => {
      const { passed } = checkLoss(loss as AnyLoss, inputs, { step: 3, whole: ['regressorWeight', 'regressorBias'] });
      expect(passed).toContain('its gradient is that of its value');
    });
  }
});
