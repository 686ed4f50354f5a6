/** The digits of selectivityTransfer where both sides come from nearly one distribution, so that its terms cancel. */
import { selectivityTransfer, tensor, valueAndGradients, valueAndGradientsOn } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { wasmBackend, wasmIsSupported } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';
import type { AnyBackend } from '../support/backends.ts';

/** |M|² of M = Aᵀ·A/C − Bᵀ·B/D and 4·A·M/C through the lengths, in float64 by the definition; maps [channels][positions]. */
const bySquares = (student: number[][], teacher: number[][]) => {
  const unit = (rows: number[][]) => rows.map((row) => row.map((x) => x / Math.hypot(...row)));
  const [a, b] = [unit(student), unit(teacher)];
  const at = (rows: number[][], p: number, q: number) =>
    rows.reduce((sum, row) => sum + row[p]! * row[q]!, 0) / rows.length;
  const positions = [...student[0]!.keys()];
  const apart = positions.map((p) => positions.map((q) => at(a, p, q) - at(b, p, q)));
  const gradient = a.flatMap((row, channel) => {
    const slopes = positions.map((p) => (4 / a.length) * row.reduce((sum, x, q) => sum + x * apart[p]![q]!, 0));
    const along = slopes.reduce((sum, slope, p) => sum + slope * row[p]!, 0);
    return slopes.map((slope, p) => (slope - row[p]! * along) / Math.hypot(...student[channel]!));
  });
  return { value: apart.flat().reduce((sum, x) => sum + x * x, 0), gradient };
};
/** Samples of maps, [channels, positions] each, and the batch of them, channels first. */
const batchOf = (samples: number[][][], form: typeof Float32Array | typeof Float64Array) =>
  tensor(form.from(samples.flat(2)), [samples.length, samples[0]!.length, samples[0]![0]!.length]);
const rounded = (samples: number[][][]) => samples.map((sample) => sample.map((row) => row.map(Math.fround)));
const { readSync: _, ...blind } = cpuBackend();
const devices: readonly (readonly [string, AnyBackend])[] = [
  ['cpu', cpuBackend() as AnyBackend],
  ...(wasmIsSupported() ? ([['wasm', wasmBackend() as AnyBackend]] as const) : []),
];
/** Two channels on four positions, of which some numbers differ by a ten-thousandth. */
const few = {
  student: rounded([
    [
      [1, 0, 3, 1],
      [2, 1, 1, 2],
    ],
  ]),
  teacher: rounded([
    [
      [1.0001, 0, 3, 1],
      [2, 1.0001, 1, 2.0001],
    ],
  ]),
};
const wave = (seed: number) => Array.from({ length: 30 }, (_unused, at) => Math.sin(1 + seed + at * (1.7 + seed)));
const nearly = (row: number[]) => row.map((x, at) => x * (1 + 3e-5 * Math.cos(at)));
/** On thirty positions: alike, far from it, and the same in another order; then alike with a third channel. */
const many = {
  student: rounded([
    [wave(0), wave(1)],
    [wave(0), wave(2)],
    [wave(3), wave(4)],
  ]),
  teacher: rounded([
    [nearly(wave(0)), nearly(wave(1)), nearly(wave(0)), nearly(wave(1))],
    [wave(1), wave(5), wave(4), wave(6)],
    [wave(4), wave(3), wave(4), wave(3)],
  ]),
};

describe('selectivityTransfer', () => {
  it.each(devices)(
    'keeps, on %s, of sides that are alike the digits that their directions have',
    async (_name, backend) => {
      for (const { student, teacher } of [few, many]) {
        const loss = selectivityTransfer({ layout: 'channelsFirst', reduction: 'none' });
        const { value, gradients } = valueAndGradientsOn(backend, loss, {
          studentFeatures: backend.fromHost(batchOf(student, Float32Array)),
          teacherFeatures: backend.fromHost(batchOf(teacher, Float32Array)),
        });
        const values = (await backend.read(value)).data;
        const slopes = (await backend.read(gradients.studentFeatures)).data;
        student.forEach((sample, index) => {
          const expected = bySquares(sample, teacher[index]!);
          // A rounding in the directions counts as much as a difference of 1e-7 does.
          expect(Math.abs(Math.sqrt(values[index]!) - Math.sqrt(expected.value)), `sample ${index}`).toBeLessThan(
            1.5e-7,
          );
          const size = expected.gradient.length;
          const largest = Math.max(...expected.gradient.map(Math.abs));
          expected.gradient.forEach((slope, at) => {
            expect(Math.abs(slopes[index * size + at]! - slope)).toBeLessThan(3e-7 + 1e-5 * largest);
          });
        });
      }
      expect(bySquares(few.student[0]!, few.teacher[0]!).value).toBeCloseTo(5.0868e-10, 13);
    },
  );

  it('keeps nine digits in float64, on few positions and on many', () => {
    for (const { student, teacher } of [few, many]) {
      const { value, gradients } = valueAndGradients(
        selectivityTransfer({ layout: 'channelsFirst', reduction: 'none' }),
        { studentFeatures: batchOf(student, Float64Array), teacherFeatures: batchOf(teacher, Float64Array) },
      );
      const slopes = gradients.studentFeatures.data;
      student.forEach((sample, index) => {
        const expected = bySquares(sample, teacher[index]!);
        expect(Math.abs(value.data[index]! - expected.value)).toBeLessThanOrEqual(1e-9 * expected.value + 1e-30);
        const largest = Math.max(...expected.gradient.map(Math.abs));
        expected.gradient.forEach((slope, at) => {
          const difference = Math.abs(slopes[index * expected.gradient.length + at]! - slope);
          expect(difference).toBeLessThanOrEqual(1e-9 * largest + 1e-15);
        });
      });
    }
  });

  it('is at least 0 on a device that cannot be read, where rounding would leave −6e-8', async () => {
    const close = (row: number[], seed: number) => row.map((x, at) => x * (1 + 1e-5 * Math.cos(seed + at)));
    const { value } = valueAndGradientsOn(blind as AnyBackend, selectivityTransfer({ layout: 'channelsFirst' }), {
      studentFeatures: batchOf([[wave(7), wave(8), wave(9)]], Float32Array),
      teacherFeatures: batchOf(rounded([[close(wave(8), 1), close(wave(7), 2), close(wave(9), 3)]]), Float32Array),
    });
    expect((await (blind as AnyBackend).read(value)).data[0]).toBe(0);
  });
});
