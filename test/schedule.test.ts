import { constant, cosineRamp, linearRamp, switchAt } from 'dark-knowledge';
import { describe, expect, it } from 'vitest';

const at = (schedule: (step: number) => number, ...steps: number[]): number[] => steps.map(schedule);

describe('schedules', () => {
  it('constant stays', () => {
    expect(at(constant(0.3), 0, 1, 1e9)).toEqual([0.3, 0.3, 0.3]);
  });

  it('linearRamp is level outside its ends and straight between them', () => {
    expect(at(linearRamp({ from: 1, to: 3, start: 10, end: 20 }), 0, 10, 15, 20, 99)).toEqual([1, 1, 2, 3, 3]);
  });

  it('cosineRamp starts and ends level, and passes the middle at the middle', () => {
    const ramp = cosineRamp({ end: 100 });
    expect(at(ramp, 0, 100, 200)).toEqual([0, 1, 1]);
    expect(ramp(50)).toBeCloseTo(0.5, 15);
    expect(ramp(25)).toBeCloseTo((1 - Math.SQRT1_2) / 2, 15);
  });

  it('switchAt changes at its step, at once', () => {
    expect(at(switchAt({ step: 3 }), 0, 2, 3, 4)).toEqual([0, 0, 1, 1]);
    expect(at(switchAt({ step: 3, from: 1, to: 0 }), 2, 3)).toEqual([1, 0]);
  });

  it('switchAt over a window begins at its step and takes the window', () => {
    expect(at(switchAt({ step: 10, window: 4 }), 10, 11, 12, 14, 15)).toEqual([0, 0.25, 0.5, 1, 1]);
  });

  it('give no weight without a step', () => {
    for (const schedule of [switchAt({ step: 3 }), switchAt({ step: 3, window: 2 }), linearRamp({ end: 3 })]) {
      expect(at(schedule, Number.NaN, undefined as never)).toEqual([Number.NaN, Number.NaN]);
    }
  });

  it('refuse what is out of range, once, in the factory', () => {
    expect(() => linearRamp({ start: 5, end: 5 })).toThrow('linearRamp: end must be greater than start, 5, got 5.');
    expect(() => cosineRamp({ end: Number.NaN })).toThrow(RangeError);
    expect(() => switchAt({ step: 1.5 })).toThrow('switchAt: step must be a whole number of at least 0, got 1.5.');
    expect(() => constant('1' as never)).toThrow(TypeError);
  });
});
