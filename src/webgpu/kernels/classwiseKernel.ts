/** Statistics of the classwise calibration error: of every class its own table of bins. */
import type { FusedMetricKernel } from '../../backend.ts';
import { calibrationMark, countsEveryRow } from '../../metrics/calibration/calibrationMark.ts';
import { sizeOf } from '../../tensor.ts';
import type { WebgpuTensor } from '../tensors.ts';
import { binderOf } from './binder.ts';
import { innerEdges } from './calibrationPrograms.ts';
import {
  classwiseBinProgram,
  classwiseBins,
  classwiseLanes,
  classwisePartRows,
  classwiseRowProgram,
} from './classwisePrograms.ts';
import type { KernelContext } from './context.ts';
import { rowLayout } from './rows.ts';

type T = WebgpuTensor;

interface CalibrationOptions {
  readonly boundaries: readonly number[];
  readonly edges: 'right' | 'left';
  readonly over: 'topLabel' | 'classwise';
}

/**
 * Rows of a part: enough parts to fill a device, few enough that their tables are small beside the scores; each fits one
 * binding and begins where a binding may.
 */
function partRows(rows: number, groupsOfPart: number, bindableRows: number): number {
  const parts = Math.max(Math.ceil(rows / classwisePartRows), Math.min(Math.ceil(rows / 256), 1024 / groupsOfPart));
  return Math.min(Math.ceil(rows / Math.ceil(parts) / 64), Math.max(1, Math.floor(bindableRows / 64))) * 64;
}

/** For `over: 'classwise'`. */
export function classwiseKernel(context: KernelContext): FusedMetricKernel<T> {
  const { store, backend, subgroupSize, mostLanes } = context;
  const bind = binderOf(context, 'calibrationError');
  return {
    kind: 'metric',
    implements: calibrationMark,
    supports: (options) => countsEveryRow(options) && (options as CalibrationOptions).over === 'classwise',

    statistics(options, { labels, probabilities, logits, rowWeights }) {
      if (rowWeights !== undefined) return undefined;
      const { boundaries, edges } = options as CalibrationOptions;
      const given = probabilities !== undefined;
      const scores = (probabilities ?? logits)!;
      const classes = scores.shape.at(-1)!;
      const rows = sizeOf(scores.shape) / classes;
      const bins = boundaries.length - 1;

      const layout = rowLayout(classes, subgroupSize, mostLanes);
      const unknowns = store.make([rows], 'calibrationError');
      const others = (given ? [1, 1] : [2]).map((fields) => store.make([rows, fields], 'calibrationError'));
      store.runtime.run({
        key: `calibrationError classwise rows ${given} ${layout.key}`,
        build: () => classwiseRowProgram(layout, given),
        reads: [bind(scores, classes)],
        writes: [bind(unknowns, 1), ...others.map((tensor) => bind(tensor, tensor.shape[1]))],
        uniforms: { classes },
        units: rows,
        groups: layout.groups,
      });

      const tiles = Math.ceil(classes / classwiseLanes);
      const chunks = Math.ceil(bins / classwiseBins);
      const bindable = store.runtime.device.limits.maxStorageBufferBindingSize / 4 / classes;
      const part = partRows(rows, tiles * chunks, bindable);
      const parts = Math.ceil(rows / part);
      const [count, confidence, correct] = [0, 1, 2].map(() => store.make([parts, classes, bins], 'calibrationError'));
      store.runtime.run({
        key: `calibrationError classwise bins ${given} ${edges}`,
        build: () => classwiseBinProgram(given, edges),
        reads: [
          bind(scores, part * classes),
          bind(labels!, part),
          bind(store.fromHost(innerEdges(boundaries))),
          ...(given ? [] : [bind(others[0]!, 2 * part)]),
        ],
        writes: [bind(count!), bind(confidence!), bind(correct!)],
        uniforms: { rows, part, classes, bins, columns: Math.min(classes, classwiseLanes), tiles, chunks },
        units: parts,
        groups: (units) => units * tiles * chunks,
      });
      const overParts = (sums: T | undefined) => backend.sum(sums!, { axis: 0 });
      const zero = backend.scalar(0);
      return {
        count: overParts(count),
        confidence: overParts(confidence),
        correct: overParts(correct),
        notANumber: backend.sum(unknowns),
        negative: given ? backend.sum(others[0]!) : zero,
        unnormalised: given ? backend.sum(others[1]!) : zero,
      };
    },
  };
}
