import { gradientFlow, randomNormal } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';
import { withNoisyLabels } from '../../studies/data/noisyLabels.ts';
import { atEqualProgress, waysMeasured } from '../../studies/deviations/eigenPaths.ts';

describe('ways along two directions', () => {
  it('lead by the top one as far as it is done before the bottom one starts', () => {
    const path = (points: number[][]) => ({ eigenvalues: [2, 1], teacher: points, student: points });
    const lead = (points: number[][]) => waysMeasured(path(points), [[0, 1]]).lead.student;
    const onePace = [
      [0, 0],
      [1, 3],
      [2, 6],
    ];
    const topFirst = [
      [0, 0],
      [5, 0],
      [5, 4],
    ];
    const bottomFirst = [
      [0, 0],
      [0, 4],
      [5, 4],
    ];
    expect([onePace, topFirst, bottomFirst].map(lead)).toEqual([0.5, 1, 0]);
  });

  it('at equal progress, read between checkpoints, give what gradient flow gives in closed form', () => {
    const data = { data: Float64Array.from({ length: 24 }, (_, at) => randomNormal(5, at)), shape: [4, 6] };
    const flow = gradientFlow({ data, targets: [1, -1, 2, 0.5] });
    const teacherTime = 2 / flow.eigenvalues[1]!;
    const time = teacherTime / 2;
    const studentTime = flow.equalProgressTime({ direction: 0, time, teacherTime });
    const wanted = 1 - flow.student({ teacherTime, time: studentTime }).progress[2]! / flow.teacher(time).progress[2]!;
    const sizes = (values: ArrayLike<number>) => Array.from(values, Math.abs);
    // The student's checkpoints lie on both sides of that time, near enough for a straight line between them.
    const student = [0, 0.999, 1.001, 40].map((part) =>
      sizes(flow.student({ teacherTime, time: part * studentTime }).components.data),
    );
    const teacher = [0, time, 40 * time].map((at) => sizes(flow.teacher(at).components.data));
    const { shortfall, share, count } = atEqualProgress({ eigenvalues: flow.eigenvalues, teacher, student }, [[0, 2]]);
    expect(count).toBe(1);
    expect(share).toBe(1);
    expect(shortfall).toBeCloseTo(wanted, 5);
  });
});

it('noisy labels are wrong on the rows that are said to be, and right on the others', () => {
  const labels = Int32Array.from({ length: 2000 }, (_, row) => row % 10);
  const { images, mislabelled } = withNoisyLabels({ images: new Float32Array(0), labels, count: 2000 }, 0.2, 7);
  expect(Array.from(images.labels.keys()).filter((row) => images.labels[row] !== labels[row])).toEqual([
    ...mislabelled,
  ]);
  // 400 are expected, with a standard deviation of 18.
  expect(Math.abs(mislabelled.length - 400)).toBeLessThan(72);
});
