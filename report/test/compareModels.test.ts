import { ckaMatrix, errorOverlap, groupShift, measure, predictionFlips, tensor } from 'dark-knowledge';
import { compareModels } from 'dark-knowledge-report';
import { describe, expect, it } from 'vitest';
import { featuresOf, labelsOf, logitsOf } from './models.ts';

const rows = 200;
const labels = labelsOf(rows);
const [teacher, student, other] = [logitsOf(1, rows, 2.5), logitsOf(2, rows, 2), logitsOf(3, rows, 1)];
const fast = { resamples: 100 };

const argMaxOf = ({ data, shape: [, width = 0] }: ReturnType<typeof logitsOf>) =>
  Int32Array.from({ length: rows }, (_, row) => {
    const scores = data.subarray(row * width, (row + 1) * width);
    return scores.indexOf(Math.max(...scores));
  });

describe('what compareModels takes', () => {
  it('is logits in every form that the library takes, and gives the same numbers for each', () => {
    const nested = Array.from({ length: rows }, (_, row) => Array.from(student.data.subarray(row * 5, row * 5 + 5)));
    const forms = [student, { logits: student }, nested, [{ logits: nested }], { data: student.data, dims: [rows, 5] }];
    const found = forms.map((form) => compareModels({ labels, teacher, students: { student: form }, ...fast }));
    for (const { models } of found) expect(models.student!.accuracy).toEqual(found[0]!.models.student!.accuracy);
  });

  it('is more rows than go through at once', () => {
    const many = 9000;
    const { rows: counted, models } = compareModels({
      labels: labelsOf(many),
      teacher: logitsOf(1, many, 3),
      students: { student: logitsOf(1, many, 3) },
      ...fast,
    });
    expect(counted).toBe(many);
    expect(models.student!.agreement).toEqual({ value: 1, low: 1, high: 1 });
    expect(models.student!.klDivergence).toEqual({ value: 0, low: 0, high: 0 });
  });

  it('is predictions of classes that nobody counted', () => {
    const { models, classes, byClass } = compareModels({
      labels: [0, 1, 2, 2],
      teacher: { predictions: [0, 1, 2, 3] },
      students: { student: { predictions: [0, 0, 0, 2] } },
      ...fast,
    });
    expect(classes).toBeNull();
    expect(models.teacher!.accuracy.value).toBe(0.75);
    expect(models.student!.agreement!.value).toBe(0.25);
    expect(Object.keys(models.student!)).not.toContain('klDivergence');
    expect(byClass.student!.groups.map(({ group }) => group)).toEqual(['class 0', 'class 1', 'class 2', 'class 3']);
  });

  it('is groups of numbers and words, sorted as such', () => {
    const named = (groups: readonly (number | string)[]) =>
      compareModels({
        labels: [0, 1, 1, 0],
        teacher: { predictions: [0, 1, 1, 0] },
        students: { student: { predictions: [0, 1, 0, 0] } },
        groups,
        ...fast,
      }).byGroup.student!.groups.map(({ group, count }) => [group, count]);
    expect(named([10, 9, 10, 10])).toEqual([
      ['group 9', 1],
      ['group 10', 3],
    ]);
    expect(named(['b', 10, '10', 'a'])).toEqual([
      ['10', 2],
      ['a', 1],
      ['b', 1],
    ]);
  });

  it('leaves what was given as it was', () => {
    const before = Float32Array.from(student.data);
    compareModels({ labels, teacher, students: { student }, ...fast });
    expect(student.data).toEqual(before);
  });
});

describe('what compareModels gives', () => {
  const groups = Array.from({ length: rows }, (_, row) => (row % 3 === 0 ? 7 : 30));
  const comparison = compareModels({
    labels,
    teacher: { logits: teacher, features: { one: featuresOf(1, rows, 6, 1), two: featuresOf(2, rows, 4, 1) } },
    students: {
      student: { logits: student, features: { first: featuresOf(3, rows, 3, 1), second: featuresOf(4, rows, 5, 1) } },
      other,
    },
    groups,
    classNames: ['a', 'b', 'c', 'd', 'e'],
    ...fast,
  });
  const predictions = { before: argMaxOf(teacher), after: argMaxOf(student), labels };

  it('is the library’s tables of rows', () => {
    expect(comparison.flips.student).toEqual(measure(predictionFlips(), predictions));
    const levels = { level: 0.95, resamples: 100, seed: 0 };
    expect(comparison.byClass.student).toEqual(
      measure(groupShift({ ...levels, groups: ['a', 'b', 'c', 'd', 'e'] }), { ...predictions, groups: labels }),
    );
    expect(comparison.byGroup.student!.groups.map(({ group, count }) => [group, count])).toEqual([
      ['group 7', 67],
      ['group 30', 133],
    ]);
    const overlap = measure(errorOverlap({ models: ['teacher', 'student', 'other'], from: 'predictions' }), {
      labels,
      teacher: argMaxOf(teacher),
      student: argMaxOf(student),
      other: argMaxOf(other),
    });
    expect(comparison.errorOverlap.union.count).toBe(overlap.union.count);
    expect(comparison.errorOverlap.regions).toEqual(overlap.regions.map(({ models, count }) => ({ models, count })));
  });

  it('pairs layers in their order where they share no name, and shows every layer with every layer', () => {
    expect(
      Object.entries(comparison.models.student!.cka!).map(([layer, { teacherLayer }]) => [layer, teacherLayer]),
    ).toEqual([
      ['first', 'one'],
      ['second', 'two'],
    ]);
    const expected = measure(ckaMatrix({ x: ['first'], y: ['two'] }), {
      first: featuresOf(3, rows, 3, 1),
      two: featuresOf(2, rows, 4, 1),
    });
    expect(comparison.layers.student!.value[0]![1]).toBeCloseTo(expected.value[0]![0]!, 6);
    expect(comparison.models.other!.cka).toBeUndefined();
  });

  it('measures layers of doubles that lie far from 0, or beyond float32, as it does beside 0', () => {
    const [one, two] = [featuresOf(1, rows, 6, 1), featuresOf(3, rows, 3, 1)].map(({ data, shape }) => ({
      data: Float64Array.from(data),
      shape,
    }));
    const ckaOf = (change: (value: number) => number) =>
      compareModels({
        labels,
        teacher: { logits: teacher, features: { layer: { ...one!, data: one!.data.map(change) } } },
        students: { student: { logits: student, features: { layer: { ...two!, data: two!.data.map(change) } } } },
        ...fast,
      }).models.student!.cka!.layer!;
    const expected = ckaOf((value) => value);
    expect(expected.value).toBeGreaterThan(0.1);
    for (const change of [
      (value: number) => value + 1e8,
      (value: number) => value * 1e200,
      (value: number) => value * 1e-60,
      (value: number) => 1e300 * value - 1.2e308,
    ]) {
      const found = ckaOf(change);
      for (const field of ['value', 'low', 'high', 'debiased'] as const) {
        expect(found[field], `${change}`).toBeCloseTo(expected[field], 5);
      }
    }
    expect(ckaOf(() => 0.1).value).toBe(0);
  });

  it('says where resamples cannot tell: shares of 0% and 100%, and few rows', () => {
    const notesOf = (size: number, right: boolean) => {
      const own = Array.from(labels.slice(0, size));
      const scores = { predictions: own.map((label, row) => (right || row % 2 === 0 ? label : (label + 1) % 5)) };
      return compareModels({ labels: own, teacher: scores, students: { student: scores }, ...fast }).notes.join(' ');
    };
    // 0.985^200 is 0.05: what happens in 1.5% of rows is missed by 200 with that probability.
    expect(notesOf(200, true)).toContain('with 200 rows the share may still be 1.5 points away.');
    expect(notesOf(200, true)).not.toContain('too narrow');
    expect(notesOf(12, true)).toContain('With 12 rows, intervals of resamples are too narrow.');
    expect(comparison.notes.join(' ')).not.toMatch(/points away|too narrow/);
  });

  it('gives the slope of confidences at the confidence that was asked for', () => {
    const { confidence } = compareModels({ labels, teacher, students: { student }, ...fast, confidence: 0.8 });
    const wide = comparison.confidence.student!.interval!;
    const { low, high, level } = confidence.student!.interval!;
    expect([wide.level, level]).toEqual([0.95, 0.8]);
    // Student's t with 198 degrees of freedom.
    expect((high - low) / (wide.high - wide.low)).toBeCloseTo(1.2858 / 1.972, 3);
  });

  it('goes through JSON unchanged', () => {
    expect(JSON.parse(JSON.stringify(comparison))).toEqual(comparison);
  });

  it('is the same for the same seed, and another for another', () => {
    const again = (seed: number) => compareModels({ labels, teacher, students: { student }, ...fast, seed }).models;
    expect(again(1)).toEqual(again(1));
    expect(again(1).student!.accuracy.low).not.toBe(again(2).student!.accuracy.low);
  });
});

describe('what compareModels refuses', () => {
  const refuses = (inputs: object, message: string | RegExp) =>
    expect(() => compareModels({ labels, teacher, students: { student }, ...fast, ...inputs })).toThrow(message);

  it('is said with its path and its row', () => {
    const broken = tensor(
      Float32Array.from(student.data, (value, at) => (at === 777 ? Number.NaN : value)),
      [rows, 5],
    );
    refuses(
      { students: { student: [{ logits: student }, { logits: broken }] } },
      'compareModels: students.student[1].logits must be free of NaN and infinity, got NaN in row 155',
    );
    refuses(
      { teacher: { probabilities: teacher } },
      /compareModels: teacher\.probabilities must be (at least 0|rows that sum to 1)/,
    );
    refuses(
      { labels: labels.map((label, row) => (row === 8 ? 5 : label)) },
      'compareModels: labels must be whole numbers in [0, 5), got 5 in row 8',
    );
    refuses(
      { students: { student: { predictions: labels.map((label, row) => (row === 3 ? 9 : label)) } } },
      'students.student.predictions must be whole numbers in [0, 5), got 9 in row 3',
    );
    refuses(
      { students: { student: logitsOf(2, 10, 1) } },
      'students.student.logits must have the 200 rows of labels, got 10.',
    );
    refuses(
      { students: { student: {} } },
      'compareModels: students.student must hold one of logits, probabilities and predictions, got none',
    );
    refuses({ students: { student: 'logits' } }, 'compareModels: students.student.logits must be a host tensor');
    refuses({ labels: [[1], 2] }, 'compareModels: labels must be nested arrays');
    refuses(
      { students: { student: { logits: student, predictions: labels } } },
      'must hold one of logits, probabilities and predictions, got logits and predictions',
    );
    refuses({ students: {} }, 'students must be a record of at least one student, got none');
    refuses({ students: { labels: student } }, "A student's name must be another than labels");
    refuses({ groups: ['a'] }, 'groups must be one a row, got 1 for 200 rows');
    refuses(
      { groups: Array.from({ length: rows }, (_, row) => row + 0.5) },
      'groups must be whole numbers or words, got 0.5 in row 0',
    );
    refuses({ confidence: 95 }, 'confidence must be in (0, 1), got 95');
    refuses({ seed: -1 }, 'seed must be a whole number of at least 0, got -1');
    refuses({ classNames: ['a', 'a'] }, 'classNames must be distinct');
    refuses({ classNames: ['a', 'b'] }, 'Names of classes must be 5, as many as the classes, got 2.');
    refuses(
      {
        teacher: { logits: teacher, features: { one: featuresOf(1, rows, 3, 1) } },
        students: {
          student: { logits: student, features: { one: tensor(new Float32Array(rows).fill(Infinity), [rows]) } },
        },
      },
      'students.student.one must be finite, got Infinity in row 0',
    );
    refuses(
      { labels: [0], teacher: [[1, 2]], students: { student: [[1, 2]] } },
      'labels must have at least 2 rows, got 1',
    );
  });

  it('is logits that are probabilities, unless it is said that they are logits', () => {
    const probabilities = Array.from({ length: rows }, () => [0.5, 0.2, 0.1, 0.1, 0.1]);
    refuses({ students: { student: probabilities } }, 'must be logits, got rows of probabilities');
    refuses({ teacher: teacher, students: { student: { logits: probabilities } }, labels: [0] }, 'rows');
    // Five rows of numbers that happen to sum to 1 within 0.001 are no chance either; logits of a toy may be.
    const few = (count: number) => ({
      labels: [0, 1, 0, 1, 0].slice(0, count),
      teacher: { logits: Array.from({ length: count }, () => [2, 1]) },
      students: { student: Array.from({ length: count }, () => [0.75, 0.25]) },
    });
    refuses(few(5), 'must be logits, got rows of probabilities');
    expect(compareModels({ ...few(4), ...fast }).rows).toBe(4);
    expect(compareModels({ labels, teacher, students: { student: { logits: probabilities } }, ...fast }).rows).toBe(
      rows,
    );
  });
});
