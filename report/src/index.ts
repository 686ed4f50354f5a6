/**
 * `dark-knowledge-report`: what students took from their teacher, as one object and one page.
 * @module
 */
export { type CompareInputs, compareModels, type ModelGiven, type ModelOutputs } from './compare/compareModels.ts';
export type {
  Comparison,
  ConfidenceSample,
  Difference,
  Estimate,
  LayerEstimate,
  Likeness,
  ModelNumbers,
  Overlap,
  Scores,
} from './compare/comparison.ts';
export type { CompareOptions } from './compare/setup.ts';
export { reportHtml } from './page/reportHtml.ts';
export { reportJson } from './page/reportJson.ts';
