import {
  accuracy,
  brierScore,
  measureAllOn,
  measureOn,
  negativeLogLikelihood,
  predictiveDivergence,
  tokenFidelity,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';
import { equalWork } from '../src/equalWork.ts';

const table = (seed: number) =>
  Array.from({ length: 6 }, (_, row) => Array.from({ length: 3 }, (_, at) => Math.sin(seed * (row + 1) + at)));
const batch = { logits: table(3), studentLogits: table(3), teacherLogits: table(4), labels: [0, 1, 2, 0, 1, 2] };

function counting() {
  const cpu = cpuBackend({ precision: 'float64' });
  const calls = { exp: 0, argMax: 0 };
  const backend: typeof cpu = {
    ...cpu,
    exp(x) {
      calls.exp++;
      return cpu.exp(x);
    },
    argMax(x) {
      calls.argMax++;
      return cpu.argMax(x);
    },
  };
  return { backend, calls };
}

describe('equal work', () => {
  it('is done once: several metrics of the same logits take one softmax', async () => {
    const { backend, calls } = counting();
    await measureOn(backend, negativeLogLikelihood(), batch);
    await measureOn(backend, brierScore(), batch);
    // A softmax each, and e to the power of its logarithm.
    expect(calls.exp).toBe(1 + 2);
    await measureAllOn(backend, { nll: negativeLogLikelihood(), brier: brierScore(), top: accuracy() }, batch);
    expect(calls.exp - 3).toBe(2);
    const before = { ...calls };
    await measureAllOn(backend, { fidelity: tokenFidelity(), divergence: predictiveDivergence() }, batch);
    // A softmax of the student, one of the teacher and a number a row; each of the two metrics alone takes them.
    expect(calls.exp - before.exp).toBe(3);
  });

  it('tells apart what differs in options, in a sign of 0 and in the order of arguments', () => {
    const backend = equalWork(cpuBackend({ precision: 'float64' }));
    const x = backend.fromHost({ data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] });
    const y = backend.fromHost({ data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] });
    expect(backend.sum(x, { axis: 0 })).toBe(backend.sum(x, { axis: 0 }));
    expect(backend.sum(x, { axis: 0 })).not.toBe(backend.sum(x, { axis: 1 }));
    expect(backend.sum(x)).not.toBe(backend.sum(y));
    expect(backend.subtract(x, y)).not.toBe(backend.subtract(y, x));
    expect(backend.reshape(x, [4])).not.toBe(backend.reshape(x, [1, 4]));
    const read = (value: ReturnType<typeof backend.scalar>) => backend.readSync!(value).data[0];
    expect([0, -0].map((zero) => read(backend.divide(backend.scalar(1), backend.scalar(zero))))).toEqual([
      Infinity,
      -Infinity,
    ]);
    expect([Number.NaN, Infinity].map((value) => read(backend.scalar(value)))).toEqual([Number.NaN, Infinity]);
  });

  it('of a large batch is not kept', async () => {
    const { backend, calls } = counting();
    const rows = 2 ** 19;
    const logits = { data: new Float32Array(2 * rows), shape: [rows, 2] };
    const large = { logits, labels: { data: new Uint8Array(rows), shape: [rows] } };
    await measureAllOn(backend, { one: accuracy(), two: accuracy({ ignoreIndex: -1 }) }, large);
    expect(calls.argMax).toBe(0);
    await measureAllOn(backend, { nll: negativeLogLikelihood(), again: negativeLogLikelihood() }, large);
    expect(calls.exp).toBe(2);
  });
});
