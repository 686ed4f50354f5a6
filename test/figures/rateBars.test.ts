import { foolingRate, invariance, measure, studentFoolingRate } from 'dark-knowledge';
import { foolingBars, invarianceBars } from 'dark-knowledge/figures';
import { describe, expect, it } from 'vitest';
import { wilsonInterval } from '../../src/figures/wilsonInterval.ts';
import { describeFigure, draw, itemsOf } from '../support/figures.ts';
import { logitsOf } from './samples.ts';

const [clean, adversarial, student, studentAdversarial] = [0, 1, 2, 3].map((seed) => logitsOf(seed, 200, 2)) as [
  ReturnType<typeof logitsOf>,
  ReturnType<typeof logitsOf>,
  ReturnType<typeof logitsOf>,
  ReturnType<typeof logitsOf>,
];
const attack = (teacherAdversarialLogits: typeof clean) =>
  measure(studentFoolingRate(), {
    teacherCleanLogits: clean,
    teacherAdversarialLogits,
    studentCleanLogits: student,
    studentAdversarialLogits: studentAdversarial,
  });
const teacher = measure(foolingRate(), { cleanLogits: clean, adversarialLogits: adversarial });
const fooling = { teacher, 'distilled student': attack(adversarial), 'failed attack': attack(clean) };
const views = {
  teacher: measure(invariance(), { logits: clean, viewLogits: adversarial }),
  student: measure(invariance(), { logits: student, viewLogits: student }),
};

describeFigure('foolingBars', [
  { title: 'teacher and students', figure: (options) => foolingBars(fooling, options) },
  {
    title: 'an attack that fooled no teacher',
    figure: (options) => foolingBars({ student: fooling['failed attack'] }, options),
  },
]);
describeFigure('invarianceBars', [
  { title: 'teacher and student', figure: (options) => invarianceBars(views, options) },
  {
    title: 'names of any length and any letters',
    figure: (options) =>
      invarianceBars(
        { 'a "b" \\ [c].d': views.teacher, 'distilbert-base-uncased-finetuned-sst-2': views.student },
        options,
      ),
  },
  { title: 'no image', figure: (options) => invarianceBars({ model: { same: 0, count: 0, kappa: 0 } }, options) },
]);

describe('bars of rates', () => {
  it('are as long as the rate, in its interval, with both numbers beside them', async () => {
    const panel = (await draw(foolingBars(fooling))).panels[0]!;
    const own = fooling['distilled student'];
    const expected = [
      [teacher.fooled, teacher.count],
      [own.studentFooled, own.teacherFooled],
    ] as const;
    const [bars, rules] = [itemsOf(panel, 'rect'), itemsOf(panel, 'rule')];
    expect(bars).toHaveLength(2);
    expected.forEach(([hits, count], index) => {
      expect(panel.across(bars[index]!.x + bars[index]!.width!)).toBeCloseTo(hits / count, 6);
      const bounds = [panel.across(rules[index]!.x), panel.across(rules[index]!.x2!)].sort();
      expect(bounds).toEqual([...wilsonInterval(hits, count)].map((bound) => expect.closeTo(bound, 6)));
      expect(itemsOf(panel, 'text')[index]!.text).toBe(`${((100 * hits) / count).toFixed(1)}% (${hits} of ${count})`);
    });
    expect(itemsOf(panel, 'text')[2]!.text).toBe('none to count');
  });

  it('say of which images each rate is', async () => {
    const text = (await draw(foolingBars(fooling))).texts.join(' ');
    expect(text).toContain('Of all images attacked: teacher.');
    expect(text).toContain('Of those that fooled the teacher: distilled student and failed attack.');
  });

  it('show agreement beyond chance where there is room', async () => {
    const panel = (await draw(invarianceBars(views))).panels[0]!;
    expect(itemsOf(panel, 'text').map(({ text }) => text)).toEqual([
      expect.stringMatching(/^[\d.]+% \(\d+ of 200\), κ 0\.\d+$/),
      '100.0% (200 of 200), κ 1',
    ]);
    expect(panel.across(itemsOf(panel, 'rect')[0]!.width!)).toBeCloseTo(views.teacher.value, 6);
  });

  it('refuse NaN by its place', () => {
    expect(() => foolingBars({ teacher: { ...teacher, fooled: Number.NaN } })).toThrow(
      new RangeError('foolingBars: models.teacher.fooled must be a whole number of at least 0, got NaN.'),
    );
    expect(() => invarianceBars({ teacher: { ...views.teacher, kappa: Number.NaN } })).toThrow('models.teacher.kappa');
    expect(() => foolingBars({})).toThrow(RangeError);
  });

  it('refuse more hits than there are', () => {
    expect(() => foolingBars({ teacher: { value: 1.4, fooled: 7, count: 5 } })).toThrow(
      new RangeError('foolingBars: models.teacher.fooled must be at most the count, 5, got 7.'),
    );
    expect(() => foolingBars({ student: { value: 2, studentFooled: 2, teacherFooled: 1 } })).toThrow(
      'models.student.studentFooled must be at most the teacherFooled, 1, got 2.',
    );
    expect(() => invarianceBars({ teacher: { ...views.teacher, same: 201 } })).toThrow('at most the count, 200');
  });
});

describe("Wilson's interval", () => {
  it("agrees with scipy's", () => {
    // binomtest(k, n).proportion_ci(method='wilson')
    expect(wilsonInterval(38, 40)).toEqual([expect.closeTo(0.8349612263086, 11), expect.closeTo(0.9861793326139, 11)]);
    expect(wilsonInterval(5, 8)).toEqual([expect.closeTo(0.3057423946026, 11), expect.closeTo(0.8631557141764, 11)]);
    expect(wilsonInterval(7, 12)).toEqual([expect.closeTo(0.3195113125495, 11), expect.closeTo(0.8067396863412, 11)]);
  });

  it('keeps a width where none or all are hits, and says nothing of no rows', () => {
    // At k = 0 the bound solves p² = z²·p(1 − p)/n: p = z²/(n + z²).
    const z2 = 1.959963984540054 ** 2;
    expect(wilsonInterval(0, 10)).toEqual([0, expect.closeTo(z2 / (10 + z2), 12)]);
    expect(wilsonInterval(10, 10)).toEqual([expect.closeTo(10 / (10 + z2), 12), 1]);
    expect(wilsonInterval(0, 0)).toEqual([0, 1]);
  });
});
