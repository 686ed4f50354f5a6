import {
  evaluate,
  evaluateOn,
  measure,
  procrustesDistance,
  procrustesLoss,
  tensor,
  valueAndGradients,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { checkGradients } from 'dark-knowledge/testing';
import { wasmBackend, wasmIsSupported } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';
import { expectDeepClose } from '../support/deepClose.ts';
import { catalogueCases } from './catalogueCases.ts';

const near = {
  studentFeatures: [
    [0.5, 1, -1],
    [2, -0.5, 1.5],
    [0.25, 0.5, 0.75],
    [-1.5, 0.5, 0],
    [1, 1, -2],
  ],
  teacherFeatures: [
    [0, 1],
    [1, 1],
    [-0.5, 0.75],
    [0, -1.5],
    [2, 0.5],
  ],
};

describe('procrustesLoss', () => {
  for (const { title, inputs, value, gradients, smooth } of catalogueCases('procrustesLoss', procrustesLoss)) {
    it(`agrees with the reference: ${title}`, () => {
      const own = valueAndGradients(procrustesLoss(), inputs as typeof near);
      expectDeepClose(own.value, value, 1e-9);
      expectDeepClose(own.gradients.studentFeatures.data, tensor(gradients!.studentFeatures!).data, 1e-9);
      if (smooth !== false) checkGradients(procrustesLoss(), inputs as typeof near);
    });
  }

  it('has the pocket value', () => {
    const studentFeatures = [
      [0, 0],
      [3, 4],
      [6, 0],
    ];
    const teacherFeatures = [
      [0, 0],
      [1, 0],
      [0, 1],
    ];
    expect(valueAndGradients(procrustesLoss(), { studentFeatures, teacherFeatures }).value).toBeCloseTo(0.116781577, 9);
  });

  it('is the square of the distance, whichever side is wider, and has its own gradient', () => {
    const turned = { studentFeatures: near.teacherFeatures, teacherFeatures: near.studentFeatures };
    for (const inputs of [near, turned]) {
      const { value } = measure(procrustesDistance(), { x: inputs.studentFeatures, y: inputs.teacherFeatures });
      expect(valueAndGradients(procrustesLoss(), inputs).value).toBeCloseTo(value ** 2, 12);
      checkGradients(procrustesLoss(), inputs);
    }
  });

  it('is 0, to the last digit, for the teacher’s features turned, scaled and moved, in float32 too', () => {
    const moved = near.studentFeatures.map(([a = 0, b = 0, c = 0]) => [3 * b + 7, -3 * a, 3 * c - 1]);
    const single = (rows: number[][]) => ({ data: Float32Array.from(rows.flat()), shape: [5, 3] });
    const { value, gradients } = valueAndGradients(procrustesLoss(), {
      studentFeatures: single(moved),
      teacherFeatures: single(near.studentFeatures),
    });
    expect(value).toBeLessThan(1e-25);
    for (const gradient of gradients.studentFeatures.data) expect(Math.abs(gradient)).toBeLessThan(1e-14);
  });

  it('leaves directions without a counterpart alone', () => {
    // The student has one direction, and what is across it no partner among the teacher's two.
    const studentFeatures = [
      [1, 1],
      [0, 0],
      [4, 4],
      [-2, -2],
      [0.3, 0.3],
    ];
    const own = valueAndGradients(procrustesLoss(), { ...near, studentFeatures });
    const { value } = measure(procrustesDistance(), { x: studentFeatures, y: near.teacherFeatures });
    expect(own.value).toBeCloseTo(value ** 2, 12);
    const { data } = own.gradients.studentFeatures;
    for (let row = 0; row < 5; row++) expect(data[2 * row]).toBeCloseTo(data[2 * row + 1]!, 12);
  });

  it('takes more features than samples', () => {
    const studentFeatures = [
      [1, 2, 1, 0],
      [0, 1, 0, 3],
      [4, 0, 4, 1],
    ];
    const teacherFeatures = [
      [1, 1, 2],
      [0, 0, 1],
      [2, 2, 0],
    ];
    const { value } = measure(procrustesDistance(), { x: studentFeatures, y: teacherFeatures });
    expect(evaluate(procrustesLoss(), { studentFeatures, teacherFeatures }).value).toBeCloseTo(value ** 2, 12);
  });

  it('leaves out what a mask leaves out, whatever it holds, and gives it gradient 0', () => {
    const expected = valueAndGradients(procrustesLoss(), near);
    const gap = {
      studentFeatures: [[Number.NaN, 0, 1], ...near.studentFeatures],
      teacherFeatures: [[Infinity, 2], ...near.teacherFeatures],
    };
    const { value, gradients } = valueAndGradients(procrustesLoss(), { ...gap, mask: [0, 1, 1, 1, 1, 1] });
    expect(value).toBeCloseTo(expected.value, 12);
    expectDeepClose(gradients.studentFeatures.data, [0, 0, 0, ...expected.gradients.studentFeatures.data], 1e-12);
    expect(valueAndGradients(procrustesLoss(), { ...near, mask: [0, 0, 0, 0, 0] }).value).toBe(1);
  });

  it('gives NaN for NaN, and no error', () => {
    const { value, gradients } = valueAndGradients(procrustesLoss(), {
      ...near,
      studentFeatures: near.studentFeatures.map((row, at) => (at === 1 ? [Number.NaN, 0, 0] : row)),
    });
    expect(value).toBeNaN();
    expect(gradients.studentFeatures.data[0]).toBeNaN();
  });

  it('runs on the host’s backends and leaves nothing behind', (context) => {
    if (!wasmIsSupported()) return context.skip('no WebAssembly SIMD here');
    const backend = wasmBackend();
    const before = backend.tensorCount?.();
    const { value, gradients } = valueAndGradientsOn(backend, procrustesLoss(), near);
    const expected = valueAndGradients(procrustesLoss(), near);
    expect(backend.readSync(value).data[0]).toBeCloseTo(expected.value, 6);
    expectDeepClose(backend.readSync(gradients.studentFeatures).data, expected.gradients.studentFeatures.data, 1e-6);
    backend.dispose(value);
    backend.dispose(gradients.studentFeatures);
    expect(backend.tensorCount?.()).toBe(before);
  });

  it('refuses a backend that would have to wait for a read', () => {
    const { readSync: _, ...distant } = cpuBackend();
    expect(() => evaluateOn(distant, procrustesLoss(), near)).toThrow(
      "procrustesLoss: backend must be one whose tensors live in host memory (cpu, wasm), got 'cpu'.",
    );
  });
});
