/** The student on data that it is not trained on: the objective's value and metrics, a batch at a time. */
import * as tf from '@tensorflow/tfjs-core';
import { type AccumulatorOn, accumulateOn } from '../../accumulate.ts';
import type { Backend } from '../../backend.ts';
import { type AnyLoss, evaluatePlaced } from '../../loss.ts';
import type { AnyMetric } from '../../metric.ts';
import { type Batch, type BatchSource, freeBatch } from './batches.ts';
import type { Breathing } from './breathing.ts';
import { inferred, type NamedTensors, type RunnableModel } from './models.ts';
import type { ValidationReport } from './reports.ts';
import { runningLoss } from './running.ts';
import type { TeacherOutputs } from './teacher.ts';

/** What a validation runs on. */
export interface ValidationParts<Results> {
  readonly backend: Backend<tf.Tensor>;
  readonly student: RunnableModel;
  readonly teacher: TeacherOutputs;
  readonly source: BatchSource;
  readonly objective: AnyLoss<'scalar'>;
  readonly parameters: NamedTensors;
  /** A set of metrics; undefined where only the loss is wanted. */
  readonly metric: AnyMetric<Results> | undefined;
  readonly breathing: Breathing;
}

/** Runs over the validation data once; `step` is for scheduled weights. */
export async function validate<Results>(
  parts: ValidationParts<Results>,
  step: number,
): Promise<ValidationReport<Results>> {
  const { backend, source, metric, breathing } = parts;
  const losses = runningLoss();
  const running = metric && accumulateOn(backend, metric);
  let isLossKnown = true;
  try {
    for await (const batch of source.inOrder()) {
      let inputs: NamedTensors = {};
      try {
        inputs = inputsOf(parts, batch);
        isLossKnown &&= parts.objective.inputs.every((name) => name in inputs);
        if (isLossKnown) {
          const { value, terms } = backend.scope(() => evaluatePlaced(backend, parts.objective, inputs, { step }));
          losses.add(value, terms, batch.size, step);
        }
        await running?.update(metricBatch(metric!, inputs));
        await losses.settle();
      } finally {
        freeBatch(batch);
        tf.dispose(Object.values(inputs).filter((tensor) => !(tensor instanceof tf.Variable)));
      }
      await breathing.breathe();
    }
    const { loss, terms } = losses.means();
    const metrics = await resultOf(running);
    return { loss: isLossKnown ? loss : undefined, terms: isLossKnown ? terms : {}, metrics };
  } finally {
    losses.free();
  }
}

/** All that the objective and the metrics may ask for of a batch. */
function inputsOf<Results>({ student, teacher, parameters }: ValidationParts<Results>, batch: Batch): NamedTensors {
  const taught = teacher.of(batch);
  return { ...batch.tensors, ...parameters, ...taught, ...inferred(student, batch.inputs) };
}

/** A metric of one model alone knows its logits as `logits`. */
function metricBatch(metric: AnyMetric, inputs: NamedTensors): NamedTensors {
  const known = new Set([...metric.inputs, ...metric.optionalInputs]);
  const named = { ...inputs, ...(inputs.studentLogits && { logits: inputs.studentLogits }) };
  return Object.fromEntries(Object.entries(named).filter(([name]) => known.has(name)));
}

function resultOf<Batch, Results>(running: AccumulatorOn<tf.Tensor, Batch, Results> | undefined): Promise<Results> {
  return running?.compute() ?? Promise.resolve({} as Results);
}
