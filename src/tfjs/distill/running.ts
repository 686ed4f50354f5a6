/** Values that are still on the device: kept, read together now and then, and averaged in double precision. */
import * as tf from '@tensorflow/tfjs-core';
import { rangeError } from '../../check.ts';

/** Means over the samples of an epoch. */
export interface Means {
  readonly loss: number;
  /** Each term of a weighted sum, before its weight. */
  readonly terms: Readonly<Record<string, number>>;
}

/** Losses of one epoch, as they come. */
export interface RunningLoss {
  /** Takes a step's loss and terms over; all are scalars. */
  add(loss: tf.Tensor, terms: Readonly<Record<string, tf.Tensor>>, samples: number, step: number): void;
  /** Reads what has been added since, and returns the last loss. */
  settle(): Promise<number>;
  means(): Means;
  /** Frees what was not read. */
  free(): void;
}

interface Pending {
  readonly names: readonly string[];
  readonly values: readonly tf.Tensor[];
  readonly samples: number;
  readonly step: number;
}

/** Starts at no steps. */
export function runningLoss(): RunningLoss {
  const pending: Pending[] = [];
  const sums = new Map<string, number>();
  let samplesSoFar = 0;
  let last = Number.NaN;

  const free = (): void => {
    for (const { values } of pending) tf.dispose([...values]);
    pending.length = 0;
  };

  return {
    add(loss, terms, samples, step) {
      pending.push({ names: ['', ...Object.keys(terms)], values: [loss, ...Object.values(terms)], samples, step });
    },
    async settle() {
      if (pending.length === 0) return last;
      const steps = pending.splice(0);
      const stacked = tf.stack(steps.flatMap(({ values }) => values));
      for (const { values } of steps) tf.dispose([...values]);
      let read: ArrayLike<number>;
      try {
        read = (await stacked.data()) as Float32Array;
      } finally {
        stacked.dispose();
      }
      let at = 0;
      for (const { names, samples, step } of steps) {
        last = read[at]!;
        if (!Number.isFinite(last)) {
          const hint = 'Training has diverged: a smaller learning rate, or rows without NaN, may help.';
          throw rangeError('distill', `loss at step ${step}`, 'finite', last, hint);
        }
        for (const name of names) sums.set(name, (sums.get(name) ?? 0) + samples * read[at++]!);
        samplesSoFar += samples;
      }
      return last;
    },
    means() {
      const terms = [...sums].filter(([name]) => name !== '').map(([name, sum]) => [name, sum / samplesSoFar]);
      return { loss: (sums.get('') ?? Number.NaN) / samplesSoFar, terms: Object.fromEntries(terms) };
    },
    free,
  };
}
