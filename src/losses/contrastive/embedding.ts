/** The two embeddings of a contrastive loss: a linear projection with bias, then length 1. */
import type { Backend } from '../../backend.ts';
import { affine, affineGradients } from '../../ops/affine.ts';
import { type UnitRows, unitRows, unitRowsGradient } from '../../ops/unitRows.ts';

/** What `project` needs of the loss's inputs. */
export type ProjectionInput =
  | 'studentFeatures'
  | 'teacherFeatures'
  | 'studentProjectionWeight'
  | 'studentProjectionBias'
  | 'teacherProjectionWeight'
  | 'teacherProjectionBias';

/** A side's embeddings, and what their gradient needs. */
export interface Embedding<T> extends UnitRows<T> {
  /** As given, but 0 in the samples that do not count. */
  readonly features: T;
  readonly weight: T;
}

/** One side's embeddings, [batch, dimension]. Samples of weight 0 are taken for zeros, whatever they hold. */
export function embed<T>(
  backend: Backend<T>,
  side: 'student' | 'teacher',
  inputs: Readonly<Record<string, T | undefined>>,
): Embedding<T> {
  const given = inputs[`${side}Features`] as T;
  const weight = inputs[`${side}ProjectionWeight`] as T;
  const rowWeights = inputs.rowWeights;
  const features =
    rowWeights === undefined
      ? given
      : backend.where(backend.reshape(rowWeights, [backend.shapeOf(rowWeights)[0]!, 1]), given, backend.scalar(0));
  const projected = affine(backend, features, weight, inputs[`${side}ProjectionBias`] as T);
  return { features, weight, ...unitRows(backend, projected) };
}

/** Gradients in features, projection weight and bias from the gradient in the embeddings. */
export function embedGradients<T>(
  backend: Backend<T>,
  embedding: Embedding<T>,
  gradient: T,
): readonly [features: T, weight: T, bias: T] {
  const projected = unitRowsGradient(backend, embedding, gradient);
  return affineGradients(backend, embedding.features, embedding.weight, projected);
}
