import { cka, measure, procrustesDistance, representationalSimilarity, trainingPath } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { expectDeepClose } from '../../support/deepClose.ts';
import { describeMetric } from '../../support/metricSuite.ts';
import { normals, rotated, rowsOf } from './samples.ts';

const start = rowsOf(normals(1, 40, 6));
const goal = rowsOf(normals(2, 40, 6));
const mixed = (share: number) =>
  start.map((row, i) => row.map((value, j) => (1 - share) * value + share * goal[i]![j]!));
/** A model on its way from one representation to another, one that stands at the goal, turned, and one at the start. */
const batch = { a0: start, a1: mixed(0.3), a2: mixed(0.6), a3: mixed(0.9), teacher: rotated(3, goal), b0: start };
const models = { student: ['a0', 'a1', 'a2', 'a3'], teacher: ['teacher'], twin: ['b0'] } as const;

describeMetric('trainingPath', [
  {
    title: 'linear CKA over a stream, on a classical map',
    metric: trainingPath({ models, similarity: cka(), scaling: { method: 'classical' } }),
    batch,
    expected: { checkpoints: ['a0', 'a1', 'a2', 'a3', 'teacher', 'b0'], samples: 40 },
  },
]);

describe('trainingPath', () => {
  it('leads from where the twin stands towards the teacher', () => {
    for (const similarity of [representationalSimilarity(), cka({ debiased: true }), procrustesDistance()]) {
      const { paths, stress1, value } = measure(trainingPath({ models, similarity }), batch);
      const [goalPoint] = paths.teacher.coordinates;
      const toGoal = paths.student.coordinates.map((point) =>
        Math.hypot(point[0]! - goalPoint![0]!, point[1]! - goalPoint![1]!),
      );
      expect(toGoal).toEqual([...toGoal].sort((a, b) => b - a));
      expectDeepClose(paths.twin.coordinates[0], paths.student.coordinates[0], 1e-5);
      expect(paths.student.steps).toHaveLength(3);
      expect(paths.student.checkpoints).toEqual(['a0', 'a1', 'a2', 'a3']);
      expect(stress1).toBeLessThan(0.2);
      expect(value).toHaveLength(6);
    }
  });

  it('states each step as the distance on the map', () => {
    const { paths } = measure(trainingPath({ models, similarity: cka() }), batch);
    const [first, second] = paths.student.coordinates;
    expectDeepClose(paths.student.steps[0], Math.hypot(first![0]! - second![0]!, first![1]! - second![1]!), 1e-12);
  });

  it('refuses repeated checkpoints and wrong options before any work', () => {
    const similarity = cka();
    expect(() => trainingPath({ models: { a: ['x'], b: ['x'] }, similarity })).toThrow(/a list of different names/);
    expect(() => trainingPath({ models: { a: [] }, similarity })).toThrow(
      /trainingPath: models.a must be a list of at least 1/,
    );
    expect(() => trainingPath({ models: { a: ['x'] }, similarity: {} as never })).toThrow(/a similarity such as/);
    expect(() => trainingPath({ models: { a: ['x'] }, similarity, scaling: { dimensions: 0 } })).toThrow(/dimensions/);
  });
});
