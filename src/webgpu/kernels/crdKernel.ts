/** Contrastive representation distillation with a memory bank: draw and gather are inside the kernel that scores. */
import type { FusedLossKernel, KernelInputs } from '../../backend.ts';
import { rangeError } from '../../check.ts';
import { addContrasts, type Contrast, contrastWithPositives } from '../../losses/contrastive/contrast.ts';
import { crd } from '../../losses/contrastive/crd.ts';
import type { CheckedCrdOptions } from '../../losses/contrastive/crdOptions.ts';
import { embed } from '../../losses/contrastive/embedding.ts';
import { reduceRows } from '../../ops/rowReduction.ts';
import { rowDrawBindings } from '../rowDraws.ts';
import type { WebgpuTensor } from '../tensors.ts';
import type { KernelContext } from './context.ts';
import { candidatesPerGroup, contrastProgram, widestEmbedding } from './contrastProgram.ts';

type T = WebgpuTensor;

/** For `negatives: 'bank'`. */
export function crdKernel({ store, backend }: KernelContext): FusedLossKernel<T> {
  /**
   * Losses and gradients of anchors [batch, dimension] against the bank's rows that `candidates` [batch, count] names, or
   * that its draw would name: then no such table is made.
   */
  const contrastWithBank = (anchors: T, bank: T, candidates: T, threshold: T, temperature: number): Contrast<T> => {
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
    const bind = (tensor: T, perUnit: number) => ({ storage: store.storageOf(tensor, 'crd'), perUnit });
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
  };

  return {
    kind: 'loss',
    implements: crd,
    supports: (options) => (options as CheckedCrdOptions).negatives === 'bank',

    forward(given, inputs: KernelInputs<T>) {
      const options = given as CheckedCrdOptions;
      const { studentBank, teacherBank, positiveIndices, contrastIndices } = inputs as Readonly<Record<string, T>>;
      const student = embed(backend, 'student', inputs);
      const teacher = embed(backend, 'teacher', inputs);
      if (student.directions.shape[1]! > widestEmbedding) return compositeOf(options).forward(backend, inputs);
      const logRatio = Math.log(contrastIndices!.shape[1]! / (options.populationSize ?? studentBank!.shape[0]!));
      const side = (anchors: T, bank: T, logPartition: T | undefined): Contrast<T> => {
        const ratio = backend.scalar(logRatio);
        const threshold = logPartition ? backend.add(backend.reshape(logPartition, []), ratio) : ratio;
        const { temperature } = options;
        const positives = backend.gather(bank, positiveIndices!);
        return addContrasts(
          backend,
          contrastWithPositives(backend, anchors, positives, { temperature, threshold }),
          contrastWithBank(anchors, bank, contrastIndices!, threshold, temperature),
        );
      };
      const scaled = options.normalization === 'reference';
      const studentSide = side(student.directions, teacherBank!, scaled ? inputs.studentLogPartition : undefined);
      const teacherSide = side(teacher.directions, studentBank!, scaled ? inputs.teacherLogPartition : undefined);
      const losses = backend.add(studentSide.losses, teacherSide.losses);
      const { value, rowScale } = reduceRows(backend, options, losses, inputs.rowWeights);
      const residuals = {
        student: { ...student },
        teacher: { ...teacher },
        studentGradients: studentSide.gradients,
        teacherGradients: teacherSide.gradients,
        rowScale,
      };
      return { value, residuals };
    },

    // The residuals are the composite's own; what is left to do is small.
    backward: (options, residuals, upstream) =>
      compositeOf(options as CheckedCrdOptions).backward(backend, residuals, upstream),
  };
}

/** Rows that are drawn need no look at each of them. */
function checkDraw(rows: number, size: number): void {
  if (rows > size) throw rangeError('crd', 'contrastIndices', `drawn from at most the bank's ${size} rows`, rows);
}

function compositeOf({ ignoreIndex: _, ...options }: CheckedCrdOptions) {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const loss = crd(given as never);
  return {
    forward: loss.forward as unknown as FusedLossForward,
    backward: loss.backward,
  };
}

type FusedLossForward = (
  backend: KernelContext['backend'],
  inputs: KernelInputs<T>,
) => ReturnType<FusedLossKernel<T>['forward']>;
