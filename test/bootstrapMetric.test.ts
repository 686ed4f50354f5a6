import {
  type AnyMetric,
  accuracy,
  agreement,
  type BootstrapInterval,
  bootstrapInterval,
  bootstrapMetric,
  bootstrapMetricDifference,
  bootstrapMetricDifferenceOn,
  bootstrapMetricOn,
  brierScore,
  calibrationError,
  cka,
  errorOverlap,
  f1Score,
  measure,
  metricSet,
  negativeLogLikelihood,
  pairedBootstrapDifference,
  perplexity,
  predictionFlips,
  randomUniform,
  rename,
  selectRows,
  tensor,
  tokenFidelity,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { wasmBackend } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';

const rows = 40;
const table = (seed: number) =>
  Array.from({ length: rows }, (_, row) =>
    Array.from({ length: 3 }, (_, at) => 2 * Math.sin(seed * (row + 1) + 3 * at)),
  );
const labels = Array.from({ length: rows }, (_, row) => (row * row) % 3);
const [studentLogits, teacherLogits] = [table(3), table(5)];
const options = { resamples: 50, seed: 7 };

describe('the interval of a metric', () => {
  const logits = studentLogits;
  it.each([
    ['accuracy', accuracy(), { logits, labels }],
    ['top-2', accuracy({ topK: 2 }), { logits, labels }],
    ['calibration', calibrationError({ bins: 4 }), { logits, labels }],
    ['calibration of float32', calibrationError({ bins: 10 }), { probabilities: tenths(), labels }],
    ['calibration of each class', calibrationError({ bins: 4, over: 'classwise' }), { logits, labels }],
    ['Brier', brierScore(), { logits, labels }],
    ['perplexity', perplexity(), { logits, labels }],
    ['F1', f1Score({ average: 'macro' }), { logits, labels }],
    ['agreement', agreement(), { studentLogits, teacherLogits }],
    ['error overlap', errorOverlap({ models: ['a', 'b'] }), { labels, a: studentLogits, b: teacherLogits }],
    ['tokens', tokenFidelity(), { studentLogits, teacherLogits, labels }],
    ['flips', predictionFlips({ from: 'logits' }), { beforeLogits: studentLogits, afterLogits: teacherLogits, labels }],
    ['renamed', rename(accuracy(), { logits: 'studentLogits' }), { studentLogits, labels }],
  ] as const)('of %s is that of the rows drawn and measured again', (_, metric, batch) => {
    const found = bootstrapMetric(metric as ReturnType<typeof accuracy>, batch as never, options);
    const again = bootstrapInterval(
      (chosen) =>
        (measure(metric as ReturnType<typeof accuracy>, selectRows(batch as never, chosen)) as { value: number }).value,
      { rows, ...options },
    );
    expect(found.value).toBeCloseTo(again.value, 13);
    again.resamples.forEach((value, resample) => {
      expect(found.resamples[resample]).toBeCloseTo(value, 12);
    });
    expect(found.lower).toBeCloseTo(again.lower, 12);
    expect(found.standardError).toBeCloseTo(again.standardError, 12);
  });

  it('of another number than the value is asked for', () => {
    const batch = { studentLogits, teacherLogits, labels };
    const of = ({ perplexity: { ratio } }: { readonly perplexity: { readonly ratio: number | null } }) => ratio;
    const found = bootstrapMetric(tokenFidelity(), batch, { ...options, of });
    expect(found.value).toBe(measure(tokenFidelity(), batch).perplexity.ratio);
    // The bootstrap's error of a ratio of perplexities is that of the delta method, roughly.
    const error = bootstrapMetric(tokenFidelity(), batch, { of, resamples: 400 }).standardError;
    expect(error / measure(tokenFidelity(), batch).perplexity.ratioStandardError!).toBeGreaterThan(0.7);
    expect(error / measure(tokenFidelity(), batch).perplexity.ratioStandardError!).toBeLessThan(1.4);
  });

  it('of one of several metrics takes the same rows', () => {
    const set = metricSet({ top: accuracy(), ece: calibrationError({ bins: 4 }) });
    const both = bootstrapMetric(set, { logits, labels }, { ...options, of: ({ ece }) => ece.value });
    expect(both).toEqual(bootstrapMetric(calibrationError({ bins: 4 }), { logits, labels }, options));
    expect(() => bootstrapMetric(set, { logits, labels }, options)).toThrow(/The option of says which number/);
  });

  it('does not draw rows that do not count', () => {
    const masked = labels.map((label, row) => (row % 4 === 0 ? -100 : label));
    const kept = labels.flatMap((_, row) => (row % 4 === 0 ? [] : [row]));
    const found = bootstrapMetric(perplexity({ ignoreIndex: -100 }), { logits, labels: masked }, options);
    const alone = bootstrapMetric(perplexity(), selectRows({ logits, labels }, kept), options);
    expect(Array.from(found.resamples)).toEqual(Array.from(alone.resamples, (value) => expect.closeTo(value, 12)));
    const weights = { logits, labels, rowWeights: masked.map((label) => (label < 0 ? 0 : 1)) };
    const classwise = calibrationError({ bins: 4, over: 'classwise' });
    expect(bootstrapMetric(classwise, weights, options).lower).toBeCloseTo(
      bootstrapMetric(classwise, selectRows({ logits, labels }, kept), options).lower,
      12,
    );
  });

  it('has the corrected bounds of the rows drawn and left out, one by one or by cluster', () => {
    const bca = { ...options, method: 'bca', alternative: 'greater' } as const;
    const found = bootstrapMetric(perplexity(), { logits, labels }, bca);
    const perplexityOf = (chosen: ArrayLike<number>) =>
      measure(perplexity(), selectRows({ logits, labels }, chosen)).value;
    const again = bootstrapInterval(perplexityOf, { rows, ...bca });
    expect(found.lower).toBeCloseTo(again.lower, 11);
    expect(found).toMatchObject({ upper: Infinity, method: 'bca', alternative: 'greater' });
    const plain = bootstrapMetric(perplexity(), { logits, labels }, { ...bca, method: 'percentile' });
    expect(found.lower).not.toBeCloseTo(plain.lower, 3);
    const clusters = labels.map((_, row) => Math.floor(row / 4));
    const byCluster = bootstrapMetric(perplexity(), { logits, labels }, { ...bca, clusters });
    const clusterOf = (chosen: Int32Array) =>
      perplexityOf([...chosen].flatMap((one) => [0, 1, 2, 3].map((at) => 4 * one + at)));
    expect(byCluster.lower).toBeCloseTo(bootstrapInterval(clusterOf, { rows: rows / 4, ...bca }).lower, 11);
  });

  it('leaves out groups of rows where there are thousands, to nearly the same bounds', () => {
    const many = 3000;
    const numbers = Array.from({ length: many }, (_, row) => [-Math.log(randomUniform(6, row)), 0]);
    const batch = { logits: numbers, labels: new Array<number>(many).fill(0) };
    const loss = negativeLogLikelihood();
    const asked = { method: 'bca', resamples: 400, seed: 2 } as const;
    let calls = 0;
    const value = ({ value: own }: { readonly value: number }) => {
      calls += 1;
      return own;
    };
    const found = bootstrapMetric(loss, batch, { ...asked, of: value });
    // The batch itself, its resamples, and a thousand groups.
    expect(calls).toBe(1 + 400 + 1000);
    const clusters = numbers.map((_, row) => row);
    expect(bootstrapMetric(loss, batch, { ...asked, clusters }).lower).toBe(found.lower);
    const again = bootstrapInterval((rows) => measure(loss, selectRows(batch, rows)).value, { rows: many, ...asked });
    expect(found.lower).toBeCloseTo(again.lower, 12);
    const plain = bootstrapMetric(loss, batch, { ...asked, method: 'percentile' });
    expect(Math.abs(found.lower - plain.lower)).toBeLessThan(found.standardError);
  });

  it('draws clusters as a whole', () => {
    const clusters = labels.map((_, row) => Math.floor(row / 8));
    const { resamples } = bootstrapMetric(accuracy(), { logits, labels }, { ...options, clusters });
    const hits = Array.from({ length: 5 }, (_, cluster) => {
      const inside = Array.from({ length: 8 }, (_, at) => 8 * cluster + at);
      return measure(accuracy(), selectRows({ logits, labels }, inside)).correct;
    });
    const possible = (value: number) =>
      Number.isInteger(Math.round(value * rows * 1e6) / 1e6) && value <= Math.max(...hits) / 8;
    expect(Array.from(resamples).every(possible)).toBe(true);
    const one = bootstrapMetric(accuracy(), { logits, labels }, { ...options, clusters: labels.map(() => 3) });
    expect(one.standardError).toBeCloseTo(0, 14);
    expect(() => bootstrapMetric(accuracy(), { logits, labels }, { clusters: [1, 2] })).toThrow(
      /one number for each of 40/,
    );
  });

  it('is refused for statistics of pairs, and for numbers that a resample lacks', () => {
    expect(() => bootstrapMetric(cka(), { x: studentLogits, y: teacherLogits }, options)).toThrow(
      'bootstrapMetric: metric must be one over single rows, which takes rowWeights',
    );
    const perfect = { before: labels, after: labels, labels };
    const kappa = ({ mcNemarExact }: { readonly mcNemarExact: number | null }) => (mcNemarExact === 1 ? null : 0);
    expect(() => bootstrapMetric(predictionFlips(), perfect, { of: kappa })).toThrow(
      /must be defined in every resample/,
    );
    expect(() => bootstrapMetric(accuracy(), { logits, labels }, { resamples: 1 })).toThrow(RangeError);
    expect(() => bootstrapMetric(accuracy(), { logits, labels: labels.map(() => 9) })).toThrow(/labels/);
  });

  it('makes one pass over the rows, not one a resample', () => {
    const many = 20_000;
    const wide = { data: Float64Array.from({ length: many * 50 }, (_, at) => Math.sin(at * at)), shape: [many, 50] };
    const batch = { logits: wide, labels: { data: new Int32Array(many), shape: [many] } };
    const time = (run: () => unknown) => {
      const start = performance.now();
      run();
      return performance.now() - start;
    };
    const once = Math.min(...[0, 1].map(() => time(() => measure(perplexity(), batch))));
    // Measured again each time this would be fifty times once.
    expect(time(() => bootstrapMetric(perplexity(), batch, { resamples: 50 }))).toBeLessThan(20 * once);
  });
});

describe('on a device that is not read at once', () => {
  const { readSync, ...blind } = cpuBackend({ precision: 'float64' });
  const close = (found: BootstrapInterval, expected: BootstrapInterval) => {
    expect(Array.from(found.resamples)).toEqual(Array.from(expected.resamples, (value) => expect.closeTo(value, 12)));
    expect(found.value).toBeCloseTo(expected.value, 12);
  };

  it.each([
    ['sums over rows', accuracy()],
    ['what is kept of rows', calibrationError({ bins: 4 })],
    ['a metric that runs again', calibrationError({ bins: 4, over: 'classwise' })],
    ['a metric under another name', rename(perplexity(), {})],
  ] as const)('intervals of %s are the host’s', async (_, metric) => {
    const batch = {
      logits: studentLogits,
      labels: { data: Int32Array.from(labels), shape: [rows] },
      rowWeights: labels.map((_, row) => (row % 5 === 0 ? 0 : 1)),
    };
    const given = { ...batch, logits: blind.fromHost(tensor(studentLogits)) };
    close(
      await bootstrapMetricOn(blind, metric as AnyMetric, given, options),
      bootstrapMetric(metric as AnyMetric, batch, options),
    );
  });

  it.each([
    { method: 'percentile', alternative: 'twoSided' },
    { method: 'basic', alternative: 'less' },
    { method: 'bca', alternative: 'greater' },
  ] as const)('the difference of two models is the host’s, $method, $alternative', async (bounds) => {
    const [first, second] = [studentLogits, teacherLogits].map((logits) => ({ logits, labels }));
    const asked = { ...options, ...bounds };
    const found = await bootstrapMetricDifferenceOn(blind, accuracy(), first!, second!, asked);
    const expected = bootstrapMetricDifference(accuracy(), first!, second!, asked);
    close(found, expected);
    expect(found).toMatchObject({ ...bounds, pValue: expected.pValue });
    for (const side of ['lower', 'upper'] as const) {
      if (Number.isFinite(expected[side])) expect(found[side]).toBeCloseTo(expected[side], 12);
      else expect(found[side]).toBe(expected[side]);
    }
    const one = await bootstrapMetricOn(blind, perplexity(), first!, asked);
    expect(one.lower === -Infinity ? -1 : one.lower).toBeCloseTo(
      bounds.alternative === 'less' ? -1 : bootstrapMetric(perplexity(), first!, asked).lower,
      11,
    );
  });

  it('leaves no tensor behind, and the caller’s alive', async () => {
    const backend = wasmBackend();
    const clusters = labels.map((_, row) => row % 7);
    const given = { studentLogits: backend.fromHost(tensor(studentLogits)), teacherLogits, labels, clusters };
    const before = backend.tensorCount!();
    await bootstrapMetricOn(backend, tokenFidelity(), given, { ...options, resamples: 3 });
    const classwise = rename(calibrationError({ over: 'classwise' }), { logits: 'studentLogits' });
    await bootstrapMetricOn(backend, classwise, given, { ...options, resamples: 3 });
    expect(backend.tensorCount!()).toBe(before);
    expect(backend.isDisposed?.(given.studentLogits)).toBe(false);
  });
});

describe('the difference of two models', () => {
  it('is that of the same rows drawn for both', () => {
    const found = bootstrapMetricDifference(
      accuracy(),
      { logits: studentLogits, labels },
      { logits: teacherLogits, labels },
      options,
    );
    const [first, second] = [studentLogits, teacherLogits].map(
      (logits) => (chosen: Int32Array) => measure(accuracy(), selectRows({ logits, labels }, chosen)).value,
    );
    const again = pairedBootstrapDifference(first!, second!, { rows, ...options });
    expect(found.pValue).toBe(again.pValue);
    expect(Array.from(found.resamples)).toEqual(Array.from(again.resamples, (value) => expect.closeTo(value, 12)));
  });

  it('of a model and itself is 0, with a p-value of 1', () => {
    const batch = { logits: studentLogits, labels };
    const { value, lower, upper, pValue } = bootstrapMetricDifference(calibrationError(), batch, batch, options);
    expect([value, lower, upper, pValue]).toEqual([0, 0, 0, 1]);
  });

  it('is refused for batches of different numbers of rows', () => {
    const short = { logits: studentLogits.slice(1), labels: labels.slice(1) };
    expect(() => bootstrapMetricDifference(accuracy(), { logits: studentLogits, labels }, short)).toThrow(
      /rows of accuracy must be 40/,
    );
  });
});

describe('a bootstrap of a number that may be infinite', () => {
  // One row of three has probability 0: two of three resamples and more are infinite.
  const batch = {
    probabilities: [
      [1, 0],
      [0.5, 0.5],
      [0, 1],
    ],
    labels: [1, 0, 1],
  };

  it.each(['percentile', 'basic', 'bca'] as const)('has bounds that are numbers, or infinite (%s)', (method) => {
    const { value, lower, upper, standardError } = bootstrapMetric(negativeLogLikelihood(), batch, {
      resamples: 200,
      method,
    });
    expect([value, upper, standardError]).toEqual([Infinity, Infinity, Infinity]);
    expect(lower).not.toBeNaN();
    expect(lower).toBeLessThan(Infinity);
  });

  it('is refused as a difference of two infinities', async () => {
    const refusal = /difference of both must be defined in every resample, got 'Infinity − Infinity'/;
    expect(() => bootstrapMetricDifference(negativeLogLikelihood(), batch, batch)).toThrow(refusal);
    await expect(
      bootstrapMetricDifferenceOn(cpuBackend({ precision: 'float64' }), negativeLogLikelihood(), batch, batch),
    ).rejects.toThrow(refusal);
    expect(() =>
      pairedBootstrapDifference(
        () => Infinity,
        () => Infinity,
        { rows: 3 },
      ),
    ).toThrow('pairedBootstrapDifference: difference must be a number, got NaN.');
  });
});

function tenths() {
  const data = Float32Array.from({ length: rows * 2 }, (_, at) => {
    const tenth = ((at >> 1) % 5) / 10 + 0.5;
    return at % 2 === 0 ? tenth : 1 - tenth;
  });
  return {
    data: Float32Array.from({ length: rows * 3 }, (_, at) =>
      at % 3 === 2 ? 0 : data[2 * Math.floor(at / 3) + (at % 3)]!,
    ),
    shape: [rows, 3],
  };
}
