/**
 * Weights over time: functions from the training step to a weight. For early, late and gradual switching between the
 * one-hot and the distillation loss, as in *On student-teacher deviations in distillation*, §5.
 */
import { checkFinite, rangeError } from './check.ts';
import { finite, readOptions, whole } from './options.ts';

/** A weight that depends on the training step (0, 1, 2, …). */
export type Schedule = (step: number) => number;

/** A weight that stays. */
// @__NO_SIDE_EFFECTS__
export function constant(value: number): Schedule {
  checkFinite('constant', 'value', value);
  return () => value;
}

/** Where a ramp begins and ends, in steps and in weight. */
export interface RampOptions {
  /** The weight up to `start`; default 0. */
  readonly from?: number;
  /** The weight from `end` on; default 1. */
  readonly to?: number;
  /** First step of the ramp; default 0. */
  readonly start?: number;
  /** Step at which `to` is reached. */
  readonly end: number;
}

function ramp(where: string, options: RampOptions, shape: (fraction: number) => number): Schedule {
  const { from, to, start, end } = readOptions(where, options, {
    from: finite(0),
    to: finite(1),
    start: finite(0),
    end: finite(),
  });
  if (end <= start) throw rangeError(where, 'end', `greater than start, ${start}`, end);
  return (step) => {
    const fraction = Math.min(1, Math.max(0, (step - start) / (end - start)));
    return from + (to - from) * shape(fraction);
  };
}

/** A straight line from `from` at step `start` to `to` at step `end`, level outside. */
// @__NO_SIDE_EFFECTS__
export function linearRamp(options: RampOptions): Schedule {
  return ramp('linearRamp', options, (fraction) => fraction);
}

/** Half a cosine wave from `from` at step `start` to `to` at step `end`, level outside: `(1 − cos πf)/2`. */
// @__NO_SIDE_EFFECTS__
export function cosineRamp(options: RampOptions): Schedule {
  return ramp('cosineRamp', options, (fraction) => (1 - Math.cos(Math.PI * fraction)) / 2);
}

/** When and how a switch happens. */
export interface SwitchOptions {
  /** The first step of the new weight (with a window: the step at which the change begins). */
  readonly step: number;
  /** Steps that a gradual change takes; default 0, at once. */
  readonly window?: number;
  /** The weight before; default 0. */
  readonly from?: number;
  /** The weight after; default 1. */
  readonly to?: number;
}

/**
 * Switches from one weight to another at a step, at once or over a window of steps in a straight line. Two of them with
 * `from` and `to` exchanged switch from one loss to another.
 *
 * @example
 * weightedSum({
 *   distillation: { loss: klDivergence({ temperature: 4 }), weight: switchAt({ step: 5000, from: 1, to: 0 }) },
 *   task: { loss: crossEntropy(), weight: switchAt({ step: 5000 }) },
 * });
 */
// @__NO_SIDE_EFFECTS__
export function switchAt(options: SwitchOptions): Schedule {
  const {
    step: at,
    window,
    from,
    to,
  } = readOptions('switchAt', options, {
    step: whole(0),
    window: whole(0, 0),
    from: finite(0),
    to: finite(1),
  });
  // Without a step there is no weight, as on a ramp.
  if (window === 0) return (step) => (step < at ? from : step >= at ? to : Number.NaN);
  return ramp('switchAt', { from, to, start: at, end: at + window }, (fraction) => fraction);
}
