import {
  evaluate,
  evaluateOn,
  jensenShannon,
  klDivergence,
  linearDivergence,
  tensor,
  valueAndGradients,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { wasmBackend } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';
import { describeLoss } from '../support/lossSuite.ts';
import { catalogueCases } from './catalogueCases.ts';

/** Numbers without a pattern, of about normal size. */
const matrix = (seed: number, rows: number, columns: number, size = 1): number[][] =>
  Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => {
      const wave = Math.sin(seed * 12.9898 + (row * columns + column) * 78.233) * 43758.5453;
      return size * 3.4 * (wave - Math.floor(wave) - 0.5);
    }),
  );
const product = (states: number[][], weight: number[][], bias: readonly number[]): number[][] =>
  states.map((h) => weight.map((w, index) => w.reduce((sum, value, at) => sum + value * h[at]!, bias[index]!)));

const inputs = {
  studentStates: matrix(1, 5, 3),
  studentWeight: matrix(2, 11, 3),
  studentBias: matrix(3, 1, 11)[0]!,
  teacherStates: matrix(4, 5, 4),
  teacherWeight: matrix(5, 11, 4),
  teacherBias: matrix(6, 1, 11)[0]!,
};
const logits = {
  studentLogits: product(inputs.studentStates, inputs.studentWeight, inputs.studentBias),
  teacherLogits: product(inputs.teacherStates, inputs.teacherWeight, inputs.teacherBias),
};
// No tile is of one row: that is another kernel, and a software driver's minute for all cases; one case has it.
const tiles = { tokenTile: 3, vocabularyTile: 4 };
const masked = (bias: readonly number[], ...classes: number[]): number[] =>
  bias.map((value, index) => (classes.includes(index) ? -Infinity : value));

describeLoss('linearDivergence', [
  ...catalogueCases('linearDivergence', linearDivergence),
  ...catalogueCases('linearDivergence', (options: object) => linearDivergence({ ...options, ...tiles })).map(
    (test) => ({
      ...test,
      title: `${test.title}, in tiles of 3 rows and 4 classes`,
    }),
  ),
  ...(['forward', 'reverse', 'jensenShannon'] as const).map((divergence) => ({
    title: `${divergence}: a cap and a scale of each side, two temperatures, weighted rows, in tiles`,
    loss: linearDivergence({
      ...tiles,
      divergence,
      beta: 0.3,
      temperature: { student: 2, teacher: 1.5 },
      softcap: { student: 4, teacher: 3 },
      logitScale: { student: 0.5, teacher: 0.8 },
    }),
    inputs: { ...inputs, rowWeights: [1, 0.5, 2, 0, 1] },
  })),
  {
    title: 'rows in leading axes, each with a value of its own, the last tile of one row',
    loss: linearDivergence({ ...tiles, tokenTile: 2, reduction: 'none' }),
    inputs: { ...inputs, studentStates: [inputs.studentStates], teacherStates: [inputs.teacherStates] },
    value: [...(evaluate(klDivergence({ reduction: 'none' }), logits).value.data as Float64Array)],
  },
  ...(['forward', 'reverse', 'jensenShannon'] as const).map((divergence) => ({
    title: `${divergence}: masked classes drop out, a whole tile of them too, under a cap as well`,
    loss: linearDivergence({ ...tiles, divergence, softcap: 5 }),
    inputs: {
      ...inputs,
      studentBias: masked(inputs.studentBias, 1, 4, 5, 6, 7),
      teacherBias: masked(inputs.teacherBias, 1, 4, 5, 6, 7),
    },
    smooth: false,
  })),
  {
    title: 'a class that only the student masks is infinitely wrong',
    loss: linearDivergence(tiles),
    inputs: { ...inputs, studentBias: masked(inputs.studentBias, 4, 5, 6, 7) },
    value: Infinity,
    smooth: false,
  },
  {
    title: 'rows that do not count may hold NaN',
    loss: linearDivergence({ ...tiles, divergence: 'jensenShannon' }),
    inputs: {
      ...inputs,
      studentStates: [...inputs.studentStates, [Number.NaN, 0, 1]],
      teacherStates: [...inputs.teacherStates, [0, 0, Infinity, 1]],
      labels: [0, 0, 0, 0, 0, -100],
    },
    value: evaluate(jensenShannon(), logits).value,
    smooth: false,
  },
  {
    // One row and one class a tile make single numbers of all: those a backend may hold in more digits than its constants.
    title: 'logits at their cap have no slope, for states of any size to multiply',
    loss: linearDivergence({ softcap: 5, vocabularyTile: 1 }),
    inputs: {
      studentStates: [[-1e30]],
      studentWeight: [[2], [-0.7], [0.8], [-1], [-0.2]],
      studentBias: [3, -1, 0, -5, 2.5],
      teacherStates: [[-1e28]],
      teacherWeight: [[-1], [-4], [-0.5], [-1], [-1.5]],
    },
    // The teacher's logits are all 5, the student's three times 5 and twice −5.
    value: 4 + Math.log(3 + 2 * Math.exp(-10)) - Math.log(5),
    gradients: { studentStates: [[0]], studentWeight: [[0], [0], [0], [0], [0]], studentBias: [0, 0, 0, 0, 0] },
    smooth: false,
  },
  {
    title: 'no row: value 0, gradients 0',
    loss: linearDivergence(),
    inputs: {
      ...inputs,
      studentStates: tensor(new Float32Array(0), [0, 3]),
      teacherStates: tensor(new Float32Array(0), [0, 4]),
    },
    value: 0,
    gradients: {
      studentWeight: inputs.studentWeight.map((row) => row.map(() => 0)),
      studentBias: inputs.studentBias.map(() => 0),
    },
    smooth: false,
  },
]);

describe('linearDivergence', () => {
  it('is the divergence of the logits, and its gradients are theirs through the head', () => {
    for (const [divergence, dense] of [
      ['forward', klDivergence({ temperature: 2 })],
      ['reverse', klDivergence({ direction: 'reverse', temperature: 2 })],
      ['jensenShannon', jensenShannon({ temperature: 2 })],
    ] as const) {
      const got = valueAndGradients(linearDivergence({ ...tiles, divergence, temperature: 2 }), inputs);
      const expected = valueAndGradients(dense, logits);
      expect(got.value).toBeCloseTo(expected.value, 12);
      const g = (row: number, index: number): number => expected.gradients.studentLogits.data[row * 11 + index]!;
      inputs.studentBias.forEach((_, index) => {
        const sum = inputs.studentStates.reduce((total, _h, row) => total + g(row, index), 0);
        expect(got.gradients.studentBias!.data[index]).toBeCloseTo(sum, 12);
        const first = inputs.studentStates.reduce((total, h, row) => total + g(row, index) * h[0]!, 0);
        expect(got.gradients.studentWeight.data[index * 3]).toBeCloseTo(first, 12);
      });
    }
  });

  it('does not depend on its tiles', () => {
    const whole = valueAndGradients(linearDivergence(), inputs);
    for (const [tokenTile, vocabularyTile] of [
      [1, 1],
      [3, 2],
      [5, 11],
      [100, 10],
    ] as const) {
      const parts = valueAndGradients(linearDivergence({ tokenTile, vocabularyTile }), inputs);
      expect(parts.value).toBeCloseTo(whole.value, 12);
      for (const name of ['studentStates', 'studentWeight', 'studentBias'] as const) {
        parts.gradients[name]!.data.forEach((value, index) => {
          expect(value).toBeCloseTo(whole.gradients[name]!.data[index]!, 12);
        });
      }
    }
  });

  it('keeps its digits where both models are alike, far from 0 too, in float32', () => {
    const width = 4;
    const classes = 300;
    const rows = 6;
    const backend = cpuBackend();
    const base = {
      states: matrix(1, rows, width),
      weight: matrix(2, classes, width, 0.5),
      bias: matrix(3, 1, classes)[0]!,
    };
    for (const offset of [0, 300]) {
      // One head for both, so that products are rounded alike, and a difference of 0.01 in the bias.
      const biases = {
        teacher: base.bias.map((b) => Math.fround(b + offset)),
        noise: matrix(7, 1, classes, 0.006)[0]!,
      };
      const batch = {
        studentStates: base.states,
        studentWeight: base.weight,
        studentBias: biases.teacher.map((b, index) => Math.fround(b + biases.noise[index]!)),
        teacherStates: base.states,
        teacherWeight: base.weight,
        teacherBias: biases.teacher,
      };
      const loss = linearDivergence({ reduction: 'none', vocabularyTile: 64 });
      const exact = evaluate(loss, batch).value.data;
      const single = evaluateOn(backend, loss, batch).value.data;
      exact.forEach((value, row) => {
        expect(single[row], `offset ${offset}`).toBeGreaterThan(0);
        expect(Math.abs(single[row]! - value) / value, `offset ${offset}`).toBeLessThan(offset === 0 ? 1e-3 : 1e-2);
      });
    }
  });

  it('never holds the logits: a step takes tiles and the gradients', () => {
    const [rows, width, classes] = [64, 8, 4096];
    const backend = wasmBackend();
    const floats = (seed: number, shape: [number, number]) =>
      backend.fromHost(tensor(Float32Array.from(matrix(seed, ...shape).flat()), shape));
    const placed = {
      studentStates: floats(1, [rows, width]),
      studentWeight: floats(2, [classes, width]),
      teacherStates: floats(3, [rows, width]),
      teacherWeight: floats(4, [classes, width]),
    };
    const before = backend.byteCount();
    let most = 0;
    const note = <Result>(result: Result): Result => {
      most = Math.max(most, backend.byteCount());
      return result;
    };
    // Every operation is watched: what is alive after it is alive at once.
    const watched = Object.fromEntries(
      Object.entries(backend).map(([name, member]) => [
        name,
        typeof member === 'function' && name !== 'byteCount'
          ? (...given: never[]) => note((member as (...given: never[]) => unknown)(...given))
          : member,
      ]),
    ) as unknown as typeof backend;
    const loss = linearDivergence({ tokenTile: 16, vocabularyTile: 64 });
    const result = valueAndGradientsOn({ ...watched, fusedKernels: [] }, loss, placed);
    const gradients = 4 * (rows * width + classes * width);
    const tile = 4 * 16 * 64;
    expect(most - before - gradients).toBeLessThan(4 * 16 * 64 * 40 + 4 * rows * 20 + 4 * 64 * 64 * 6);
    expect(most - before - gradients).toBeLessThan((4 * rows * classes) / 4);
    expect(tile).toBeLessThan(most);
    backend.dispose(result.value);
    for (const gradient of Object.values(result.gradients)) if (gradient) backend.dispose(gradient);
    expect(backend.byteCount()).toBe(before);
  });

  it('refuses heads that do not fit', () => {
    const run = (given: object) => () => evaluate(linearDivergence(), { ...inputs, ...given } as never);
    expect(run({ studentWeight: matrix(1, 11, 4) })).toThrow(
      /studentWeight must be of shape \[classes, 3\], as studentStates are wide/,
    );
    expect(run({ teacherWeight: matrix(1, 12, 4), teacherBias: undefined })).toThrow(
      new RangeError("linearDivergence: teacherWeight must be of the student's 11 classes, got 12."),
    );
    expect(run({ studentBias: [1, 2] })).toThrow(/studentBias must be of the shape of the classes, \[11\]/);
    expect(run({ teacherStates: matrix(1, 4, 4) })).toThrow(/rows of teacherStates must be/);
    expect(() => linearDivergence({ softcap: 0 })).toThrow(/softcap must be a finite number greater than 0/);
    expect(() => linearDivergence({ softcap: { student: 1, teach: 2 } as never })).toThrow(RangeError);
    expect(() => linearDivergence({ vocabularyTile: 0 })).toThrow(
      /vocabularyTile must be a whole number of at least 1/,
    );
  });
});
