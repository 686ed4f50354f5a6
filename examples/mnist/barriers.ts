/** Do two students lie in one basin of the loss? After the paper's appendix C: all students start from the same weights. */
import * as tf from '@tensorflow/tfjs-core';
import {
  crossEntropy,
  evaluate,
  type InterpolationOptions,
  type InterpolationResult,
  linearInterpolation,
} from 'dark-knowledge';
import type { StudiedModel } from './analysis.ts';
import type { Dataset } from './data.ts';
import { createPerceptron, type Model } from './layers.ts';
import { outputsOf } from './outputs.ts';

export interface BarrierFigures extends InterpolationResult {
  readonly pair: readonly [from: string, to: string];
}

/** The loss on test images along the straight line between the parameters of two students, for several pairs. */
export async function barriersBetween(
  pairs: readonly (readonly [StudiedModel, StudiedModel])[],
  test: Dataset,
  { points, onProgress }: { readonly points: number; readonly onProgress?: (text: string) => void },
): Promise<readonly BarrierFigures[]> {
  const probe = createPerceptron({ seed: 0 });
  const figures: BarrierFigures[] = [];
  for (const [first, second] of pairs) {
    const result = await barrierBetween([first.model, second.model], test, {
      probe,
      points,
      onProgress: ({ done, total }) => onProgress?.(`${first.name} — ${second.name}: ${done}/${total}`),
    });
    figures.push({ pair: [first.name, second.name], ...result });
  }
  tf.dispose(probe.parameters());
  return figures;
}

/** The loss on test images along the straight line between two models of one kind; `probe`, a third one, takes each point's parameters. */
export async function barrierBetween(
  [first, second]: readonly [Model, Model],
  test: Dataset,
  { probe, ...options }: { readonly probe: Model } & Pick<InterpolationOptions<never, never>, 'points' | 'onProgress'>,
): Promise<InterpolationResult> {
  return linearInterpolation({
    from: await parametersOf(first),
    to: await parametersOf(second),
    ...options,
    evaluate: async (parameters) => {
      assign(probe, Object.values(parameters));
      const { logits } = await outputsOf(probe, test);
      return evaluate(crossEntropy(), { studentLogits: logits, labels: test.labels }).value;
    },
  });
}

type Arrays = readonly { readonly data: ArrayLike<number>; readonly shape: readonly number[] }[];

async function parametersOf(model: Model): Promise<Record<string, { data: Float32Array; shape: number[] }>> {
  const entries = model.parameters().map(async (variable, index) => {
    const data = (await variable.data()) as Float32Array;
    return [`parameter ${index}`, { data, shape: variable.shape }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function assign(model: Model, arrays: Arrays): void {
  model.parameters().forEach((variable, index) => {
    const { data, shape } = arrays[index]!;
    tf.tidy(() => variable.assign(tf.tensor(data as Float32Array, [...shape])));
  });
}
