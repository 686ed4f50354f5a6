import { evaluate, hint, klDivergence, rename, valueAndGradients } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';

const batch = { student: [[1, 2, 3]], teacher: [[3, 2, 1]] };

describe('rename', () => {
  it('reads inputs under other names and gives gradients under them', () => {
    const renamed = rename(klDivergence({ temperature: 2 }), { studentLogits: 'student', teacherLogits: 'teacher' });
    const plain = valueAndGradients(klDivergence({ temperature: 2 }), {
      studentLogits: batch.student,
      teacherLogits: batch.teacher,
    });
    const { value, gradients } = valueAndGradients(renamed, batch);
    expect(value).toBe(plain.value);
    expect(gradients.student).toEqual(plain.gradients.studentLogits);
    expect(renamed.inputs).toEqual(['student', 'teacher']);
    expect(renamed.differentiable).toEqual(['student']);
  });

  it('leaves names that the mapping does not mention', () => {
    const renamed = rename(klDivergence(), { rowWeights: 'weights' });
    expect(renamed.inputs).toEqual(['studentLogits', 'teacherLogits']);
    expect(renamed.optionalInputs).toEqual(['labels', 'weights']);
    const inputs = { studentLogits: [[1, 0]], teacherLogits: [[0, 1]] };
    expect(evaluate(renamed, { ...inputs, weights: [0] }).value).toBe(0);
  });

  it('can exchange two names', () => {
    const exchanged = rename(klDivergence({ direction: 'reverse' }), {
      studentLogits: 'teacherLogits',
      teacherLogits: 'studentLogits',
    });
    const inputs = { studentLogits: [[1, 0]], teacherLogits: [[0, 2]] };
    expect(evaluate(exchanged, inputs).value).toBeCloseTo(evaluate(klDivergence(), inputs).value, 12);
    expect(valueAndGradients(exchanged, inputs).gradients.teacherLogits.data.length).toBe(2);
  });

  it('names a missing input by its new name, at run time and by type', () => {
    const second = rename(hint(), { studentFeatures: 'studentBlock2' });
    // @ts-expect-error studentBlock2 is missing
    expect(() => evaluate(second, { teacherFeatures: [[1]] })).toThrow(
      'hint: studentBlock2 must be given, got undefined.',
    );
  });

  it('refuses names that the loss does not have, and two inputs under one name', () => {
    // @ts-expect-error hint has no studentLogits
    expect(() => rename(hint(), { studentLogits: 'x' })).toThrow(
      "rename: names must be inputs of hint: studentFeatures, teacherFeatures, rowWeights, got 'studentLogits'.",
    );
    expect(() => rename(hint(), { studentFeatures: 'features', teacherFeatures: 'features' })).toThrow(
      "rename: names must be different for each input, got 'features'.",
    );
  });
});
