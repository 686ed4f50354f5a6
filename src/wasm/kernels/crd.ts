/** Fused kernel of `crd` against a memory bank: scores and gradient in one pass over the rows that the indices name. */
import type { FusedLossKernel, KernelInputs } from '../../backend.ts';
import { type CheckedCrdOptions, crdMark } from '../../losses/contrastive/crdOptions.ts';
import { type Embedding, embed, embedGradients } from '../../losses/contrastive/embedding.ts';
import type { Pointer } from '../assemblyExports.ts';
import type { WasmTensor } from '../tensors.ts';
import type { KernelName } from '../threads.ts';
import { type KernelHost, timesUpstream, valueTensor, withRowWeights } from './rows.ts';

/** The kernel of `crd` with `negatives: 'bank'`; queue and batch are matrix products, which the composite does well. */
export function crdKernel(host: KernelHost): FusedLossKernel<WasmTensor> {
  const { kernels, store, threads, backend } = host;
  const scratchBytes = kernels.contrastScratchBytes();

  /** log Z + log(K/M) of one side's anchors. */
  function thresholdOf(options: CheckedCrdOptions, inputs: KernelInputs<WasmTensor>, side: string): number {
    const size = inputs.studentBank!.shape[0]!;
    const logRatio = Math.log(inputs.contrastIndices!.shape[1]! / (options.populationSize ?? size));
    const partition = inputs[`${side}LogPartition`];
    if (options.normalization === 'paper' || partition === undefined) return logRatio;
    return store.view('crd', partition)[0]! + logRatio;
  }

  /** Sorts the pairs where a row of the bank is drawn several times, for `use`; 0 where sorting does not pay. */
  function withSortedPairs(
    candidates: WasmTensor,
    size: number,
    weights: Pointer,
    use: (starts: Pointer, order: Pointer) => void,
  ): void {
    const [batch = 0, count = 0] = candidates.shape;
    if (batch * count < size) {
      use(0, 0);
      return;
    }
    store.withScratch((size + 1) * 4, (starts) =>
      store.withScratch(batch * count * 4, (order) => {
        kernels.sortPairs(store.pointerTo('crd', candidates), batch, count, weights, size, starts, order);
        use(starts, order);
      }),
    );
  }

  function contrast(options: CheckedCrdOptions, inputs: KernelInputs<WasmTensor>) {
    const student = embed(backend, 'student', inputs);
    const teacher = embed(backend, 'teacher', inputs);
    const [batch = 0, dimension = 0] = student.directions.shape;
    const size = inputs.studentBank!.shape[0]!;
    const count = inputs.contrastIndices!.shape[1]!;
    const studentGradient = store.make([batch, dimension]);
    const teacherGradient = store.make([batch, dimension]);
    const losses = store.make([batch], 'float64');
    const teacherLosses = store.make([batch], 'float64');
    for (const gradient of [studentGradient, teacherGradient]) store.view('crd', gradient).fill(0);
    for (const sums of [losses, teacherLosses]) store.doublesOf(sums).fill(0);
    const sides = [
      { anchors: student, bank: inputs.teacherBank!, name: 'student', gradient: studentGradient, losses },
      {
        anchors: teacher,
        bank: inputs.studentBank!,
        name: 'teacher',
        gradient: teacherGradient,
        losses: teacherLosses,
      },
    ];
    const positives = store.pointerTo('crd', inputs.positiveIndices!);
    const negatives = store.pointerTo('crd', inputs.contrastIndices!);
    const scale = 1 / options.temperature;

    withRowWeights(host, 'crd', options, { rowWeights: inputs.rowWeights }, batch, ({ weights, scale: factor }) =>
      withSortedPairs(inputs.contrastIndices!, size, weights, (starts, order) =>
        store.withScratch(2 * scratchBytes, (scratch) => {
          // The two sides share nothing that is written to: with a second thread they run at the same time.
          const onBothSides = (kernel: KernelName, pairs: readonly number[], ...last: readonly number[]): void => {
            const argumentLists = sides.map(({ anchors, bank, name, gradient, losses: sums }, index) => [
              store.pointerTo('crd', anchors.directions),
              store.pointerTo('crd', bank),
              ...pairs,
              ...[dimension, scale, thresholdOf(options, inputs, name), weights, factor],
              ...[sums.storage.pointer, gradient.storage.pointer, scratch + index * scratchBytes],
              ...last,
            ]);
            threads.run(kernel, argumentLists);
          };
          onBothSides('contrast', [positives, batch, 1], 1);
          if (order === 0) onBothSides('contrast', [negatives, batch, count], 0);
          else onBothSides('contrastSorted', [starts, order, size]);
        }),
      ),
    );
    const sums = store.doublesOf(losses);
    store.doublesOf(teacherLosses).forEach((loss, row) => {
      sums[row]! += loss;
    });
    const total = sums.reduce((sum, loss) => sum + loss, 0);
    const value = options.reduction === 'none' ? losses : valueTensor(store, total);
    return { value, student, teacher, studentGradient, teacherGradient };
  }

  return {
    kind: 'loss',
    implements: crdMark,
    supports: (options) => (options as CheckedCrdOptions).negatives === 'bank',
    forward(options, inputs) {
      const { value, student, teacher, ...gradients } = contrast(options as CheckedCrdOptions, inputs);
      return { value, residuals: { student: { ...student }, teacher: { ...teacher }, ...gradients } };
    },
    backward(_, residuals, upstream) {
      const { student, teacher } = residuals as unknown as Record<'student' | 'teacher', Embedding<WasmTensor>>;
      const { studentGradient, teacherGradient } = residuals as Record<string, WasmTensor>;
      return [
        ...embedGradients(backend, student, timesUpstream(host, studentGradient!, upstream)),
        ...embedGradients(backend, teacher, timesUpstream(host, teacherGradient!, upstream)),
      ];
    },
  };
}
