/**
 * `dark-knowledge/tfjs`: losses and metrics on TensorFlow.js tensors, on whichever tfjs backend is set.
 * @module
 */
export type { DatasetLike, DistillData, DistillSamples } from './distill/batches.ts';
export { type DistillResult, distill } from './distill/distill.ts';
export type { EarlyStopping } from './distill/earlyStopping.ts';
export type {
  DistillModel,
  LayersModelLike,
  LayerWeight,
  ModelFunction,
  ModelInputs,
  NamedTensors,
  RunContext,
} from './distill/models.ts';
export type { DistillOptimizer, DistillOptions, FeatureLayers, ValidationOptions } from './distill/options.ts';
export type { DistillParameters } from './distill/parameters.ts';
export type { EpochProgress, EpochReport, StepReport, ValidationReport } from './distill/reports.ts';
export type { DistillState, SavedBest, SavedTensor } from './distill/savedState.ts';
export type { ModelOutput, SymbolicOutput } from './modelOutput.ts';
export { tfjsBackend } from './tfjsBackend.ts';
export { type TfjsLoss, type TfjsLossOptions, type TfjsLossValue, tfjsLoss } from './tfjsLoss.ts';
