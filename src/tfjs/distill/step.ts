/** One step of training: the student's forward pass, the objective, its gradient, and the optimizer's update. */
import * as tf from '@tensorflow/tfjs-core';
import { kindError } from '../../check.ts';
import type { DifferentiableLoss } from '../differentiableLoss.ts';
import type { Batch } from './batches.ts';
import type { NamedTensors, RunnableModel } from './models.ts';
import type { DistillOptimizer } from './options.ts';

/** What a step works with. */
export interface StepParts {
  readonly student: RunnableModel;
  readonly objective: DifferentiableLoss;
  readonly optimizer: DistillOptimizer;
  readonly parameters: Readonly<Record<string, tf.Variable>>;
}

/** A step's loss and the terms of a weighted sum: scalars that the caller frees. */
export interface StepLosses {
  readonly loss: tf.Tensor;
  readonly terms: NamedTensors;
}

/** Takes a step: changes the variables. */
export function takeStep(
  parts: StepParts,
  variables: readonly tf.Variable[],
  batch: Batch,
  taught: NamedTensors,
  step: number,
): StepLosses {
  const terms: Record<string, tf.Tensor> = {};
  const observe = (found: NamedTensors): void => {
    // They outlive the scopes around the gradient.
    for (const [name, term] of Object.entries(found)) terms[name] = tf.keep(tf.clone(term));
  };
  try {
    const compute = (): tf.Scalar => lossOf(parts, batch, taught, step, observe);
    const loss = parts.optimizer.minimize(compute, true, [...variables]);
    if (loss === null) throw kindError('distill', 'what optimizer.minimize returns', 'the loss', loss);
    return { loss, terms };
  } catch (error) {
    tf.dispose(terms);
    freeTape();
    throw error;
  }
}

/** The variables that the loss of a batch depends on, but for the parameters. */
export function variablesBehind(
  parts: StepParts,
  batch: Batch,
  taught: NamedTensors,
  step: number,
): readonly tf.Variable[] {
  const { value, grads } = gradientsOf(() => lossOf(parts, batch, taught, step));
  const own = new Set(Object.values(parts.parameters).map(({ name }) => name));
  const names = Object.keys(grads).filter((name) => !own.has(name));
  tf.dispose([value, grads]);
  return names.map((name) => tf.engine().registeredVariables[name]!);
}

function gradientsOf(compute: () => tf.Scalar): ReturnType<typeof tf.variableGrads> {
  try {
    return tf.variableGrads(compute);
  } catch (error) {
    freeTape();
    throw error;
  }
}

/** Frees what tfjs has kept of a forward pass for a gradient that an error cut off: it forgets to. */
function freeTape(): void {
  const { state } = tf.engine();
  if (state.gradientDepth > 0) return;
  for (const { saved = [] } of state.activeTape ?? []) tf.dispose(saved);
  state.activeTape = [];
}

function lossOf(
  { student, objective, parameters }: StepParts,
  batch: Batch,
  taught: NamedTensors,
  step: number,
  observe?: (terms: NamedTensors) => void,
): tf.Scalar {
  const said = student.run(batch.inputs, { training: true });
  const loss = objective({ ...batch.tensors, ...parameters, ...taught, ...said }, { step }, observe);
  return student.penalties().reduce<tf.Tensor>((sum, penalty) => tf.add(sum, penalty), loss) as tf.Scalar;
}
