/** What the fuzz found: numbers that a row, a side or a device hid, each in its smallest form. */
import {
  accumulate,
  accuracy,
  adaptiveKlDivergence,
  ckaLoss,
  cosineDistance,
  crossEntropy,
  dist,
  evaluate,
  evaluateOn,
  groupedAccuracy,
  jensenShannon,
  klDivergence,
  linearDivergence,
  measure,
  measureOn,
  procrustesLoss,
  restore,
  saliencyTransfer,
  valueAndGradients,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';
import { strictBackend } from '../../src/testing/strictBackend.ts';

const { readSync: _, ...blind } = cpuBackend({ precision: 'float64' });

describe('a row that is infinitely wrong', () => {
  it('has gradient 0 under a reverse divergence, where the teacher rules out what the student does not', () => {
    const studentLogits = [
      [1, 2, 3],
      [0, 1, 0],
    ];
    const teacherLogits = [
      [1, 2, -Infinity],
      [1, 0, 0],
    ];
    const alone = { studentLogits: [studentLogits[1]!], teacherLogits: [teacherLogits[1]!] };
    for (const loss of [klDivergence({ direction: 'reverse' }), adaptiveKlDivergence()]) {
      const { value, gradients } = valueAndGradients(loss, { studentLogits, teacherLogits });
      expect(value).toBe(Infinity);
      expect(Array.from(gradients.studentLogits.data).some(Number.isNaN)).toBe(false);
      const other = valueAndGradients(loss, alone).gradients.studentLogits.data;
      gradients.studentLogits.data.slice(3).forEach((slope, at) => {
        expect(slope).toBeCloseTo(other[at]! / 2, 12);
      });
    }
    const { gradients } = valueAndGradients(klDivergence({ direction: 'reverse' }), { studentLogits, teacherLogits });
    expect(Array.from(gradients.studentLogits.data.slice(0, 3))).toEqual([0, 0, 0]);
  });

  it('stays finite under a bounded divergence', () => {
    const batch = { studentLogits: [[1, -Infinity]], teacherLogits: [[-Infinity, 1]] };
    expect(evaluate(jensenShannon(), batch)).toEqual({ value: Math.log(2), terms: {} });
  });
});

describe('a row that does not count', () => {
  it('sets no scale for the others: dist of scores near 1e-30 beside one of a half', () => {
    const studentLogits = [
      [-72, -60],
      [-71, -64],
    ];
    const teacherLogits = [
      [-70, -66],
      [-72, -61],
    ];
    const loss = dist({ activation: 'sigmoid' });
    const { value } = evaluate(loss, { studentLogits, teacherLogits });
    const masked = {
      studentLogits: [...studentLogits, [0, 0]],
      teacherLogits: [...teacherLogits, [0, 0]],
      mask: [1, 1, 0],
    };
    expect(evaluate(loss, masked).value).toBeCloseTo(value, 9);
  });

  it('has no gradient behind a cap, whatever its states hold', () => {
    const heads = { studentWeight: [[1], [2]], teacherWeight: [[1], [0]] };
    const { gradients } = valueAndGradients(linearDivergence({ softcap: 5 }), {
      ...heads,
      studentStates: [[1], [Number.NaN]],
      teacherStates: [[1], [Infinity]],
      rowWeights: [1, 0],
    });
    expect(gradients.studentStates.data[1]).toBe(0);
    expect(Array.from(gradients.studentWeight.data).every(Number.isFinite)).toBe(true);
  });
});

describe('a NaN', () => {
  const constant = [
    [1, 1],
    [1, 1],
    [1, 1],
    [1, 1],
  ];
  const spoilt = [[Number.NaN, 1], ...constant.slice(1)];

  it('shows beside constant features', () => {
    const batch = { studentFeatures: spoilt, teacherFeatures: constant };
    for (const loss of [ckaLoss(), ckaLoss({ debiased: true }), procrustesLoss()]) {
      expect(evaluate(loss, batch).value, loss.name).toBeNaN();
    }
    const zeros = { studentFeatures: [[Number.NaN, 1]], teacherFeatures: [[0, 0]] };
    expect(evaluate(cosineDistance(), zeros).value).toBeNaN();
    expect(evaluate(dist(), { studentLogits: spoilt, teacherLogits: constant }).value).toBeNaN();
  });

  it('as a label is no row that is left out, on a device that is not read', async () => {
    const logits = [
      [1, 2],
      [3, 2],
    ];
    const { value } = evaluateOn(blind, crossEntropy(), { studentLogits: logits, labels: [Number.NaN, 0] });
    expect(value.data[0]).toBeNaN();
    const metric = accuracy({ ignoreIndex: -100 });
    const batch = { logits, labels: [Number.NaN, 0] };
    await expect(measureOn(blind, metric, batch)).rejects.toThrow(/accuracy: labels must be/);
    const predicted = { predictions: [0, 1], labels: [Infinity, 0], groups: [0, 0] };
    await expect(measureOn(blind, groupedAccuracy({ groups: 1, from: 'predictions' }), predicted)).rejects.toThrow(
      /groupedAccuracy: labels must be whole numbers/,
    );
  });
});

describe('a backend of few members', () => {
  it('gets its parts once, where one tensor goes into two wholes', () => {
    const backend = strictBackend(false);
    const batch = {
      studentStates: [[1], [2]],
      studentWeight: [[1], [2]],
      teacherStates: [[1], [0]],
      teacherWeight: [[1], [0]],
    };
    const expected = valueAndGradients(linearDivergence(), batch);
    const { value, gradients } = valueAndGradientsOn(backend, linearDivergence({ tokenTile: 1 }), batch);
    expect(value.numbers!.data[0]).toBeCloseTo(expected.value, 12);
    expect(Array.from(gradients.studentStates.numbers!.data)).toHaveLength(2);
  });

  it('is told that 1e-30 is no class', () => {
    const cpu = cpuBackend({ precision: 'float64' });
    const indices = { data: Float64Array.of(1, 1e-30), shape: [2] };
    expect(Array.from(cpu.oneHot(indices, 2).data)).toEqual([0, 1, 0, 0]);
  });
});

describe('a state', () => {
  it('of another form is refused by saliencyTransfer as by the others', () => {
    const maps = [[[1, 0]]];
    const running = accumulate(saliencyTransfer());
    running.update({ teacherMaps: maps, distilledMaps: maps, independentMaps: [[[0, 1]]] });
    const state = JSON.parse(JSON.stringify(running));
    expect(restore(saliencyTransfer(), state).compute()).toEqual(
      measure(saliencyTransfer(), { teacherMaps: maps, distilledMaps: maps, independentMaps: [[[0, 1]]] }),
    );
    state.statistics.defined.shape = [1];
    expect(() => restore(saliencyTransfer(), state)).toThrow(
      "saliencyTransfer: statistic 'defined' must be of shape []",
    );
    state.statistics.defined = { data: [2], shape: [] };
    expect(() => restore(saliencyTransfer(), state)).toThrow(
      "saliencyTransfer: state's defined must be at most its count",
    );
  });
});
