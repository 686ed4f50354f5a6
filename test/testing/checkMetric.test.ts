import {
  type AnyMetric,
  accuracy,
  type Backend,
  brierScore,
  calibrationError,
  cka,
  f1Score,
  type HostStatistics,
  type Inputs,
  negativeLogLikelihood,
  pearsonCorrelation,
  predictiveDivergence,
} from 'dark-knowledge';
import { checkMetric } from 'dark-knowledge/testing';
import { describe, expect, it } from 'vitest';

const wave = (rows: number, columns: number, phase: number) =>
  Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => 2 * Math.sin(phase + row * 3.3 + column * 1.7)),
  );
const logits = wave(7, 3, 1);
const labels = [0, 2, 1, 2, 0, 1, 1];

/** Σ w·largest and Σ w. */
function sumsOf<T>(backend: Backend<T>, { x, labels, rowWeights }: Inputs<string, string, T>) {
  const zero = backend.scalar(0);
  const counts = backend.greater(backend.abs(backend.add(labels!, backend.scalar(100))), zero);
  const weights = rowWeights === undefined ? counts : backend.where(counts, rowWeights, zero);
  const largest = backend.max(x!, { axis: -1 });
  const total = backend.sum(backend.where(weights, backend.multiply(weights, largest), zero));
  return { total, weight: backend.sum(weights) };
}

/** The mean of the largest number of each row, with weights, and rows that a label takes out. */
function meanMaximum(changes: Partial<AnyMetric> = {}): AnyMetric {
  const metric: AnyMetric = {
    name: 'meanMaximum',
    reference: meanMaximum,
    options: { ignoreIndex: -100 },
    inputs: ['x', 'labels'],
    optionalInputs: ['rowWeights'],
    check: () => undefined,
    statistics: sumsOf,
    finish: ({ total, weight }: HostStatistics<string>) => ({ value: total!.data[0]! / weight!.data[0]! }),
  };
  return { ...metric, ...changes };
}

const batch = { x: logits, labels };
const scalar = (value: number) => ({ data: Float64Array.of(value), shape: [] });
const base = meanMaximum();

describe('checkMetric', () => {
  it('says what it checked of a metric that holds', () => {
    expect(checkMetric(base, batch, { permutations: true }).passed).toEqual([
      'a stream of batches is the batch',
      'merged in any order, parts are the batch',
      'merged in any grouping, parts are the batch',
      'what was merged stays as it was',
      'restored from JSON halfway, a stream is the batch',
      'statistics do not grow with the batch',
      'where tensors are freed, nothing is left behind, and nothing freed is used',
      'where tensors cannot be read without waiting, it is the same',
      'row weights of 1 are as none',
      'rows of weight 0 do not count, whatever they hold',
      'rows with the label -100 do not count, whatever they hold',
      'its inputs stay as they were',
      'the order of rows does not matter',
    ]);
  });

  it.each([
    ['accuracy', accuracy(), { logits, labels }, {}],
    ['calibrationError', calibrationError({ bins: 3 }), { logits, labels }, {}],
    ['negativeLogLikelihood', negativeLogLikelihood(), { logits, labels }, {}],
    ['brierScore', brierScore(), { logits, labels }, {}],
    ['f1Score', f1Score({ average: 'macro' }), { logits, labels }, {}],
    ['predictiveDivergence', predictiveDivergence(), { studentLogits: logits, teacherLogits: wave(7, 3, 2) }, {}],
    ['pearsonCorrelation', pearsonCorrelation(), { x: labels, y: [1, 2, 3, 4, 1, 0, 2] }, {}],
    ['cka', cka(), { x: logits, y: wave(7, 4, 2) }, { streams: false }],
    ['cka over batches', cka({ minibatch: true }), { x: wave(12, 3, 1), y: wave(12, 4, 2) }, { streams: false }],
  ] as const)('holds for %s', (_, metric, given, options) => {
    expect(checkMetric(metric as AnyMetric, given, { ...options, permutations: true }).passed.length).toBeGreaterThan(
      3,
    );
  });

  let batches = 0;
  let kept: unknown;
  const faults: Readonly<Record<string, readonly [fault: RegExp, changes: Partial<AnyMetric>]>> = {
    'a mean that is added up': [
      /stream of batches/,
      {
        statistics: (backend, inputs) => {
          const { total, weight } = sumsOf(backend, inputs);
          return { total: backend.divide(total, weight), weight: backend.scalar(1) };
        },
      },
    ],
    'a merge that keeps the last part': [/stream of batches/, { merge: (_, second) => second }],
    'a merge that depends on the order': [
      /any order/,
      {
        merge: (first, second) => ({
          total: scalar(first.total!.data[0]! + second.total!.data[0]! + 1e-3 * first.weight!.data[0]!),
          weight: scalar(first.weight!.data[0]! + second.weight!.data[0]!),
        }),
      },
    ],
    'a merge that depends on the grouping': [
      /any grouping/,
      {
        merge: (first, second) => ({
          total: scalar(Math.abs(first.total!.data[0]! - 20) - 20 + second.total!.data[0]!),
          weight: scalar(first.weight!.data[0]! + second.weight!.data[0]!),
        }),
      },
    ],
    'a merge that writes into its arguments': [
      /stays as it was/,
      {
        merge: (first, second) => {
          for (const name of ['total', 'weight']) first[name]!.data[0]! += second[name]!.data[0]!;
          second.total!.data[0]! *= 1;
          return first;
        },
      },
    ],
    'a state beside the statistics': [
      /restored from JSON|stream of batches/,
      {
        statistics: (backend, inputs) => {
          batches++;
          return sumsOf(backend, inputs);
        },
        finish: (statistics) => ({ ...(base.finish(statistics) as object), batches }),
      },
    ],
    'samples that are kept': [
      /do not grow/,
      {
        statistics: (backend, inputs) => ({
          ...sumsOf(backend, inputs),
          all: backend.max(inputs.x!, { axis: -1 }),
        }),
        merge: (first, second) => ({
          ...first,
          total: scalar(first.total!.data[0]! + second.total!.data[0]!),
          weight: scalar(first.weight!.data[0]! + second.weight!.data[0]!),
          all: {
            data: Float64Array.of(...first.all!.data, ...second.all!.data),
            shape: [first.all!.data.length + second.all!.data.length],
          },
        }),
      },
    ],
    'a tensor kept from the last call': [
      /where tensors are freed/,
      {
        statistics: (backend, inputs) => {
          const zero = backend.isTensor(kept) ? kept : backend.scalar(0);
          kept = zero;
          const { total, weight } = sumsOf(backend, inputs);
          return { total: backend.add(total, zero), weight };
        },
      },
    ],
    'a read where none is possible': [
      /cannot be read without waiting/,
      {
        statistics: (backend, inputs) => {
          backend.readSync!(inputs.labels!);
          return sumsOf(backend, inputs);
        },
      },
    ],
    'weights that are ignored': [
      /rows of weight 0/,
      { statistics: (backend, { x, labels: given }) => sumsOf(backend, { x: x!, labels: given! }) },
    ],
    'weights that multiply': [
      /rows of weight 0/,
      {
        statistics: (backend, inputs) => {
          const { x, rowWeights } = inputs;
          if (rowWeights === undefined) return sumsOf(backend, inputs);
          const weighted = backend.multiply(rowWeights, backend.max(x!, { axis: -1 }));
          return { total: backend.sum(weighted), weight: backend.sum(rowWeights) };
        },
      },
    ],
    'weights of which the number of rows is the divisor': [
      /rows of weight 0/,
      {
        statistics: (backend, inputs) => ({
          total: sumsOf(backend, inputs).total!,
          weight: backend.scalar(backend.shapeOf(inputs.x!)[0]!),
        }),
      },
    ],
    'weights that are taken for twice what they are': [
      /weights of 1/,
      {
        statistics: (backend, inputs) => {
          const { total, weight } = sumsOf(backend, inputs);
          return { total: inputs.rowWeights ? backend.multiply(total!, backend.scalar(2)) : total!, weight };
        },
      },
    ],
    'an ignored label that counts': [
      /label -100/,
      { statistics: (backend, inputs) => sumsOf(backend, { ...inputs, labels: backend.abs(inputs.labels!) }) },
    ],
    'a dependence on the first row': [
      /order of rows/,
      {
        statistics: (backend, inputs) => {
          const { total, weight } = sumsOf(backend, inputs);
          const first = backend.gather(backend.max(inputs.x!, { axis: -1 }), backend.scalar(0));
          return { total: backend.add(total, backend.multiply(backend.scalar(1e-3), first)), weight };
        },
      },
    ],
    'inputs that are sorted in place': [
      /inputs stay/,
      {
        statistics: (backend, inputs) => {
          backend.readSync?.(inputs.x!).data.sort();
          return sumsOf(backend, inputs);
        },
      },
    ],
  };

  it.each(Object.entries(faults))('catches %s', (_, [fault, changes]) => {
    expect(() => checkMetric(meanMaximum(changes), batch, { permutations: true })).toThrow(fault);
  });

  it('lists every check that does not hold, with both numbers', () => {
    const wrong = meanMaximum({ merge: (_, second) => second });
    expect(() => checkMetric(wrong, batch)).toThrow(
      /^checkMetric: meanMaximum fails \d of 12 checks:\n- a stream of batches is the batch: the result\.value must be -?[\d.]+, got -?[\d.]+\.\n- merged/,
    );
  });

  it('checks the order of rows and streaming only where asked', () => {
    const ordered = meanMaximum(faults['a dependence on the first row']![1]);
    expect(() => checkMetric(ordered, batch, { streams: false })).not.toThrow();
    expect(checkMetric(ordered, batch, { streams: false }).passed).not.toContain('a stream of batches is the batch');
  });

  it('refuses batches that it cannot cut, naming the input', () => {
    expect(() => checkMetric(base, { x: logits.slice(0, 1), labels: [0] })).toThrow(
      'checkMetric: inputs must be of at least two rows',
    );
    expect(() => checkMetric(base, { x: logits, labels: [0, 1] })).toThrow(
      'checkMetric: labels must be of 7 rows, as x, got [2]. Name it in the option whole where it has none.',
    );
    expect(() => checkMetric(base, batch, { leastRows: 4 })).toThrow('checkMetric: rows must be at least 8');
    expect(() => checkMetric(base, batch, { permutation: true } as object)).toThrow(
      "checkMetric: option must be one of 'whole'",
    );
  });
});
