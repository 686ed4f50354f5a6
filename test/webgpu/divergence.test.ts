import {
  type AnyLoss,
  type Backend,
  crossEntropy,
  evaluateOn,
  type HostTensor,
  jensenShannon,
  klDivergence,
  softCrossEntropy,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { webgpuBackend } from 'dark-knowledge/webgpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { oracle } from '../support/backends.ts';
import { expectDeepClose } from '../support/deepClose.ts';
import { openDevice } from '../support/webgpu.ts';

/** Numbers without a pattern in [−1.7, 1.7]. */
function wave(seed: number, at: number): number {
  return Math.sin(seed * 12.9898 + at * 78.233) + 0.7 * Math.cos(at * at * 0.61 + seed);
}

/** Logits that are float32 numbers, so that both sides start from the same ones. */
function logits(seed: number, rows: number, classes: number, spread = 3): HostTensor {
  const data = Float32Array.from({ length: rows * classes }, (_, at) => spread * wave(seed, at));
  return { data, shape: [rows, classes] };
}

const losses: readonly (readonly [string, unknown])[] = [
  ['forward KL', klDivergence({ temperature: 2 })],
  ['reverse KL', klDivergence({ temperature: 4, direction: 'reverse' })],
  ['soft cross-entropy', softCrossEntropy()],
  ['Jensen–Shannon', jensenShannon({ beta: 0.3 })],
  ['cross-entropy', crossEntropy()],
  ['smoothed cross-entropy', crossEntropy({ labelSmoothing: 0.1 })],
  ['masked sum', klDivergence({ reduction: 'sum', ignoreIndex: 1 })],
  ['rows', klDivergence({ reduction: 'none' })],
];

async function both<T>(backend: Backend<T>, loss: unknown, inputs: Readonly<Record<string, HostTensor>>) {
  const placed = Object.fromEntries(Object.entries(inputs).map(([name, host]) => [name, backend.fromHost(host)]));
  const { value, gradients } = valueAndGradientsOn(backend, loss as AnyLoss, placed);
  const alone = evaluateOn(backend, loss as AnyLoss, placed).value;
  const [v, a, g] = await Promise.all([value, alone, gradients.studentLogits!].map((x) => backend.read(x)));
  for (const x of [value, alone, gradients.studentLogits!, ...Object.values(placed)]) backend.dispose(x);
  return { value: Array.from(v!.data), alone: Array.from(a!.data), gradient: Array.from(g!.data) };
}

// The lengths of rows at which kernels change their walk: a lane, 64 lanes, 256 lanes for a row, and a row of many workgroups.
const extents: readonly (readonly [rows: number, classes: number])[] = [
  [1, 2],
  [5, 2],
  [70, 24],
  [3, 25],
  [3, 65],
  [2, 1024],
  [1, 1025],
  [1, 140_000],
];

for (const subgroups of [false, true]) {
  describe(`divergences in generated kernels ${subgroups ? 'with' : 'without'} subgroups`, () => {
    let backend: ReturnType<typeof webgpuBackend> | undefined;
    let missing = '';
    beforeAll(async () => {
      const device = await openDevice();
      if ('missing' in device) missing = device.missing;
      else if (subgroups && !device.features.has('subgroups')) missing = 'the device has no subgroups';
      else backend = webgpuBackend(device, { subgroups });
    });

    // A lane that has a row to itself asks no other: there it is all the same.
    for (const [rows, classes] of extents.filter(([, classes]) => subgroups || classes > 24)) {
      it(`equal float64 on ${rows} × ${classes}`, async (context) => {
        if (!backend) return context.skip(missing);
        const inputs = {
          studentLogits: logits(1, rows, classes),
          teacherLogits: logits(2, rows, classes),
          labels: { data: Float32Array.from({ length: rows }, (_, row) => (row * 7) % classes), shape: [rows] },
        };
        // A software driver takes half a second to compile a kernel with barriers for 256 lanes.
        for (const [name, loss] of subgroups || ![24, 65].includes(classes) ? losses.slice(0, 2) : losses) {
          const expected = await both(oracle, loss, inputs);
          // Log-probabilities are near −12, known to 1e-6 each; T² = 16 multiplies that.
          const { value, alone, gradient } = await both(backend, loss, inputs);
          const tolerance = classes > 1e5 ? 2e-5 : 3e-6;
          expectDeepClose({ value, alone }, { value: expected.value, alone: expected.alone }, tolerance, name);
          const apart = gradient.map((slope, at) => Math.abs(slope - expected.gradient[at]!));
          expect(
            apart.reduce((most, difference) => Math.max(most, difference), 0),
            `gradient of ${name}`,
          ).toBeLessThan(tolerance);
        }
      });
    }

    it('keep infinities, huge logits and masked rows as float64 has them', async (context) => {
      if (!backend) return context.skip(missing);
      const rows: readonly (readonly number[])[] = [
        [1e4, -1e4, 0, 3],
        [-Infinity, 1, 2, -Infinity],
        [0, -Infinity, 5, 5],
        [-9999, 1e4, 0, 1],
        [NaN, 0, 0, 0],
        [Infinity, 0, 1, 0],
        [-Infinity, -Infinity, -Infinity, -Infinity],
      ];
      for (const width of subgroups ? [4, 80] : [80]) {
        const pad = (row: readonly number[]) => [...row, ...Array<number>(width - 4).fill(-2)];
        const student = rows.flatMap(pad);
        const teacher = [...rows.slice(1), rows[0]!].flatMap(pad);
        for (const [name, loss] of losses) {
          // Row by row: one NaN would make the mean NaN and hide the others.
          for (let row = 0; row < rows.length; row++) {
            const cut = (data: readonly number[]) => ({
              data: Float32Array.from(data.slice(row * width, (row + 1) * width)),
              shape: [1, width],
            });
            const inputs = {
              studentLogits: cut(student),
              teacherLogits: cut(teacher),
              labels: { data: Float32Array.of(1), shape: [1] },
            };
            const expected = await both(oracle, loss, inputs);
            // log q − log p is 2500 here, less a mean of that size: four digits of float32's seven are left.
            expectDeepClose(await both(backend, loss, inputs), expected, 1e-4, `${name} row ${row} of ${width}`);
          }
        }
      }
    });
  });
}

it('a label outside the classes gives NaN, unless it is ignored', async (context) => {
  const device = await openDevice();
  if ('missing' in device) return context.skip(device.missing);
  const backend = webgpuBackend(device);
  const rows = crossEntropy({ reduction: 'none', ignoreIndex: -1 });
  const { value } = evaluateOn(backend, rows, { studentLogits: logits(1, 4, 3), labels: [3, -1, 0.5, 0] });
  const { data } = await backend.read(value);
  expect(Array.from(data, Number.isNaN)).toEqual([true, false, true, false]);
  expect(data[1]).toBe(0);
});
