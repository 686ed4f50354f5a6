import { calibrationError, measure, measureOn } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import fixture from '../../fixtures/calibration.json' with { type: 'json' };
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';

/** A row whose top label is class 0, with the given confidence. */
function rowOf(confidence: number, classes: number): number[] {
  return [confidence, ...Array(classes - 1).fill((1 - confidence) / (classes - 1))];
}

// The example of torchmetrics' documentation of its calibration error, made multiclass: the same confidences and hits.
const confidences = [0.25, 0.25, 0.55, 0.75, 0.75];
const hits = [0, 0, 1, 1, 1];
const batch = {
  probabilities: confidences.map((confidence) => rowOf(confidence, 5)),
  labels: hits.map((hit) => (hit ? 0 : 1)),
};
const expected = {
  expected: 0.29,
  maximum: 0.95 / 3,
  average: (0.25 + 0.95 / 3) / 2,
  rootMeanSquare: Math.sqrt(0.4 * 0.25 ** 2 + 0.6 * (0.95 / 3) ** 2),
};

describeMetric('calibrationError', [
  { title: 'ECE in two bins', metric: calibrationError({ bins: 2 }), batch, expected: { value: 0.29, ...expected } },
  {
    title: 'MCE in two bins',
    metric: calibrationError({ bins: 2, norm: 'max' }),
    batch,
    expected: { value: 0.95 / 3, ...expected },
  },
  {
    title: 'the table of bins, with empty ones',
    metric: calibrationError({ bins: 4 }),
    batch: {
      probabilities: [rowOf(0.4, 4), rowOf(0.9, 4), rowOf(0.8, 4), rowOf(0.45, 4)],
      labels: [0, 0, 3, 0],
    },
    expected: {
      bins: [
        { lower: 0, upper: 0.25, count: 0, confidence: null, accuracy: null, gap: null },
        { lower: 0.25, upper: 0.5, count: 2, confidence: 0.425, accuracy: 1, gap: -0.575 },
        { lower: 0.5, upper: 0.75, count: 0, confidence: null, accuracy: null, gap: null },
        { lower: 0.75, upper: 1, count: 2, confidence: 0.85, accuracy: 0.5, gap: 0.35 },
      ],
      count: 4,
      accuracy: 0.75,
      confidence: 0.6375,
    },
  },
  ...([10, 15] as const).flatMap((bins) => [
    {
      title: `netcal's ECE, and all norms by definition, in ${bins} bins`,
      metric: calibrationError({ bins }),
      batch: { logits: fixture.logits, labels: fixture.labels },
      expected: { value: fixture.netcal[bins], ...fixture.definition[bins] },
    },
  ]),
  {
    title: 'classwise',
    metric: calibrationError({ over: 'classwise' }),
    batch: { logits: fixture.logits, labels: fixture.labels },
    expected: {
      value: fixture.classwise.expected,
      rootMeanSquare: fixture.classwise.rootMeanSquare,
      maximum: fixture.classwise.maximum,
      perClass: fixture.classwise.perClass.map((value) => ({ value })),
      count: 240,
      accuracy: 0.2,
      confidence: 0.2,
    },
  },
  {
    // torchmetrics takes [lo, hi) with float32 edges and gets .4875 here, netcal is right.
    title: 'exact k/10 confidences, where torchmetrics is wrong',
    metric: calibrationError({ bins: 10 }),
    batch: { probabilities: fixture.exactEdges.probabilities, labels: fixture.exactEdges.labels },
    expected: { value: fixture.exactEdges.definition },
  },
  {
    title: 'one row, one bin',
    metric: calibrationError({ bins: 1 }),
    batch: { probabilities: [[1, 0]], labels: [0] },
    expected: { value: 0, debiased: 0, count: 1 },
    streams: false,
  },
]);

describe('calibrationError: bins', () => {
  const counts = (
    probabilities: number[][] | { data: Float32Array; shape: number[] },
    edges: 'left' | 'right',
    n: number,
  ) => {
    const rows = Array.isArray(probabilities) ? probabilities.length : probabilities.shape[0]!;
    const result = measure(calibrationError({ bins: n, edges }), { probabilities, labels: Array(rows).fill(0) });
    return result.bins.map(({ count }) => count);
  };

  // k/n is the top of bin k (counted from 1) under (lo, hi], and the bottom of bin k + 1 under [lo, hi), the last bin
  for (const n of [7, 10, 15, 49]) {
    it(`puts confidences of exactly k/${n} where the rule says, in float64 and float32, on float64 and float32 backends`, async () => {
      for (let k = 1; k <= n; k++) {
        const classes = 3 * n;
        const row = rowOf(k / n, classes);
        const single = { data: Float32Array.from(row), shape: [1, classes] };
        for (const edges of ['right', 'left'] as const) {
          const bin = edges === 'right' ? k - 1 : Math.min(k, n - 1);
          const wanted = Array.from({ length: n }, (_, index) => (index === bin ? 1 : 0));
          expect(counts([row], edges, n), `${k}/${n} ${edges} float64`).toEqual(wanted);
          expect(counts(single, edges, n), `${k}/${n} ${edges} float32`).toEqual(wanted);
          const { bins } = await measureOn(cpuBackend(), calibrationError({ bins: n, edges }), {
            probabilities: [row],
            labels: [0],
          });
          expect(
            bins.map(({ count }) => count),
            `${k}/${n} ${edges} float32 backend`,
          ).toEqual(wanted);
        }
      }
    });
  }

  it('keeps the neighbours of an edge on their sides in both precisions', () => {
    const up = 0.3 + 2 ** -54;
    expect(up).toBeGreaterThan(0.3);
    expect(counts([rowOf(up, 10)], 'right', 10).indexOf(1)).toBe(3);
    const singleUp = Math.fround(0.3) + 2 ** -25;
    const data = Float32Array.from(rowOf(singleUp, 10));
    expect(data[0]).toBeGreaterThan(Math.fround(0.3));
    expect(counts({ data, shape: [1, 10] }, 'right', 10).indexOf(1)).toBe(3);
  });

  it('counts every row once, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: 0.5, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('left' as const, 'right' as const),
        (values, bins, edges) => {
          const total = counts(
            values.map((value) => [value, 1 - value]),
            edges,
            bins,
          ).reduce((sum, count) => sum + count, 0);
          expect(total).toBe(values.length);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('does not depend on the order of the rows', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 1 })), {
          minLength: 2,
          maxLength: 30,
        }),
        fc.integer(),
        (rows, turn) => {
          const at = Math.abs(turn) % rows.length;
          const turned = [...rows.slice(at), ...rows.slice(0, at)].reverse();
          const of = (list: typeof rows) =>
            measure(calibrationError(), {
              probabilities: list.map(([p]) => [p, 1 - p]),
              labels: list.map(([, y]) => y),
            });
          expectDeepClose(of(turned), of(rows), 1e-12);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('tends to the mean |confidence − correct| with far more bins than samples, and warns', () => {
    const rows = Array.from({ length: 50 }, (_, index) => 0.5 + (index + 0.5) / 100);
    const labels = rows.map((_, index) => index % 2);
    const probabilities = rows.map((value) => [value, 1 - value]);
    const result = measure(calibrationError({ bins: 5000 }), { probabilities, labels });
    const mean = rows.reduce((sum, value, index) => sum + Math.abs(value - (index % 2 === 0 ? 1 : 0)), 0) / 50;
    expect(result.value).toBeCloseTo(mean, 12);
    expect(result.warning).toContain('50 samples in 5000 bins');
    expect(measure(calibrationError({ bins: 5 }), { probabilities, labels }).warning).toBeNull();
  });
});

describe('calibrationError: very many bins', () => {
  const count = 10000;
  const confidences = Array.from({ length: count }, (_, index) => 0.5 + (index + 0.5) / (2 * count));
  // Calibrated by construction: the golden ratio's multiples are spread evenly, whatever the confidence.
  const labels = confidences.map((value, index) => ((index * 0.6180339887498949) % 1 < value ? 0 : 1));
  const probabilities = confidences.map((value) => [value, 1 - value]);

  it('sees a calibrated model as one third wrong in a million bins, and warns', () => {
    expect(measure(calibrationError(), { probabilities, labels }).value).toBeLessThan(0.01);
    const { value, warning } = measure(calibrationError({ bins: 1e6 }), { probabilities, labels });
    // E|c − y| = E 2c(1 − c) = 1/3 for c uniform over [1/2, 1].
    expect(Math.abs(value - 1 / 3)).toBeLessThan(0.005);
    expect(warning).toContain('10000 samples in 1000000 bins');
  });

  it('bins alike by search and by comparison, on exact edges in both precisions', async () => {
    const bins = 1000;
    for (const edges of ['right', 'left'] as const) {
      const metric = calibrationError({ bins, edges });
      const exact = [600, 700, 900, 999, 1000].map((k) => [k / bins, 1 - k / bins]);
      const batch = { probabilities: [...exact, ...probabilities.slice(0, 50)], labels: Array(55).fill(0) };
      const searched = measure(metric, batch);
      const double = cpuBackend({ precision: 'float64' });
      // Without readSync a backend is a device, where every edge is compared.
      const { readSync: _, ...device } = double;
      expectDeepClose(await measureOn(device as typeof double, metric, batch), searched, 1e-12);
      const counts = (result: typeof searched) => result.bins.map((bin) => bin.count);
      expect(counts(await measureOn(cpuBackend(), metric, batch))).toEqual(counts(searched));
    }
  });
});

describe('calibrationError: peers', () => {
  const batch = { logits: fixture.logits, labels: fixture.labels };
  for (const bins of [10, 15] as const) {
    it(`chooses the error of the norm in ${bins} bins, as torchmetrics (in float32) and Kumar's definition have it`, () => {
      for (const norm of ['l1', 'l2', 'max'] as const) {
        const { value } = measure(calibrationError({ bins, norm }), batch);
        expect(Math.abs(value - fixture.torchmetrics[bins][norm])).toBeLessThan(5e-7);
      }
      const { value } = measure(calibrationError({ bins, norm: 'l2', debiased: true }), batch);
      expect(value).toBeCloseTo(fixture.definition[bins].debiased, 12);
    });
  }
  it('takes the largest gap of any class with norm max, classwise', () => {
    const { value } = measure(calibrationError({ over: 'classwise', norm: 'max' }), batch);
    expect(value).toBeCloseTo(fixture.classwise.maximum, 12);
  });
  it('differs from torchmetrics on exact k/10 confidences, because that one puts them in the bin above', () => {
    expect(fixture.exactEdges.netcal).toBeCloseTo(fixture.exactEdges.definition, 12);
    expect(Math.abs(fixture.exactEdges.torchmetrics.float64 - fixture.exactEdges.definition)).toBeGreaterThan(0.1);
  });
});

describe('calibrationError: inputs', () => {
  const probabilities = [[0.2, 0.8]];
  it('takes logits and probabilities alike', () => {
    const logits = [
      [1, 2, 5],
      [0.3, 0.1, 0],
      [-1e4, 1e4, 0],
    ];
    const softmax = logits.map((row) => {
      const exponentials = row.map((value) => Math.exp(value - Math.max(...row)));
      return exponentials.map((value) => value / exponentials.reduce((sum, other) => sum + other, 0));
    });
    for (const over of ['topLabel', 'classwise'] as const) {
      expectDeepClose(
        measure(calibrationError({ over }), { logits, labels: [0, 1, 1] }),
        measure(calibrationError({ over }), { probabilities: softmax, labels: [0, 1, 1] }),
        1e-12,
      );
    }
  });
  it('refuses both, and neither', () => {
    const metric = calibrationError();
    expect(() => measure(metric, { probabilities, logits: probabilities, labels: [0] })).toThrow(
      /exactly one of probabilities and logits, got 'both'/,
    );
    expect(() => measure(metric, { labels: [0] })).toThrow(/exactly one of probabilities and logits/);
  });
  it('refuses NaN, negative probabilities and rows that do not sum to 1', () => {
    const metric = calibrationError();
    expect(() => measure(metric, { probabilities: [[Number.NaN, 1]], labels: [0] })).toThrow(/free of NaN/);
    expect(() => measure(metric, { logits: [[Number.NaN, 1]], labels: [0] })).toThrow(/free of NaN/);
    expect(() => measure(metric, { probabilities: [[-0.5, 1.5]], labels: [0] })).toThrow(/at least 0/);
    expect(() => measure(metric, { probabilities: [[0.2, 0.7]], labels: [0] })).toThrow(/sum to 1 within 0.001/);
    expect(measure(metric, { probabilities: [[0.2, 0.8004]], labels: [0] }).count).toBe(1);
  });
  it('refuses labels out of range, other shapes and options that make no sense', () => {
    expect(() => measure(calibrationError(), { probabilities, labels: [2] })).toThrow(/whole numbers in \[0, 2\)/);
    expect(() => measure(calibrationError(), { probabilities, labels: [0, 1] })).toThrow(TypeError);
    expect(() => calibrationError({ bins: 0 })).toThrow(/bins must be a whole number of at least 1/);
    expect(() => calibrationError({ debiased: true })).toThrow(/'l2' where debiased is set/);
    expect(() => calibrationError({ boundaries: [0, 0.5, 0.5, 1] })).toThrow(/rising numbers from 0 to 1/);
    expect(() => calibrationError({ bin: 3 } as object)).toThrow(/option must be one of/);
  });
  it('takes several leading axes', () => {
    const flat = measure(calibrationError(), {
      logits: [
        [1, 2],
        [3, 1],
      ],
      labels: [0, 1],
    });
    expect(
      measure(calibrationError(), {
        logits: [
          [
            [1, 2],
            [3, 1],
          ],
        ],
        labels: [[0, 1]],
      }),
    ).toEqual(flat);
  });
});
