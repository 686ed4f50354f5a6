/** Fused kernel of `calibrationError`: the sums of each bin in float64, in one pass over the rows. */
import type { FusedMetricKernel } from '../../backend.ts';
import type { BinEdges } from '../../metrics/calibration/binTable.ts';
import { calibrationError, countsEveryRow } from '../../metrics/calibration/calibrationError.ts';
import { flattenRows } from '../../ops/flattenRows.ts';
import type { WasmTensor } from '../tensors.ts';
import { type KernelHost, valueTensor } from './rows.ts';

interface CalibrationSettings {
  readonly boundaries: readonly number[];
  readonly edges: BinEdges;
  readonly over: 'topLabel' | 'classwise';
}

/** How far the sum of a row of probabilities may be from 1, as in `metrics/calibration/scoreInputs.ts`. */
const sumTolerance = 1e-3;

/** The kernel of `calibrationError`. */
export function calibrationErrorKernel({ kernels, store, backend }: KernelHost): FusedMetricKernel<WasmTensor> {
  return {
    kind: 'metric',
    implements: calibrationError,
    supports: countsEveryRow,
    statistics(options, { labels, probabilities, logits, rowWeights }) {
      if (rowWeights !== undefined) return undefined;
      const { boundaries, edges, over } = options as CalibrationSettings;
      const classwise = over === 'classwise';
      let scores = flattenRows(backend, (probabilities ?? logits)!);
      const [rows = 0, classes = 0] = scores.shape;
      if (classwise && probabilities === undefined) scores = backend.exp(backend.logSoftmax!(scores));
      const inner = boundaries.slice(1, -1);
      const bins = boundaries.length - 1;
      const size = classwise ? classes * bins : bins;
      const shape = classwise ? [classes, bins] : [bins];
      const from = store.pointerTo('calibrationError', scores);
      const labelPointer = store.pointerTo('calibrationError', labels!);

      return store.withScratch(inner.length * 4 + 8, (edgePointer) =>
        store.withScratch((size + 1) * 24, (sums) => {
          const faults = sums + size * 24;
          store.arena.floats().set(inner, edgePointer / 4);
          store.arena.doubles().fill(0, sums / 8, faults / 8 + 3);
          const left = edges === 'left' ? 1 : 0;
          const edgeArguments = [edgePointer, inner.length, left, sumTolerance, sums, faults] as const;
          if (classwise) kernels.classwiseBins(from, labelPointer, rows, classes, ...edgeArguments);
          else kernels.topLabelBins(from, labelPointer, rows, classes, probabilities ? 0 : 1, ...edgeArguments);

          const sumsAt = (part: number): WasmTensor => {
            const tensor = store.make(shape, 'float64');
            const start = sums / 8 + part * size;
            store.doublesOf(tensor).set(store.arena.doubles().subarray(start, start + size));
            return tensor;
          };
          const [count, confidence, correct] = [sumsAt(0), sumsAt(1), sumsAt(2)];
          const [notANumber = 0, negative = 0, unnormalised = 0] = store.arena
            .doubles()
            .slice(faults / 8, faults / 8 + 3);
          // Probabilities that came from logits are negative nowhere and sum to 1 but for their rounding.
          const given = probabilities !== undefined;
          return {
            count,
            confidence,
            correct,
            notANumber: valueTensor(store, notANumber),
            negative: valueTensor(store, given ? negative : 0),
            unnormalised: valueTensor(store, given ? unnormalised : 0),
          };
        }),
      );
    },
  };
}
