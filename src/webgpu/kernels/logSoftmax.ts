/** Log-probabilities along the last axis: a workgroup for each row, two passes over it and one write. */
import { sizeOf } from '../../tensor.ts';
import { fallingExponential, logarithm, specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';
import type { TensorStore, WebgpuTensor } from '../tensors.ts';
import { type RowLayout, rowLayout } from './rows.ts';

/** x − max − log Σ exp(x − max). */
export function logSoftmax(store: TensorStore, x: WebgpuTensor, subgroupSize: number): WebgpuTensor {
  store.check(x, 'logSoftmax');
  const classes = x.shape.at(-1) ?? 1;
  const result = store.make(x.shape, 'logSoftmax');
  const layout = rowLayout(classes, subgroupSize);
  store.runtime.run({
    key: `logSoftmax ${layout.key}`,
    build: () => program(layout),
    reads: [{ storage: store.storageOf(x, 'logSoftmax'), perUnit: classes }],
    writes: [{ storage: result.storage!, perUnit: classes }],
    uniforms: { classes },
    units: classes === 0 ? 0 : sizeOf(x.shape) / classes,
    groups: layout.groups,
  });
  return result;
}

function program(layout: RowLayout): KernelProgram {
  return layout.program({
    name: 'logSoftmax',
    reads: ['x'],
    writes: ['result'],
    uniforms: { classes: 'u32' },
    declarations: specialValues + fallingExponential + logarithm,
    vector: 'f32',
    body: `
  var most = lowest();
  for (var at = first; at < uniforms.classes; at += step) { most = max(most, x[origin + at]); }
  most = maxOverRow(most);
  var total = 0.0;
  for (var at = first; at < uniforms.classes; at += step) { total += fallingExponential(x[origin + at] - most); }
  let logTotal = logarithm(sumOverRow(total));
  for (var at = first; at < uniforms.classes; at += step) {
    result[origin + at] = x[origin + at] - most - logTotal;
  }`,
  });
}
