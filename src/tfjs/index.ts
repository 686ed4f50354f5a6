/**
 * `dark-knowledge/tfjs`: losses and metrics on TensorFlow.js tensors, on whichever tfjs backend is set.
 * @module
 */
export { tfjsBackend } from './tfjsBackend.ts';
export { type TfjsLoss, type TfjsLossValue, tfjsLoss } from './tfjsLoss.ts';
