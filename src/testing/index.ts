/**
 * `dark-knowledge/testing`: for people who write a backend, a loss or a metric of their own.
 * @module
 */
export { type CheckGradientsOptions, checkGradients, type GradientCheck } from './checkGradients.ts';
export { type CheckLossOptions, checkLoss, type LossCheck } from './checkLoss.ts';
export { type CheckMetricOptions, checkMetric, type MetricCheck } from './checkMetric.ts';
export { backendConformance, type ConformanceReport, conformanceCases } from './conformance.ts';
export type { RowInputs } from './hostRows.ts';
export type { ConformanceCase } from './requirements.ts';
