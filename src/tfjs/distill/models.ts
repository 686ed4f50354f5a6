/** Students and teachers: models of tfjs-layers by their form (the package is no dependency of the library), or functions. */
import * as tf from '@tensorflow/tfjs-core';
import { kindError, rangeError } from '../../check.ts';
import { type ModelOutput, onlyTensor, type SymbolicOutput } from '../modelOutput.ts';

/** What a model takes: a tensor, or several in a list or by name. */
export type ModelInputs = tf.Tensor | readonly tf.Tensor[] | Readonly<Record<string, tf.Tensor>>;

/** Tensors by the names of a loss's or metric's inputs. */
export type NamedTensors = Readonly<Record<string, tf.Tensor>>;

/** A weight of a layer: tfjs-layers' `LayerVariable`. */
export interface LayerWeight {
  /** The weight's tensor as it is now. */
  read(): tf.Tensor;
}

/** What is asked of a model of tfjs-layers: `tf.LayersModel`, `tf.Sequential` and their kin have it. */
export interface LayersModelLike {
  readonly name: string;
  readonly inputNames: string[];
  readonly outputs: readonly SymbolicOutput[];
  readonly layers: readonly { readonly name: string; readonly output: SymbolicOutput | SymbolicOutput[] }[];
  readonly trainableWeights: readonly LayerWeight[];
  readonly weights: readonly LayerWeight[];
  readonly built: boolean;
  /** Makes the weights. */
  build(inputShape: (number | null)[]): void;
  /** The outputs for inputs. */
  apply(inputs: tf.Tensor | tf.Tensor[], options?: { readonly training: boolean }): ModelOutput;
  /** The same, without the checks of `apply`. */
  call(inputs: tf.Tensor | tf.Tensor[], options: { readonly training: boolean }): tf.Tensor | tf.Tensor[];
  /** The penalties of the layers' regularizers. */
  calculateLosses(): tf.Scalar[];
}

/** How a model is run. */
export interface RunContext {
  /** Whether the student is being trained: dropout and batch statistics are for that alone. */
  readonly training: boolean;
}

/**
 * A model as a function of its inputs. It returns its logits, or tensors by the names that the objective and the metrics give
 * them: `{ studentLogits, studentFeatures }`.
 */
export type ModelFunction<Inputs extends ModelInputs = ModelInputs> = (
  inputs: Inputs,
  context: RunContext,
) => tf.Tensor | NamedTensors;

/** A student or a teacher. */
export type DistillModel<Inputs extends ModelInputs = ModelInputs> = LayersModelLike | ModelFunction<Inputs>;

/** A model, ready to run. */
export interface RunnableModel {
  /** Its outputs by name. */
  run(inputs: ModelInputs, context: RunContext): NamedTensors;
  /** The penalties that its layers put on their weights. */
  penalties(): readonly tf.Scalar[];
  /** The variables that training changes; undefined for a function's, which nobody named. */
  readonly trainable: readonly tf.Variable[] | undefined;
  /** All that training may change: statistics of batches too. */
  readonly weights: readonly tf.Variable[] | undefined;
}

/**
 * Makes a model ready to run.
 *
 * @param logits The name of the model's own output.
 * @param features Layers whose outputs are wanted too, by the names that these get.
 */
export function runnable<Inputs extends ModelInputs>(
  role: 'student' | 'teacher',
  model: DistillModel<Inputs>,
  features: Readonly<Record<string, string>>,
): RunnableModel {
  const logits = `${role}Logits`;
  if (typeof model === 'function') {
    if (Object.keys(features).length > 0) {
      const hint = `A function returns them itself: { ${logits}, ${Object.keys(features)[0]} }.`;
      throw kindError('distill', `features.${role}`, 'left out for a function', features, hint);
    }
    const run = (inputs: ModelInputs, context: RunContext): NamedTensors =>
      named(role, logits, model(inputs as Inputs, context));
    return { run, penalties: () => [], trainable: undefined, weights: undefined };
  }
  if (typeof model?.apply !== 'function' || !Array.isArray(model.layers)) {
    throw kindError('distill', role, 'a model of tfjs-layers or a function of the inputs', model);
  }
  const names = [logits, ...Object.keys(features)];
  const probe = withFeatures(role, model, Object.values(features));
  return {
    run(inputs, context) {
      const given = inList(role, model, inputs);
      const made: ModelOutput = probe === undefined ? model.apply(given, context) : probe.call(given, context);
      const outputs = probe === undefined ? [onlyTensor('distill', role, made)] : (made as tf.Tensor[]);
      return Object.fromEntries(names.map((name, at) => [name, outputs[at] as tf.Tensor]));
    },
    penalties: () => model.calculateLosses(),
    trainable: variablesOf(model.trainableWeights),
    weights: variablesOf(model.weights),
  };
}

/** A model's outputs at inference, as tensors of their own: a function may return what it keeps. Whoever asks frees them. */
export function inferred(model: RunnableModel, inputs: ModelInputs): NamedTensors {
  return tf.tidy(() => {
    const outputs = Object.entries(model.run(inputs, { training: false }));
    return Object.fromEntries(outputs.map(([name, output]) => [name, tf.clone(output)]));
  });
}

/** What a function returned, by name. */
function named(role: string, logits: string, made: tf.Tensor | NamedTensors): NamedTensors {
  if (made instanceof tf.Tensor) return { [logits]: made };
  if (typeof made !== 'object' || made === null) {
    throw kindError('distill', `${role}'s output`, 'a tensor or tensors by name', made);
  }
  for (const [name, output] of Object.entries(made)) {
    if (!(output instanceof tf.Tensor)) throw kindError('distill', `${role}'s output ${name}`, 'a tensor', output);
  }
  return made;
}

/**
 * The model with more outputs: a view of it, whose `call` computes what its `outputs` name. tfjs-layers' own way to hidden
 * layers, `execute`, knows no training.
 */
function withFeatures(
  role: 'student' | 'teacher',
  model: LayersModelLike,
  layers: readonly string[],
): LayersModelLike | undefined {
  if (layers.length === 0) return undefined;
  // A Sequential hands its call over to a model that it builds at its first one, of its own shape.
  if (!model.built) model.build([]);
  const graph = (Reflect.get(model, 'model') as LayersModelLike | undefined) ?? model;
  if (graph.outputs.length !== 1) throw kindError('distill', role, 'a model with one output', graph.outputs);
  const hidden = layers.map((name) => {
    const layer = graph.layers.find((candidate) => candidate.name === name);
    const known = graph.layers.map((candidate) => candidate.name).join(', ');
    if (layer === undefined)
      throw rangeError('distill', `features.${role}`, 'names of layers', name, `It has ${known}.`);
    if (Array.isArray(layer.output)) throw rangeError('distill', `features.${role}`, 'layers with one output', name);
    return layer.output;
  });
  return Object.create(graph, { outputs: { value: [...graph.outputs, ...hidden] } }) as LayersModelLike;
}

function inList(role: string, model: LayersModelLike, inputs: ModelInputs): tf.Tensor | tf.Tensor[] {
  if (inputs instanceof tf.Tensor) return inputs;
  if (Array.isArray(inputs)) return [...(inputs as readonly tf.Tensor[])];
  const byName = inputs as Readonly<Record<string, tf.Tensor>>;
  return model.inputNames.map((name) => {
    const input = byName[name];
    if (input === undefined) throw kindError('distill', `input ${name} of the ${role}`, 'given', Object.keys(byName));
    return input;
  });
}

function variablesOf(weights: readonly LayerWeight[]): readonly tf.Variable[] {
  return weights.map((weight) => {
    const variable = weight.read();
    if (variable instanceof tf.Variable) return variable;
    throw kindError('distill', "student's weights", 'variables of tfjs', variable);
  });
}
