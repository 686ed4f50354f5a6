/** Fused kernel of `calibrationError`: the sums of each bin in float64, in one pass over the rows. */
import type { FusedMetricKernel } from '../../backend.ts';
import type { BinEdges } from '../../metrics/calibration/binTable.ts';
import { calibrationMark, countsEveryRow } from '../../metrics/calibration/calibrationMark.ts';
import { flattenRows } from '../../ops/flattenRows.ts';
import { logSoftmax } from '../../ops/logSoftmax.ts';
import { sumTolerance } from '../../ops/scoreFaults.ts';
import type { WasmTensor } from '../tensors.ts';
import { rangesOver } from '../threads.ts';
import type { MetricFunctions } from './metricModule.ts';
import { type KernelHost, valueTensor } from './rows.ts';

interface CalibrationSettings {
  readonly boundaries: readonly number[];
  readonly edges: BinEdges;
  readonly over: 'topLabel' | 'classwise';
}

/** Scores below which a part of its own costs more than it brings. */
const leastElements = 2 ** 16;

/** The kernel of `calibrationError`. */
export function calibrationErrorKernel(
  { store, threads, backend }: KernelHost,
  own: MetricFunctions,
): FusedMetricKernel<WasmTensor> {
  return {
    kind: 'metric',
    implements: calibrationMark,
    supports: countsEveryRow,
    statistics(options, { labels, probabilities, logits, rowWeights }) {
      if (rowWeights !== undefined) return undefined;
      const { boundaries, edges, over } = options as CalibrationSettings;
      const classwise = over === 'classwise';
      let scores = flattenRows(backend, (probabilities ?? logits)!);
      const [rows = 0, classes = 0] = scores.shape;
      if (classwise && probabilities === undefined) scores = backend.exp(logSoftmax(backend, scores));
      const inner = boundaries.slice(1, -1);
      const bins = boundaries.length - 1;
      const size = classwise ? classes * bins : bins;
      const shape = classwise ? [classes, bins] : [bins];
      const from = store.pointerTo('calibrationError', scores);
      const labelPointer = store.pointerTo('calibrationError', labels!);

      const ranges = rangesOver(threads, rows, rows * classes, leastElements);
      // A part has its own sums [3][size] and faults [3], on lines of the cache that no other part writes to.
      const partBytes = Math.ceil(((size + 1) * 24) / 128) * 128;
      const totals = new Float64Array((size + 1) * 3);
      store.withScratch(inner.length * 4 + 8, (edgePointer) =>
        store.withScratch(partBytes * ranges.length, (parts) => {
          store.arena.floats().set(inner, edgePointer / 4);
          const doubles = store.arena.doubles();
          doubles.fill(0, parts / 8, (parts + partBytes * ranges.length) / 8);
          const argumentLists = ranges.map(({ start, size: count }, index) => {
            const sums = parts + index * partBytes;
            return [
              ...[from + start * classes * 4, labelPointer + start * 4, count, classes],
              ...(classwise ? [] : [probabilities ? 0 : 1]),
              ...[edgePointer, inner.length, edges === 'left' ? 1 : 0, sumTolerance, sums, sums + size * 24],
            ];
          });
          threads.run(own.everywhere(classwise ? 'classwiseBins' : 'topLabelBins'), argumentLists);
          for (const [index] of ranges.entries()) {
            const sums = doubles.subarray((parts + index * partBytes) / 8);
            totals.forEach((total, at) => {
              totals[at] = total + sums[at]!;
            });
          }
        }),
      );

      const sumsAt = (part: number): WasmTensor => {
        const tensor = store.make(shape, 'float64');
        store.doublesOf(tensor).set(totals.subarray(part * size, (part + 1) * size));
        return tensor;
      };
      const [count, confidence, correct] = [sumsAt(0), sumsAt(1), sumsAt(2)];
      const [notANumber = 0, negative = 0, unnormalised = 0] = totals.subarray(size * 3);
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
    },
  };
}
