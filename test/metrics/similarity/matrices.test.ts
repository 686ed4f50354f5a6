import { accumulate, cka, ckaMatrix, measure, representationalSimilarity, similarityMatrix } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import reference from '../../fixtures/similarity.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';

const { x, y, cka: values, representational } = reference;
const constant = x.map(() => [30.3]);

describeMetric('ckaMatrix', [
  {
    title: 'layer by layer, with a status a cell',
    metric: ckaMatrix({ x: ['student1', 'dead'], y: ['teacher1', 'teacher2'] }),
    batch: { student1: x, dead: constant, teacher1: y, teacher2: x },
    expected: {
      value: [
        [values.linear, 1],
        [0, 0],
      ],
      debiased: [
        [values.debiased, 1],
        [0, 0],
      ],
      status: [
        ['ok', 'ok'],
        ['constantX', 'constantX'],
      ],
      samples: 100,
    },
  },
  {
    title: "one model's layers among themselves",
    metric: ckaMatrix({ x: ['a', 'b'], y: ['a', 'b'], debiased: true }),
    batch: { a: x, b: y },
    expected: {
      value: [
        [1, values.debiased],
        [values.debiased, 1],
      ],
      biased: [
        [1, values.linear],
        [values.linear, 1],
      ],
    },
  },
  {
    title: 'RBF',
    metric: ckaMatrix({ x: ['a'], y: ['b'], kernel: 'rbf', bandwidth: 0.5 }),
    batch: { a: x, b: y },
    expected: { value: [[values.rbf]] },
    streams: false,
    onDevices: false,
  },
]);

describeMetric('similarityMatrix', [
  {
    title: 'model by model, linear CKA',
    metric: similarityMatrix({ models: ['a', 'b', 'c'], similarity: cka() }),
    batch: { a: x, b: y, c: constant },
    expected: {
      models: ['a', 'b', 'c'],
      value: [
        [1, values.linear, 0],
        [values.linear, 1, 0],
        [0, 0, 0],
      ],
      status: [
        ['ok', 'ok', 'constantY'],
        ['ok', 'ok', 'constantY'],
        ['constantX', 'constantX', 'constantBoth'],
      ],
    },
  },
  {
    title: 'model by model, representational similarity',
    metric: similarityMatrix({ models: ['a', 'b'], similarity: representationalSimilarity() }),
    batch: { a: x, b: y },
    expected: {
      value: [
        [1, representational.centeredAlike],
        [representational.centeredAlike, 1],
      ],
      samples: 100,
    },
    streams: false,
    onDevices: false,
  },
]);

describe('matrices of similarities', () => {
  it('stream minibatches with a few numbers a cell', () => {
    const running = accumulate(ckaMatrix({ x: ['a'], y: ['b'], minibatch: true }));
    for (let start = 0; start < 100; start += 20) {
      running.update({ a: x.slice(start, start + 20), b: y.slice(start, start + 20) });
    }
    expectDeepClose(running.compute().value, [[values.minibatch20]], 1e-12);
  });

  it('refuse names that repeat, names that are missing, and a similarity that is none', () => {
    expect(() => ckaMatrix({ x: ['a', 'a'], y: ['b'] })).toThrow(/ckaMatrix: x must be a list of different names/);
    expect(() => ckaMatrix({ x: ['a'], y: [] })).toThrow(/ckaMatrix: y must be a list of at least 1/);
    expect(() => measure(ckaMatrix({ x: ['a'], y: ['b'] }), { a: x } as never)).toThrow(/ckaMatrix: b must be given/);
    expect(() => similarityMatrix({ models: ['a'], similarity: {} as never })).toThrow(
      /representationalSimilarity\(\) or cka/,
    );
    expect(() => measure(similarityMatrix({ models: ['a', 'b'], similarity: cka() }), { a: x, b: y.slice(1) })).toThrow(
      /similarityMatrix: b must be of as many samples as a, 100/,
    );
  });
});
