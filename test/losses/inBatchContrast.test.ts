/** The digits of inBatchContrast where samples are told apart all but certainly: little is left beside a probability of 1. */
import { inBatchContrast, valueAndGradientsOn } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { wasmBackend, wasmIsSupported } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';
import { randomNormal } from '../../src/random.ts';
import type { AnyBackend } from '../support/backends.ts';

const devices: readonly (readonly [string, AnyBackend])[] = [
  ['cpu', cpuBackend() as AnyBackend],
  ...(wasmIsSupported() ? ([['wasm', wasmBackend() as AnyBackend]] as const) : []),
];

async function compute(
  backend: AnyBackend,
  loss: ReturnType<typeof inBatchContrast>,
  rows: number[][][],
  labels?: number[],
) {
  const [studentFeatures, teacherFeatures] = rows.map((side) =>
    backend.fromHost({ data: Float32Array.from(side.flat()), shape: [side.length, side[0]!.length] }),
  );
  const inputs = { studentFeatures, teacherFeatures, ...(labels && { labels }) };
  const { value, gradients } = valueAndGradientsOn(backend, loss, inputs as never);
  const gradient = (gradients as { studentFeatures: unknown }).studentFeatures;
  return { value: (await backend.read(value)).data[0]!, gradient: Array.from((await backend.read(gradient)).data) };
}

describe.each(devices)('inBatchContrast on %s', (_name, backend) => {
  it('is exactly 0 for one sample, with gradient 0, and so for one that alone counts', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const rows = [1, 2].map((side) => [Array.from({ length: 7 }, (_, at) => randomNormal(seed, side * 10 + at))]);
      for (const [loss, labels] of [
        [inBatchContrast(), undefined],
        [inBatchContrast({ temperature: 0.01 }), undefined],
        [inBatchContrast({ positives: 'label' }), [4]],
      ] as const) {
        const { value, gradient } = await compute(backend, loss as never, rows, labels && [...labels]);
        expect(value).toBe(0);
        expect(gradient.every((slope) => slope === 0)).toBe(true);
      }
      const masked = rows.map(([row]) => [row!, row!.map((x) => x + 1)]);
      const alone = await compute(backend, inBatchContrast({ ignoreIndex: -1 }) as never, masked, [0, -1]);
      expect(alone.value).toBe(0);
      expect(alone.gradient.every((slope) => slope === 0)).toBe(true);
    }
  });

  it.each([0.2, 0.07, 0.04, 0.02])('at T = %d keeps the digits of what others have', async (temperature) => {
    // Cosine 0.8 to one's own and −0.8 to the other, so that each side's loss is log(1 + e^(−1.6/T)).
    const rows = [
      [
        [1, 0],
        [-1, 0],
      ],
      [
        [0.8, 0.6],
        [-0.8, -0.6],
      ],
    ];
    const odds = Math.exp(-1.6 / temperature);
    const expected = Math.log1p(odds);
    // (P + R − 2E)·ŷ/(2·B·T) across x̂: −p·(ŷ₁ − ŷ₂)/(B·T) in the second place, p = 1/(1 + e^(1.6/T)).
    const slope = (-1.2 * odds) / (1 + odds) / (2 * temperature);
    for (const [positives, labels] of [
      ['pair', undefined],
      ['label', [3, 5]],
    ] as const) {
      const loss = inBatchContrast({ temperature, positives });
      const { value, gradient } = await compute(backend, loss as never, rows, labels && [...labels]);
      expect(Math.abs(value / expected - 1)).toBeLessThan(1e-5);
      expect(Math.abs(gradient[1]! / slope - 1)).toBeLessThan(1e-5);
      expect(Math.abs(gradient[3]! / -slope - 1)).toBeLessThan(1e-5);
      expect(Math.abs(gradient[0]!) + Math.abs(gradient[2]!)).toBeLessThan(1e-6 * Math.abs(slope));
    }
  });

  it('adds, for several positives, what one’s own score has over their mean', async () => {
    // Scores 1/T to one's own and 0 to the other: log(1 + e^(−1/T)) + ½/T on either side, in both samples.
    const rows = [
      [
        [1, 0],
        [0, 1],
      ],
      [
        [1, 0],
        [0, 1],
      ],
    ];
    for (const temperature of [0.02, 0.5]) {
      const loss = inBatchContrast({ temperature, positives: 'label' });
      const { value } = await compute(backend, loss as never, rows, [1, 1]);
      expect(value).toBeCloseTo(Math.log1p(Math.exp(-1 / temperature)) + 0.5 / temperature, 5);
    }
  });
});
