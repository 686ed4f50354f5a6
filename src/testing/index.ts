/**
 * `dark-knowledge/testing`: for people who write a backend, a loss or a metric of their own.
 * @module
 */
export { type CheckGradientsOptions, checkGradients, type GradientCheck } from './checkGradients.ts';
export { backendConformance, type ConformanceReport, conformanceCases } from './conformance.ts';
export type { ConformanceCase } from './requirements.ts';
