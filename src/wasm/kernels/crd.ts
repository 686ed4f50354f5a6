/** Fused kernel of `crd` against a memory bank: scores and gradient in one pass over the rows that the indices name. */
import type { FusedLossKernel, KernelInputs } from '../../backend.ts';
import { crd } from '../../losses/contrastive/crd.ts';
import type { CheckedCrdOptions } from '../../losses/contrastive/crdOptions.ts';
import { type Embedding, embed, embedGradients } from '../../losses/contrastive/embedding.ts';
import type { Pointer } from '../instance.ts';
import type { WasmTensor } from '../tensors.ts';
import { type KernelHost, timesUpstream, valueTensor, withRowWeights } from './rows.ts';

/** The kernel of `crd` with `negatives: 'bank'`; queue and batch are matrix products, which the composite does well. */
export function crdKernel(host: KernelHost): FusedLossKernel<WasmTensor> {
  const { kernels, store, backend } = host;
  const scratchBytes = kernels.contrastScratchBytes();

  /** log Z + log(K/M) of one side's anchors. */
  function thresholdOf(options: CheckedCrdOptions, inputs: KernelInputs<WasmTensor>, side: string): number {
    const size = inputs.studentBank!.shape[0]!;
    const logRatio = Math.log(inputs.contrastIndices!.shape[1]! / (options.populationSize ?? size));
    const partition = inputs[`${side}LogPartition`];
    if (options.normalization === 'paper' || partition === undefined) return logRatio;
    return store.view('crd', partition)[0]! + logRatio;
  }

  function contrast(options: CheckedCrdOptions, inputs: KernelInputs<WasmTensor>) {
    const student = embed(backend, 'student', inputs);
    const teacher = embed(backend, 'teacher', inputs);
    const [batch = 0, dimension = 0] = student.directions.shape;
    const studentGradient = store.make([batch, dimension]);
    const teacherGradient = store.make([batch, dimension]);
    const losses = store.make([batch], 'float64');
    store.doublesOf(losses).fill(0);
    const candidates = store.pointerTo('crd', inputs.contrastIndices!);
    const positives = store.pointerTo('crd', inputs.positiveIndices!);
    const count = inputs.contrastIndices!.shape[1]!;

    withRowWeights(host, 'crd', options, { rowWeights: inputs.rowWeights }, batch, ({ weights, scale }) =>
      store.withScratch(scratchBytes, (scratch) => {
        const side = (anchors: WasmTensor, bank: WasmTensor, threshold: number, gradient: Pointer): void => {
          kernels.contrast(
            store.pointerTo('crd', anchors),
            store.pointerTo('crd', bank),
            positives,
            candidates,
            batch,
            count,
            dimension,
            1 / options.temperature,
            threshold,
            weights,
            scale,
            losses.storage.pointer,
            gradient,
            scratch,
          );
        };
        const studentThreshold = thresholdOf(options, inputs, 'student');
        const teacherThreshold = thresholdOf(options, inputs, 'teacher');
        side(student.directions, inputs.teacherBank!, studentThreshold, studentGradient.storage.pointer);
        side(teacher.directions, inputs.studentBank!, teacherThreshold, teacherGradient.storage.pointer);
      }),
    );
    const total = store.doublesOf(losses).reduce((sum, loss) => sum + loss, 0);
    const value = options.reduction === 'none' ? losses : valueTensor(store, total);
    return { value, student, teacher, studentGradient, teacherGradient };
  }

  return {
    kind: 'loss',
    implements: crd,
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
