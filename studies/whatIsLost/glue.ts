/** What *What is lost in knowledge distillation?* (2023) reports of the six tasks of GLUE whose places ours take. */

import type { TaskName } from '../data/textTasks.ts';
import { type StudentName, studentNames } from './layerwise.ts';

export type TaskNumbers = Readonly<Record<TaskName, number>>;
export type ModelName = 'teacher' | StudentName;
export const modelNames: readonly ModelName[] = ['teacher', ...studentNames];

export function byModel<Value>(of: (name: ModelName) => Value): Readonly<Record<ModelName, Value>> {
  return Object.fromEntries(modelNames.map((name) => [name, of(name)])) as Record<ModelName, Value>;
}

/** Table 5: training examples. */
export const glueExamples: TaskNumbers = {
  RTE: 2500,
  STSB: 5700,
  CoLA: 8500,
  SST2: 67_000,
  QNLI: 108_000,
  MNLI: 393_000,
};

/** Table 1: Matthews' correlation for CoLA, the mean of Pearson's and Spearman's for STSB, accuracy for the others. */
export const glueScores: Readonly<Record<ModelName, TaskNumbers>> = {
  teacher: { RTE: 0.8, STSB: 0.91, CoLA: 0.62, SST2: 0.95, QNLI: 0.93, MNLI: 0.88 },
  '9L': { RTE: 0.68, STSB: 0.87, CoLA: 0.59, SST2: 0.93, QNLI: 0.9, MNLI: 0.83 },
  '6L': { RTE: 0.69, STSB: 0.88, CoLA: 0.6, SST2: 0.91, QNLI: 0.9, MNLI: 0.83 },
  '3L': { RTE: 0.58, STSB: 0.81, CoLA: 0.4, SST2: 0.91, QNLI: 0.85, MNLI: 0.77 },
  '⅔D': { RTE: 0.62, STSB: 0.87, CoLA: 0.55, SST2: 0.9, QNLI: 0.88, MNLI: 0.81 },
  '½D': { RTE: 0.65, STSB: 0.86, CoLA: 0.53, SST2: 0.9, QNLI: 0.87, MNLI: 0.8 },
  '⅔AH': { RTE: 0.61, STSB: 0.85, CoLA: 0.55, SST2: 0.92, QNLI: 0.88, MNLI: 0.81 },
  '⅓AH': { RTE: 0.61, STSB: 0.85, CoLA: 0.55, SST2: 0.92, QNLI: 0.88, MNLI: 0.81 },
  '6L_½D': { RTE: 0.62, STSB: 0.84, CoLA: 0.47, SST2: 0.91, QNLI: 0.84, MNLI: 0.78 },
};

/** Table 2: samples a second. */
export const glueSpeeds: Readonly<Record<ModelName, TaskNumbers>> = {
  teacher: { RTE: 165.6, STSB: 181.3, CoLA: 49.1, SST2: 180.6, QNLI: 184.5, MNLI: 185.8 },
  '9L': { RTE: 170.6, STSB: 183.8, CoLA: 50.4, SST2: 182.5, QNLI: 183.7, MNLI: 184.2 },
  '6L': { RTE: 260.5, STSB: 275.5, CoLA: 56, SST2: 260.1, QNLI: 277.5, MNLI: 278.1 },
  '3L': { RTE: 301.9, STSB: 316.4, CoLA: 57.3, SST2: 318.4, QNLI: 321.2, MNLI: 324.2 },
  '⅔D': { RTE: 191, STSB: 208.6, CoLA: 51.9, SST2: 205.6, QNLI: 210.1, MNLI: 210.4 },
  '½D': { RTE: 231.5, STSB: 256.9, CoLA: 54, SST2: 253.5, QNLI: 260.3, MNLI: 262 },
  '⅔AH': { RTE: 140.5, STSB: 153, CoLA: 46.9, SST2: 150.8, QNLI: 153.6, MNLI: 152.7 },
  '⅓AH': { RTE: 133.6, STSB: 150.3, CoLA: 47.8, SST2: 149.2, QNLI: 152.3, MNLI: 153.9 },
  '6L_½D': { RTE: 379.2, STSB: 397.7, CoLA: 59, SST2: 389, QNLI: 403.7, MNLI: 408.4 },
};
