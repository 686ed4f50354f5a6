/**
 * Statistics of the top-label calibration error: one kernel takes each row to its confidence, bin, hit and defects, a second
 * adds the rows up by bin. Nothing of the size of the logits is written.
 */
import type { FusedMetricKernel, KernelInputs } from '../../backend.ts';
import { calibrationMark, countsEveryRow } from '../../metrics/calibration/calibrationMark.ts';
import { sizeOf } from '../../tensor.ts';
import type { WebgpuTensor } from '../tensors.ts';
import { binderOf } from './binder.ts';
import {
  calibrationBinProgram,
  calibrationFields,
  calibrationPartRows,
  calibrationRowProgram,
  innerEdges,
} from './calibrationPrograms.ts';
import type { KernelContext } from './context.ts';
import { rowLayout } from './rows.ts';

type T = WebgpuTensor;

interface CalibrationOptions {
  readonly boundaries: readonly number[];
  readonly edges: 'right' | 'left';
  readonly over: 'topLabel' | 'classwise';
}

/** For `over: 'topLabel'`. */
export function calibrationKernel(context: KernelContext): FusedMetricKernel<T> {
  const { store, backend, subgroupSize, mostLanes } = context;
  const bind = binderOf(context, 'calibrationError');
  const rowsOf = ({ boundaries, edges }: CalibrationOptions, inputs: KernelInputs<T>): T => {
    const scores = (inputs.probabilities ?? inputs.logits)!;
    const given = inputs.probabilities !== undefined;
    const classes = scores.shape.at(-1)!;
    const rows = sizeOf(scores.shape) / classes;
    const layout = rowLayout(classes, subgroupSize, mostLanes);
    const result = store.make([rows, calibrationFields], 'calibrationError');
    store.runtime.run({
      key: `calibrationError rows ${given} ${edges} ${layout.key}`,
      build: () => calibrationRowProgram(layout, given, edges),
      reads: [bind(scores, classes), bind(inputs.labels!, 1), bind(store.fromHost(innerEdges(boundaries)), 0)],
      writes: [bind(result, calibrationFields)],
      uniforms: { classes, edges: boundaries.length - 2 },
      units: rows,
      groups: layout.groups,
    });
    return result;
  };

  return {
    kind: 'metric',
    implements: calibrationMark,
    supports: (options) => countsEveryRow(options) && (options as CalibrationOptions).over === 'topLabel',
    statistics(options, inputs) {
      if (inputs.rowWeights !== undefined) return undefined;
      const { boundaries } = options as CalibrationOptions;
      const bins = boundaries.length - 1;
      const rows = rowsOf(options as CalibrationOptions, inputs);
      const count = rows.shape[0]!;
      const parts = Math.max(1, Math.ceil(count / calibrationPartRows));
      const sums = store.make([parts, bins + 1, 3], 'calibrationError');
      store.runtime.run({
        key: 'calibrationError bins',
        build: calibrationBinProgram,
        reads: [bind(rows, 0)],
        writes: [bind(sums, 3 * (bins + 1))],
        uniforms: { bins, rows: count },
        units: parts,
        groups: (units) => units * (bins + 1),
      });
      const total = backend.sum(sums, { axis: 0 });
      const pick = (positions: readonly number[], shape: readonly number[]) =>
        backend.reshape(
          backend.gather(
            backend.reshape(total, [3 * (bins + 1)]),
            store.fromHost({ data: Float32Array.from(positions), shape: [positions.length] }),
          ),
          shape,
        );
      const column = (field: number) =>
        pick(
          Array.from({ length: bins }, (_, bin) => 3 * bin + field),
          [bins],
        );
      return {
        count: column(0),
        confidence: column(1),
        correct: column(2),
        notANumber: pick([3 * bins], []),
        negative: pick([3 * bins + 1], []),
        unnormalised: pick([3 * bins + 2], []),
      };
    },
  };
}
