/** When to stop, and which weights were the best. */
import * as tf from '@tensorflow/tfjs-core';
import { kindError } from '../../check.ts';
import { atLeast, callback, flag, optional, readOptions, whole, word } from '../../options.ts';
import type { EpochReport } from './reports.ts';
import { type SavedBest, saveTensors, tensorFrom } from './savedState.ts';

/** Options of early stopping. */
export interface EarlyStopping<Results> {
  /** Epochs without an improvement after which training stops; at least 1. */
  readonly patience: number;
  /** What is watched; the loss on the validation data, when left out. */
  readonly monitor?: (report: EpochReport<Results>) => number;
  /** Whether a low or a high number is good. Default `'lowest'`. */
  readonly goal?: 'lowest' | 'highest';
  /** What counts as an improvement: more than this. Default 0. */
  readonly leastImprovement?: number;
  /** Whether the student is left with the weights of its best epoch. Default true. */
  readonly restoreBest?: boolean;
}

/** Early stopping at work. */
export interface Stopper {
  /** Takes an epoch's report in; whether training should go on. */
  goesOn(report: EpochReport<unknown>): boolean;
  /** The best epoch so far. */
  readonly bestEpoch: number | undefined;
  /** Its part of a saved state. */
  save(): Promise<{ readonly best?: SavedBest }>;
  /** Gives the student its best weights back, where that is asked for. */
  restore(): void;
  free(): void;
}

/** Without early stopping. */
const neverStops: Stopper = {
  goesOn: () => true,
  bestEpoch: undefined,
  save: async () => ({}),
  restore: () => undefined,
  free: () => undefined,
};

/** Watches the reports; the variables are those whose best values are kept. */
export function makeStopper<Results>(
  options: EarlyStopping<Results> | undefined,
  variables: () => readonly tf.Variable[],
  saved: SavedBest | undefined,
): Stopper {
  if (options === undefined) return neverStops;
  const { patience, monitor, goal, leastImprovement, restoreBest } = readOptions('distill: earlyStopping', options, {
    patience: whole(1),
    monitor: optional(callback<(report: EpochReport<Results>) => number>()),
    goal: word(['lowest', 'highest'], 'lowest'),
    leastImprovement: atLeast(0, 0),
    restoreBest: flag(true),
  });
  const watch = monitor ?? validationLoss;
  let best = saved && { epoch: saved.epoch, value: saved.value, weights: saved.weights.map(tensorFrom) };

  function validationLoss({ validation }: EpochReport<Results>): number {
    const hint = 'Give validation data with all that the objective asks for, or earlyStopping.monitor.';
    if (validation?.loss === undefined) throw kindError('distill', 'loss on validation data', 'there', undefined, hint);
    return validation.loss;
  }

  return {
    goesOn(report) {
      const value = watch(report as EpochReport<Results>);
      if (typeof value !== 'number')
        throw kindError('distill', 'what earlyStopping.monitor returns', 'a number', value);
      const gain = best === undefined ? Infinity : goal === 'lowest' ? best.value - value : value - best.value;
      if (gain > leastImprovement) {
        tf.dispose(best?.weights ?? []);
        // A clone shows the same numbers, and an assignment to the variable leaves them alone.
        const weights = restoreBest ? variables().map((variable) => tf.clone(variable)) : [];
        best = { epoch: report.epoch, value, weights };
      }
      return report.epoch - (best?.epoch ?? report.epoch) < patience;
    },
    get bestEpoch() {
      return best?.epoch;
    },
    async save() {
      if (best === undefined) return {};
      const { epoch, value, weights } = best;
      return { best: { epoch, value, weights: await saveTensors(weights) } };
    },
    restore() {
      const weights = best?.weights ?? [];
      if (weights.length === 0) return;
      for (const [at, variable] of variables().entries()) variable.assign(weights[at]!);
    },
    free: () => tf.dispose(best?.weights ?? []),
  };
}
