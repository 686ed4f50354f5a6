/**
 * Statistics of the top-label calibration error: one kernel takes each row to its confidence, bin, hit and defects, a second
 * adds the rows up by bin. Nothing of the size of the logits is written.
 */
import type { FusedMetricKernel, KernelInputs } from '../../backend.ts';
import { calibrationError } from '../../metrics/calibration/calibrationError.ts';
import { sizeOf } from '../../tensor.ts';
import { exponential, specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';
import type { WebgpuTensor } from '../tensors.ts';
import { joinLanes } from '../workgroup.ts';
import type { KernelContext } from './context.ts';
import { type RowLayout, rowLayout } from './rows.ts';

type T = WebgpuTensor;

interface CalibrationOptions {
  readonly boundaries: readonly number[];
  readonly edges: 'right' | 'left';
  readonly over: 'topLabel' | 'classwise';
}

/** Numbers that the first kernel leaves for a row: bin, confidence, hit, and the three defects. */
const FIELDS = 6;
const WORKGROUP = 64;

/** For `over: 'topLabel'`. */
export function calibrationKernel({ store, backend, subgroupSize }: KernelContext): FusedMetricKernel<T> {
  const rowsOf = ({ boundaries, edges }: CalibrationOptions, inputs: KernelInputs<T>): T => {
    const scores = (inputs.probabilities ?? inputs.logits)!;
    const given = inputs.probabilities !== undefined;
    const classes = scores.shape.at(-1)!;
    const rows = sizeOf(scores.shape) / classes;
    const layout = rowLayout(classes, subgroupSize);
    const inner = boundaries.slice(1, -1);
    const result = store.make([rows, FIELDS], 'calibrationError');
    const edgeTensor = store.fromHost({ data: Float32Array.from([...inner, 2, 2]), shape: [inner.length + 2] });
    store.runtime.run({
      key: `calibrationError rows ${given} ${edges} ${layout.key}`,
      build: () => rowProgram(layout, given, edges),
      reads: [
        { storage: store.storageOf(scores, 'calibrationError'), perUnit: classes },
        { storage: store.storageOf(inputs.labels!, 'calibrationError'), perUnit: 1 },
        { storage: store.storageOf(edgeTensor, 'calibrationError'), perUnit: 0 },
      ],
      writes: [{ storage: result.storage!, perUnit: FIELDS }],
      uniforms: { classes, edges: inner.length },
      units: rows,
      groups: layout.groups,
    });
    return result;
  };

  return {
    kind: 'metric',
    implements: calibrationError,
    supports: (options) => (options as CalibrationOptions).over === 'topLabel',
    statistics(options, inputs) {
      const { boundaries } = options as CalibrationOptions;
      const bins = boundaries.length - 1;
      const rows = rowsOf(options as CalibrationOptions, inputs);
      const count = rows.shape[0]!;
      // Parts of at most 4096 rows: whole numbers stay exact in float32, and sums are short.
      const parts = Math.max(1, Math.ceil(count / 4096));
      const sums = store.make([parts, bins + 1, 3], 'calibrationError');
      store.runtime.run({
        key: 'calibrationError bins',
        build: () => binProgram,
        reads: [{ storage: store.storageOf(rows, 'calibrationError'), perUnit: 0 }],
        writes: [{ storage: sums.storage!, perUnit: 3 * (bins + 1) }],
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

/** A row to its six numbers. A NaN anywhere in the row makes its total NaN, and the row falls into no bin. */
function rowProgram(layout: RowLayout, given: boolean, edges: 'right' | 'left'): KernelProgram {
  return layout.program({
    name: 'calibrationError rows',
    reads: ['scores', 'labels', 'innerEdges'],
    writes: ['result'],
    uniforms: { classes: 'u32', edges: 'u32' },
    declarations: specialValues + exponential,
    vector: 'vec2f',
    body: `
  var most = lowest();
  for (var at = first; at < uniforms.classes; at += step) { most = max(most, scores[origin + at]); }
  most = maxOverRow(vec2f(most)).x;
  // The first position that holds the largest score: the smallest, found as the largest of what it lacks to the end.
  var before = 0.0;
  var sums = vec2f(0.0);
  var block = vec2f(0.0);
  var count = 0u;
  for (var at = first; at < uniforms.classes; at += step) {
    let score = scores[origin + at];
    if (score == most) { before = max(before, f32(uniforms.classes - at)); }
    ${given ? 'block += vec2f(score, abs(score) - score);' : 'block += vec2f(exponential(score - most), 0.0);'}
    count++;
    if ((count & 15u) == 0u) { sums += block; block = vec2f(0.0); }
  }
  let prediction = f32(uniforms.classes) - maxOverRow(vec2f(before)).x;
  sums = sumOverRow(sums + block);
  if (leader) {
    let confidence = ${given ? 'most' : '1.0 / sums.x'};
    var bin = 0u;
    for (var edge = 0u; edge < uniforms.edges; edge++) {
      if (${edges === 'right' ? 'confidence > innerEdges[edge]' : 'confidence >= innerEdges[edge]'}) { bin = edge + 1u; }
    }
    let unknown = isNan(sums.x);
    let base = row * ${FIELDS}u;
    result[base] = select(f32(bin), -1.0, unknown);
    result[base + 1u] = confidence;
    result[base + 2u] = select(0.0, 1.0, prediction == labels[row]);
    result[base + 3u] = select(0.0, 1.0, unknown);
    result[base + 4u] = ${given ? 'select(0.0, 1.0, sums.y > 1e-6)' : '0.0'};
    result[base + 5u] = ${given ? 'select(0.0, 1.0, abs(sums.x - 1.0) > 1e-3)' : '0.0'};
  }`,
  });
}

/** A workgroup adds up the rows of one part that fall into one bin; beyond the last bin it counts the defects. */
const binProgram: KernelProgram = {
  name: 'calibrationError bins',
  reads: ['rowNumbers'],
  writes: ['result'],
  uniforms: { bins: 'u32', rows: 'u32' },
  workgroupSize: WORKGROUP,
  declarations: `var<workgroup> lanes: array<vec3f, ${WORKGROUP}>;`,
  body: `
  let part = group / (uniforms.bins + 1u);
  if (part >= uniforms.units) { return; }
  let bin = group % (uniforms.bins + 1u);
  let start = (uniforms.firstUnit + part) * 4096u;
  var total = vec3f(0.0);
  for (var row = start + lane; row < min(start + 4096u, uniforms.rows); row += ${WORKGROUP}u) {
    let base = row * ${FIELDS}u;
    if (bin == uniforms.bins) {
      total += vec3f(rowNumbers[base + 3u], rowNumbers[base + 4u], rowNumbers[base + 5u]);
    } else if (rowNumbers[base] == f32(bin)) {
      total += vec3f(1.0, rowNumbers[base + 1u], rowNumbers[base + 2u]);
    }
  }
  lanes[lane] = total;${joinLanes(WORKGROUP, 'first + second')}
  if (lane == 0u) {
    result[group * 3u] = lanes[0].x;
    result[group * 3u + 1u] = lanes[0].y;
    result[group * 3u + 2u] = lanes[0].z;
  }`,
};
