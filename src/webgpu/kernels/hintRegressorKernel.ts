/** The hint loss with a regressor: the affine map, the differences and their gradient in one product by tiles. */
import type { FusedLossKernel, KernelInputs, Residuals } from '../../backend.ts';
import { type CheckedHintOptions, hint, hintRows } from '../../losses/features/hint.ts';
import type { FeatureLayout } from '../../ops/affine.ts';
import { reduceRows } from '../../ops/rowReduction.ts';
import { sizeOf } from '../../tensor.ts';
import type { WebgpuTensor } from '../tensors.ts';
import { partsFor, TILE } from '../tiledSums.ts';
import { binderOf } from './binder.ts';
import type { KernelContext } from './context.ts';
import {
  hintFeatureGradientProgram,
  hintRegressorProgram,
  hintWeightGradientProgram,
} from './hintRegressorPrograms.ts';
import { rowScaleOf } from './rowScale.ts';

type T = WebgpuTensor;
type Tensors = Readonly<Record<string, T>>;

/** Samples, positions of a sample, and the channels of both sides. */
interface Extents {
  readonly batch: number;
  readonly positions: number;
  readonly rows: number;
  readonly from: number;
  readonly to: number;
}

function extentsOf(studentFeatures: T, regressorWeight: T): Extents {
  const batch = studentFeatures.shape[0]!;
  const [from, to] = regressorWeight.shape as readonly [number, number];
  const rows = sizeOf(studentFeatures.shape) / from;
  return { batch, positions: rows / batch, rows, from, to };
}

/** What a row's sum of squares is multiplied by. */
function hintFactor(reduction: 'mean' | 'halfSum', features: number): number {
  return reduction === 'mean' ? 1 / features : 0.5;
}

/** Weights for each position are left to the composite: the kernels know those of samples. */
const ofPositions = (rowWeights: T | undefined): boolean => rowWeights !== undefined && rowWeights.shape.length > 1;

const tilesAlong = (extent: number): number => Math.ceil(extent / TILE);

/** For `regressor: 'linear'` and `'convolution'`. */
export function hintRegressorKernel(context: KernelContext): FusedLossKernel<T> {
  const { store, backend } = context;
  const bind = binderOf(context, 'hint');

  /**
   * Whether the kernels serve: each sees its tensors whole, and the tiles of the first product alone keep a device busy
   * or are soon done, since the differences can only be taken where a sum ends.
   */
  const serves = ({ rows, from, to }: Extents): boolean =>
    4 * Math.max(rows * from, rows * to, from * to) <= store.runtime.device.limits.maxStorageBufferBindingSize &&
    (from <= 512 || tilesAlong(rows) * tilesAlong(to) >= 64);

  const run = (checked: CheckedHintOptions, inputs: Tensors, withGradient: boolean) => {
    const { reduction, layout } = checked;
    const options = hintRows(checked);
    const { studentFeatures, teacherFeatures, regressorWeight, regressorBias, rowWeights } = inputs;
    const extents = extentsOf(studentFeatures!, regressorWeight!);
    const { batch, positions, rows, from, to } = extents;
    const scales = rowScaleOf(backend, options, [batch], rowWeights);
    const rowScaled = withGradient && typeof scales === 'object';
    const across = tilesAlong(to);
    const losses = store.make([batch, positions * across], 'hint');
    const gradient = withGradient ? store.make(teacherFeatures!.shape, 'hint') : undefined;
    const biasSums = withGradient ? store.make([tilesAlong(rows), to], 'hint') : undefined;
    store.runtime.run({
      key: `hint regressor ${layout} ${withGradient} ${rowScaled}`,
      build: () => hintRegressorProgram(layout, withGradient, rowScaled),
      reads: [
        ...[studentFeatures!, regressorWeight!, regressorBias!, teacherFeatures!].map((tensor) => bind(tensor)),
        ...(rowScaled ? [bind(scales)] : []),
      ],
      writes: [bind(losses), ...(gradient && biasSums ? [bind(gradient), bind(biasSums)] : [])],
      uniforms: {
        rows,
        positions,
        fromWidth: from,
        toWidth: to,
        across,
        factor: hintFactor(reduction, positions * to),
        scale: typeof scales === 'number' ? scales : 1,
      },
      units: tilesAlong(rows) * across,
      groups: (units) => units,
    });
    const rowLosses = backend.sum(losses, { axis: 1 });
    return {
      value: reduceRows(backend, options, rowLosses, rowWeights).value,
      gradient,
      biasGradient: biasSums && backend.sum(biasSums, { axis: 0 }),
    };
  };

  const featureGradient = (layout: FeatureLayout, gradient: T, weight: T, shape: readonly number[], sizes: Extents) => {
    const { positions, rows, from, to } = sizes;
    const across = tilesAlong(from);
    const tiles = tilesAlong(rows) * across;
    const part = Math.ceil(to / partsFor(to, tiles) / 16) * 16;
    const parts = Math.ceil(to / part);
    const result = store.make([parts, ...shape], 'hint');
    store.runtime.run({
      key: `hint feature gradient ${layout}`,
      build: () => hintFeatureGradientProgram(layout),
      reads: [bind(gradient), bind(weight)],
      writes: [bind(result)],
      uniforms: { rows, positions, fromWidth: from, toWidth: to, across, tiles, part },
      units: parts,
      groups: (units) => units * tiles,
    });
    return backend.sum(result, { axis: 0 });
  };

  const weightGradient = (
    layout: FeatureLayout,
    student: T,
    gradient: T,
    rowWeights: T | undefined,
    sizes: Extents,
  ): T => {
    const { positions, rows, from, to } = sizes;
    const across = tilesAlong(to);
    const tiles = tilesAlong(from) * across;
    const part = Math.ceil(rows / partsFor(rows, tiles) / 16) * 16;
    const parts = Math.ceil(rows / part);
    const result = store.make([parts, from, to], 'hint');
    store.runtime.run({
      key: `hint weight gradient ${layout} ${rowWeights !== undefined}`,
      build: () => hintWeightGradientProgram(layout, rowWeights !== undefined),
      reads: [bind(student), bind(gradient), ...(rowWeights ? [bind(rowWeights)] : [])],
      writes: [bind(result)],
      uniforms: { rows, positions, fromWidth: from, toWidth: to, across, tiles, part },
      units: parts,
      groups: (units) => units * tiles,
    });
    return backend.sum(result, { axis: 0 });
  };

  return {
    kind: 'loss',
    implements: hint,
    supports: (options) => (options as CheckedHintOptions).regressor !== 'none',

    forward(given, inputs: KernelInputs<T>) {
      const options = given as CheckedHintOptions;
      const { studentFeatures, regressorWeight, rowWeights } = inputs;
      if (ofPositions(rowWeights) || !serves(extentsOf(studentFeatures!, regressorWeight!))) return undefined;
      const { value, gradient, biasGradient } = run(options, inputs as Tensors, true);
      return { value, residuals: { gradient, biasGradient, studentFeatures, regressorWeight, rowWeights } };
    },

    evaluate(given, inputs) {
      const options = given as CheckedHintOptions;
      const { studentFeatures, regressorWeight, rowWeights } = inputs;
      return !ofPositions(rowWeights) && serves(extentsOf(studentFeatures!, regressorWeight!))
        ? run(options, inputs as Tensors, false).value
        : undefined;
    },

    backward(given, residuals: Residuals<T>, upstream) {
      const options = given as CheckedHintOptions;
      if (residuals.gradient === undefined) return undefined;
      const { layout } = options;
      const { studentFeatures, regressorWeight } = residuals as Tensors;
      const gradient = backend.multiply(residuals.gradient as T, upstream);
      const sizes = extentsOf(studentFeatures!, regressorWeight!);
      return [
        featureGradient(layout, gradient, regressorWeight!, studentFeatures!.shape, sizes),
        weightGradient(layout, studentFeatures!, gradient, residuals.rowWeights as T | undefined, sizes),
        backend.multiply(residuals.biasGradient as T, upstream),
      ];
    },
  };
}
