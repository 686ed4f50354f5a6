/**
 * Distillation layer by layer as in *What is lost in knowledge distillation?* (2023): the task, hidden states of mapped layers and
 * softened answers, a third each; and the students that it makes of a teacher of twelve layers.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  crossEntropy,
  deriveSeed,
  hint,
  initializeHintRegressor,
  klDivergence,
  type LayerPair,
  layerMap,
  rename,
  type Term,
  weightedSum,
} from 'dark-knowledge';
import { tfjsLoss } from 'dark-knowledge/tfjs';
import type { TextOutputs } from '../models/textClassifier.ts';
import type { TransformerForm } from '../models/transformer.ts';

/** As the paper names them: layers (L), width (D), attention heads (AH). The paper's widths are .67 and .5 of its teacher's. */
export type StudentName = '9L' | '6L' | '3L' | '⅔D' | '½D' | '⅔AH' | '⅓AH' | '6L_½D';
export const studentNames: readonly StudentName[] = ['9L', '6L', '3L', '⅔D', '½D', '⅔AH', '⅓AH', '6L_½D'];

/** Each student differs from its teacher in what its name says, and in nothing else. */
export function studentForms(teacher: TransformerForm): Readonly<Record<StudentName, TransformerForm>> {
  const narrower = (share: number) => ({ width: teacher.width * share, inner: teacher.inner * share });
  return {
    '9L': { ...teacher, layers: 9 },
    '6L': { ...teacher, layers: 6 },
    '3L': { ...teacher, layers: 3 },
    '⅔D': { ...teacher, ...narrower(2 / 3) },
    '½D': { ...teacher, ...narrower(1 / 2) },
    '⅔AH': { ...teacher, heads: (teacher.heads * 2) / 3 },
    '⅓AH': { ...teacher, heads: teacher.heads / 3 },
    '6L_½D': { ...teacher, layers: 6, ...narrower(1 / 2) },
  };
}

/** Which layer learns from which: all from their own where none is missing. */
export function mappedLayers(teacher: TransformerForm, student: TransformerForm): readonly LayerPair[] {
  const layers = { studentLayers: student.layers, teacherLayers: teacher.layers };
  if (student.layers < teacher.layers) return layerMap({ ...layers, strategy: 'whatIsLost' });
  return layerMap({ ...layers, strategy: 'uniform' }).filter(({ student: layer }) => layer > 0);
}

export const third = 0.33;
export const temperature = 2;

export interface LayerwiseObjective {
  /** `present` [batch · length] is 0 for padding. */
  loss(known: {
    readonly labels: tf.Tensor1D;
    readonly present: tf.Tensor1D;
    readonly student: TextOutputs;
    readonly teacher: TextOutputs;
  }): tf.Scalar;
  /** What is trained beside the student: a map to the teacher's width for each layer of a narrower one. */
  readonly parameters: readonly tf.Variable[];
}

export function layerwiseObjective(
  teacherForm: TransformerForm,
  studentForm: TransformerForm,
  seed: number,
): LayerwiseObjective {
  const pairs = mappedLayers(teacherForm, studentForm);
  const isNarrower = studentForm.width < teacherForm.width;
  const terms: Record<string, Term> = {
    task: { loss: crossEntropy(), weight: third },
    answers: { loss: klDivergence({ temperature }), weight: third },
  };
  const regressors: Record<string, tf.Variable> = {};
  for (const { student } of pairs) {
    const names = {
      studentFeatures: `student${student}`,
      teacherFeatures: `teacher${student}`,
      rowWeights: 'present',
    } as const;
    const weight = third / pairs.length;
    if (isNarrower) {
      const mapped = { ...names, regressorWeight: `weight${student}`, regressorBias: `bias${student}` };
      terms[`layer${student}`] = { loss: rename(hint({ regressor: 'linear' }), mapped), weight };
      const initial = initializeHintRegressor({
        studentFeatures: studentForm.width,
        teacherFeatures: teacherForm.width,
        seed: deriveSeed(seed, student),
      });
      regressors[mapped.regressorWeight] = tf.variable(
        tf.tensor(Float32Array.from(initial.regressorWeight.data), [studentForm.width, teacherForm.width]),
      );
      regressors[mapped.regressorBias] = tf.variable(tf.zeros([teacherForm.width]));
    } else {
      terms[`layer${student}`] = { loss: rename(hint(), names), weight };
    }
  }
  const objective = tfjsLoss(weightedSum(terms));
  return {
    loss: ({ labels, present, student, teacher }) =>
      objective({
        labels,
        present,
        studentLogits: student.logits,
        teacherLogits: teacher.logits,
        ...Object.fromEntries(
          pairs.flatMap((pair) => [
            [`student${pair.student}`, student.states[pair.student]!],
            [`teacher${pair.student}`, teacher.states[pair.teacher]!],
          ]),
        ),
        ...regressors,
      }) as tf.Scalar,
    parameters: Object.values(regressors),
  };
}
