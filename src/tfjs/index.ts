/**
 * `dark-knowledge/tfjs`: losses and metrics on TensorFlow.js tensors, on whichever tfjs backend is set.
 * @module
 */
export type { ModelOutput, SymbolicOutput } from './modelOutput.ts';
export { tfjsBackend } from './tfjsBackend.ts';
export { type TfjsLoss, type TfjsLossOptions, type TfjsLossValue, tfjsLoss } from './tfjsLoss.ts';
