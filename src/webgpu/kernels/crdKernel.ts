/** Contrastive representation distillation with a memory bank: draw and gather are inside the kernel that scores. */
import type { FusedLossKernel } from '../../backend.ts';
import { rangeError } from '../../check.ts';
import { rowDrawBindings } from '../rowDraws.ts';
import type { WebgpuTensor } from '../tensors.ts';
import { crdWithBank } from './bankContrast.ts';
import { binderOf } from './binder.ts';
import type { KernelContext } from './context.ts';
import { candidatesPerGroup, contrastProgram } from './contrastProgram.ts';

type T = WebgpuTensor;

/** For `negatives: 'bank'`: the rows that `contrastIndices` names, or that its draw would name; then no table is made. */
export function crdKernel(context: KernelContext): FusedLossKernel<T> {
  const { store, backend } = context;
  return crdWithBank(backend, ({ anchors, bank, candidates, threshold, temperature }) => {
    const [batch, dimension] = anchors.shape as readonly [number, number];
    const count = candidates.shape[1]!;
    store.check(candidates, 'crd');
    const { draw } = candidates;
    if (draw !== undefined) checkDraw(draw.rows, bank.shape[0]!);
    const from = draw === undefined ? 'table' : draw.order ? 'orderedDraw' : 'numberedDraw';
    const parts = Math.ceil(count / candidatesPerGroup);
    const perLane = Math.ceil(dimension / 32);
    const losses = store.make([batch, parts], 'crd');
    const gradients = store.make([batch, parts, dimension], 'crd');
    const bind = binderOf(context, 'crd');
    const drawn = draw ? rowDrawBindings(draw) : { reads: [bind(candidates, count)], uniforms: { count } };
    store.runtime.run({
      key: `crd contrast ${perLane} ${from}`,
      build: () => contrastProgram(perLane, from),
      reads: [bind(anchors, dimension), bind(bank, 0), ...drawn.reads, bind(threshold, 0)],
      writes: [bind(losses, parts), bind(gradients, parts * dimension)],
      uniforms: { dimension, rows: bank.shape[0]!, parts, inverseTemperature: 1 / temperature, ...drawn.uniforms },
      units: batch,
      groups: (units) => units * parts,
    });
    return { losses: backend.sum(losses, { axis: 1 }), gradients: backend.sum(gradients, { axis: 1 }) };
  });
}

/** Rows that are drawn need no look at each of them. */
function checkDraw(rows: number, size: number): void {
  if (rows > size) throw rangeError('crd', 'contrastIndices', `drawn from at most the bank's ${size} rows`, rows);
}
