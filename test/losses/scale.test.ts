/** Losses that no scale changes: features times 1e±25 in float32, and 1e±150 in float64, have the same value, the gradient the inverse. */
import {
  type AnyLoss,
  attentionTransfer,
  ckaLoss,
  cosineDistance,
  evaluateOn,
  type HostTensor,
  inBatchContrast,
  normalizedMse,
  pkt,
  procrustesLoss,
  queueDivergence,
  relationalAngle,
  relationalDistance,
  selectivityTransfer,
  similarityPreserving,
  tensor,
  valueAndGradients,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { wasmBackend, wasmIsSupported } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';
import { randomNormal } from '../../src/random.ts';
import type { AnyBackend } from '../support/backends.ts';

type Batch = Readonly<Record<string, HostTensor>>;

const normals = (seed: number, ...shape: number[]): HostTensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((size, extent) => size * extent, 1) }, (_, at) => randomNormal(seed, at)),
    shape,
  );
const times = ({ data, shape }: HostTensor, factor: number, doubles = false): HostTensor => {
  const scaled = Float64Array.from(data, (value) => value * factor);
  return tensor(doubles ? scaled : Float32Array.from(scaled), shape);
};

const rows: Batch = { studentFeatures: normals(1, 7, 40), teacherFeatures: normals(2, 7, 40) };
const sets: Batch = { studentFeatures: normals(3, 6, 5), teacherFeatures: normals(4, 6, 3) };
const maps: Batch = { studentFeatures: normals(5, 3, 4, 4, 5), teacherFeatures: normals(6, 3, 4, 4, 2) };
const queues: Batch = { ...rows, studentQueue: normals(7, 5, 40), teacherQueue: normals(8, 5, 40) };
const losses: readonly (readonly [string, unknown, Batch])[] = [
  ['cosineDistance', cosineDistance(), rows],
  ['normalizedMse', normalizedMse({ reduction: 'none' }), rows],
  ['attentionTransfer', attentionTransfer(), maps],
  ['attentionTransfer of cubes, as in the paper', attentionTransfer({ power: 3, variant: 'paper' }), maps],
  ['selectivityTransfer', selectivityTransfer(), maps],
  ['inBatchContrast', inBatchContrast(), rows],
  ['queueDivergence', queueDivergence(), queues],
  ['relationalDistance', relationalDistance(), sets],
  ['relationalAngle', relationalAngle(), sets],
  ['similarityPreserving', similarityPreserving(), sets],
  ['pkt', pkt(), sets],
  ['ckaLoss', ckaLoss(), sets],
  ['ckaLoss without bias', ckaLoss({ debiased: true }), sets],
  ['procrustesLoss', procrustesLoss(), sets],
];
const { readSync, ...blind } = cpuBackend();
const devices: readonly (readonly [string, AnyBackend])[] = [
  ['cpu', cpuBackend()],
  ...(wasmIsSupported() ? ([['wasm', wasmBackend()]] as const) : []),
  ['a device that cannot be read', blind],
];
/** About 1e±25. */
const [large, small] = [2 ** 83, 2 ** -83];

describe.each(devices)('on %s', (device, backend) => {
  it.each(losses)(
    '%s has the same value for features of any size, and the inverse gradient',
    async (name, given, batch) => {
      if (name === 'procrustesLoss' && backend.readSync === undefined) return;
      const loss = given as AnyLoss;
      const expected = await onDevice(backend, loss, batch);
      expect(expected.value[0]).toBeGreaterThan(1e-4);
      for (const [student, teacher] of [
        [large, 1],
        [small, 1],
        [1, large],
        [1, small],
        [small, large],
        [2 ** 118, small],
        [2 ** -110, large],
      ] as const) {
        const got = await onDevice(backend, loss, {
          ...batch,
          studentFeatures: times(batch.studentFeatures!, student),
          teacherFeatures: times(batch.teacherFeatures!, teacher),
        });
        const what = `${device}: student times ${student}, teacher times ${teacher}`;
        expectClose(got.value, expected.value, what);
        const back = got.gradient.map((slope) => slope * student);
        expectClose(back, expected.gradient, `${what}: gradient`);
      }
    },
  );
});

it.each(losses)('in float64 %s takes what float32 could not hold', (_, given, batch) => {
  const loss = given as AnyLoss<'scalar'>;
  const doubles = Object.fromEntries(Object.entries(batch).map(([name, values]) => [name, times(values, 1, true)]));
  const at = (factor: number) => {
    const { value, gradients } = valueAndGradients(loss, {
      ...doubles,
      studentFeatures: times(batch.studentFeatures!, factor, true),
    });
    return { value: numbersOf(value), gradient: numbersOf(gradients.studentFeatures).map((slope) => slope * factor) };
  };
  const expected = at(1);
  for (const factor of [2 ** 500, 2 ** -500, 2 ** 960, 2 ** -960]) {
    const got = at(factor);
    expectClose(got.value, expected.value, `times ${factor}`, 1e-12);
    expectClose(got.gradient, expected.gradient, `times ${factor}: gradient`, 1e-12);
  }
});

it('rows of every size in one batch have each their direction', () => {
  const sizes = [1, large, small, 0, 2 ** 120, 2 ** -120, 1e-40];
  const scaled = tensor(
    Float32Array.from(rows.studentFeatures!.data, (value, at) => value * sizes[Math.floor(at / 40)]!),
    [7, 40],
  );
  const loss = cosineDistance({ reduction: 'none' }) as unknown as AnyLoss;
  for (const [name, backend] of devices) {
    const read = (features: HostTensor): readonly number[] => {
      const { value } = evaluateOn(backend, loss, { ...rows, studentFeatures: features });
      return Array.from((cpuBackend().readSync as (x: unknown) => HostTensor)(hostOf(backend, value)).data);
    };
    const [got, expected] = [read(scaled), read(rows.studentFeatures!)];
    // A row of zeros has none. Of numbers around 1e-40 float32 holds three digits.
    expectClose(got.slice(0, 6), expected.map((value, row) => (row === 3 ? 1 : value)).slice(0, 6), name);
    expect(got[6], name).toBeCloseTo(expected[6]!, 2);
  }
});

it.each([
  ['pkt', pkt()],
  ['inBatchContrast', inBatchContrast({ temperature: 0.5 })],
])('%s has the value of directions alone, whatever the sizes of the rows', async (_, given) => {
  const sizes = [1, large, small, 2 ** 100, 2 ** -110, 4, 0.125];
  const data = (host: HostTensor): HostTensor =>
    tensor(
      Float32Array.from(host.data, (value, at) => value * sizes[Math.floor(at / 40)]!),
      host.shape,
    );
  const batch = { studentFeatures: data(rows.studentFeatures!), teacherFeatures: data(rows.teacherFeatures!) };
  for (const [name, backend] of devices) {
    const loss = given as unknown as AnyLoss;
    const [got, expected] = await Promise.all([onDevice(backend, loss, batch), onDevice(backend, loss, rows)]);
    expectClose(got.value, expected.value, name);
    const back = got.gradient.map((slope, at) => slope * sizes[Math.floor(at / 40)]!);
    expectClose(back, expected.gradient, `${name}: gradient`);
  }
});

it('samples of zeros beside tiny ones stay zeros: the powers of two of a set and of a row are not joined', async () => {
  const some = Float32Array.from(sets.studentFeatures!.data, (value, at) => (at < 10 ? 0 : value));
  const studentFeatures = tensor(some, sets.studentFeatures!.shape);
  for (const [name, backend] of devices) {
    const expected = await onDevice(backend, pkt() as unknown as AnyLoss, { ...sets, studentFeatures });
    const scaled = { ...sets, studentFeatures: times(studentFeatures, small) };
    const got = await onDevice(backend, pkt() as unknown as AnyLoss, scaled);
    expectClose(got.value, expected.value, name);
    expectClose(
      got.gradient.map((slope) => slope * small),
      expected.gradient,
      `${name}: gradient`,
    );
  }
});

it('what is left of samples all equal but one is rounding to debiased CKA: loss 1, gradient 0 on every backend', () => {
  // Off its diagonal this Gram matrix is a number for each row and each column, which is what the centring takes away.
  const teacherFeatures = [[0], [1], [1], [1], [1]];
  const batch = { studentFeatures: normals(9, 5, 3), teacherFeatures: tensor(teacherFeatures) };
  for (const [name, backend] of [...devices, ['float64', cpuBackend({ precision: 'float64' })] as const]) {
    const { value, gradients } = valueAndGradientsOn(backend, ckaLoss({ debiased: true }) as never as AnyLoss, batch);
    const [loss, slopes] = [value, gradients.studentFeatures].map((x) => Array.from(hostOf(backend, x).data));
    expect(loss, name).toEqual([1]);
    expect(slopes!.map(Math.abs), name).toEqual(new Array(15).fill(0));
  }
});

function hostOf(backend: AnyBackend, x: unknown): HostTensor {
  return (backend.readSync ?? (cpuBackend().readSync as (x: unknown) => HostTensor))(x as never);
}

const numbersOf = (value: unknown): number[] =>
  typeof value === 'number' ? [value] : Array.from((value as HostTensor).data);

async function onDevice(backend: AnyBackend, loss: AnyLoss, batch: Batch) {
  const { value, gradients } = valueAndGradientsOn(backend, loss, batch);
  const [read, slopes] = await Promise.all([backend.read(value), backend.read(gradients.studentFeatures)]);
  return { value: Array.from(read.data), gradient: Array.from(slopes.data) };
}

function expectClose(got: readonly number[], expected: readonly number[], what: string, tolerance = 2e-5): void {
  const most = Math.max(...expected.map(Math.abs));
  got.forEach((value, at) => {
    expect(Math.abs(value - expected[at]!), `${what} at ${at}: ${value} for ${expected[at]}`).toBeLessThanOrEqual(
      tolerance * most,
    );
  });
}
