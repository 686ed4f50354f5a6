import { meanAndStandardDeviation, relativeDegradation, samplesPerSecond } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';

describe('meanAndStandardDeviation', () => {
  it('divides by n − ddof', () => {
    // Σ (x − 5)² = 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 = 32.
    const values = [2, 4, 4, 4, 5, 5, 7, 9];
    const { mean, value, standardDeviation, standardError, count } = meanAndStandardDeviation(values);
    expect([mean, value, count]).toEqual([5, 5, 8]);
    expect(standardDeviation).toBeCloseTo(Math.sqrt(32 / 7), 14);
    expect(standardError).toBeCloseTo(Math.sqrt(32 / 7 / 8), 14);
    expect(meanAndStandardDeviation(values, { ddof: 0 }).standardDeviation).toBe(2);
  });
  it('has no spread for one trial, and exactly 0 for equal ones', () => {
    expect(meanAndStandardDeviation([0.9]).standardDeviation).toBeNull();
    expect(meanAndStandardDeviation([0.9], { ddof: 0 }).standardDeviation).toBe(0);
    expect(meanAndStandardDeviation([0.1, 0.1, 0.1])).toMatchObject({ mean: 0.1, standardDeviation: 0 });
  });
  it('takes numbers whose squares, or whose sum, are no longer finite, and such whose squares vanish', () => {
    for (const size of [1e200, 1e-200, 2 ** -1060, 1]) {
      const { mean, standardDeviation, standardError } = meanAndStandardDeviation([size, 2 * size, 3 * size]);
      expect(mean / (2 * size)).toBeCloseTo(1, 14);
      expect(standardDeviation! / size).toBeCloseTo(1, 14);
      // Of 2^−1060 a √3rd has four digits left.
      expect((standardError! * Math.sqrt(3)) / size).toBeCloseTo(1, size < 1e-300 ? 3 : 14);
    }
    const { mean, standardDeviation } = meanAndStandardDeviation([1.5e308, 1.7e308]);
    expect(mean / 1.6e308).toBeCloseTo(1, 14);
    expect(standardDeviation! / (0.2e308 / Math.SQRT2)).toBeCloseTo(1, 13);
  });
  it('refuses nothing at all, NaN and a negative ddof', () => {
    expect(() => meanAndStandardDeviation([])).toThrow(/at least one element/);
    expect(() => meanAndStandardDeviation([1, Number.NaN])).toThrow(/finite numbers/);
    expect(() => meanAndStandardDeviation([1], { ddof: -1 })).toThrow(/ddof/);
  });
});

describe('relativeDegradation', () => {
  // Table 1 of "What is lost in knowledge distillation?", three tasks; its figure 1 shows 35 for CoLA and 3L.
  const teacher = { CoLA: 0.62, RTE: 0.8, SST2: 0.95 };
  const students = { '9L': { CoLA: 0.59, RTE: 0.68, SST2: 0.93 }, '3L': { CoLA: 0.4, RTE: 0.58, SST2: 0.91 } };

  it("gives the paper's figures", () => {
    const result = relativeDegradation({ teacher, students });
    expect(result.students).toEqual(['9L', '3L']);
    const percent = result.cells.map((row) => row.map((cell) => Math.round(100 * cell!)));
    expect(percent).toEqual([
      [5, 15, 2],
      [35, 28, 4],
    ]);
    expect(result.worst).toMatchObject({ student: '3L', task: 'CoLA' });
    expect(result.byStudent['9L']).toBeCloseTo((0.03 / 0.62 + 0.15 + 0.02 / 0.95) / 3, 12);
    expect(result.byTask.RTE).toBeCloseTo((0.15 + 0.275) / 2, 12);
    expect(result.value).toBeCloseTo((result.byStudent['9L']! + result.byStudent['3L']!) / 2, 12);
  });

  it('turns the sign where lower is better, and says null where the teacher has 0', () => {
    const result = relativeDegradation(
      { teacher: { perplexity: 10, matthews: 0 }, students: { small: { perplexity: 15, matthews: 0.1 } } },
      { lowerIsBetter: ['perplexity'] },
    );
    expect(result.cells).toEqual([[0.5, null]]);
    expect(result.byTask).toEqual({ perplexity: 0.5, matthews: null });
    expect(result.value).toBe(0.5);
    // Below 0 the teacher is the worse one still by its size.
    expect(relativeDegradation({ teacher: { r: -0.5 }, students: { s: { r: 0 } } }).cells).toEqual([[-1]]);
  });

  it('refuses missing and unknown tasks, and what is no number', () => {
    expect(() => relativeDegradation({ teacher, students: { s: { CoLA: 1 } as never } })).toThrow(
      'relativeDegradation: students.s.RTE must be given, got undefined.',
    );
    expect(() => relativeDegradation({ teacher: { a: 1 }, students: { s: { a: 1, b: 2 } as never } })).toThrow(
      /teacher's tasks alone/,
    );
    expect(() => relativeDegradation({ teacher: { a: Number.NaN }, students: { s: { a: 1 } } })).toThrow(/teacher.a/);
    expect(() => relativeDegradation({ teacher: { a: 1 }, students: {} })).toThrow(/at least one student/);
    expect(() => relativeDegradation({ teacher: {}, students: { s: {} } })).toThrow(/at least one task/);
    expect(() => relativeDegradation({ teacher, students }, { lowerIsBetter: ['MNLI' as never] })).toThrow(/MNLI/);
  });
});

describe('samplesPerSecond', () => {
  it('divides samples by the seconds of a clock, warm-up apart', () => {
    const ticks = [0, 1000, 2000, 2100, 3500];
    let next = 0;
    const timer = samplesPerSecond({ clock: () => ticks[next++]! });
    expect(timer.result().value).toBeNull();
    // The warm-up's clock is read once, at its start.
    expect(timer.run(500, () => 'warm')).toBe('warm');
    timer.run(100, () => undefined);
    timer.run(60, () => undefined);
    expect(timer.result()).toEqual({ value: 160 / 2.4, samples: 160, seconds: 2.4, runs: 2, times: [1, 1.4] });
  });
  it('waits for a promise, and does not count a run that fails', async () => {
    let now = 0;
    const timer = samplesPerSecond({ clock: () => now, warmUp: 0 });
    const result = await timer.run(8, async () => {
      await Promise.resolve();
      now = 500;
      return 'read';
    });
    expect(result).toBe('read');
    await expect(timer.run(8, () => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
    expect(timer.result()).toMatchObject({ value: 16, runs: 1 });
  });
  it('is null where the clock stands still, and refuses a batch of nothing', () => {
    const timer = samplesPerSecond({ clock: () => 7, warmUp: 0 });
    timer.run(8, () => undefined);
    expect(timer.result().value).toBeNull();
    expect(() => timer.run(0, () => undefined)).toThrow(/samples/);
    expect(() => samplesPerSecond({ warmUp: -1 })).toThrow(/warmUp/);
  });
});
