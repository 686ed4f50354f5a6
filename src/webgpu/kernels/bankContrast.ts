/** Contrastive representation distillation around a kernel that scores anchors against a bank. */
import type { Backend, FusedLossKernel } from '../../backend.ts';
import { addContrasts, type Contrast, contrastWithPositives } from '../../losses/contrastive/contrast.ts';
import { type CheckedCrdOptions, crdMark } from '../../losses/contrastive/crdOptions.ts';
import { embed } from '../../losses/contrastive/embedding.ts';
import { reduceRows } from '../../ops/rowReduction.ts';
import { widestEmbedding } from './contrastProgram.ts';

/** What the kernel is given: anchors [batch, dimension], a bank [rows, dimension], the numbers of its rows [batch, count]. */
export interface BankContrast<T> {
  readonly anchors: T;
  readonly bank: T;
  readonly candidates: T;
  /** log Z + log c, a scalar. */
  readonly threshold: T;
  readonly temperature: number;
}

/** `crd` with `negatives: 'bank'`, whose negatives `contrastWithBank` scores; wider embeddings go to the composite. */
export function crdWithBank<T>(
  backend: Backend<T>,
  contrastWithBank: (given: BankContrast<T>) => Contrast<T>,
): FusedLossKernel<T> {
  return {
    kind: 'loss',
    implements: crdMark,
    supports: (options) => (options as CheckedCrdOptions).negatives === 'bank',

    forward(given, inputs) {
      const options = given as CheckedCrdOptions;
      const { studentBank, teacherBank, positiveIndices, contrastIndices } = inputs as Readonly<Record<string, T>>;
      const [rows, dimension] = backend.shapeOf(studentBank!) as readonly [number, number];
      if (dimension > widestEmbedding) return undefined;
      const student = embed(backend, 'student', inputs);
      const teacher = embed(backend, 'teacher', inputs);
      const logRatio = Math.log(backend.shapeOf(contrastIndices!)[1]! / (options.populationSize ?? rows));
      const side = (anchors: T, bank: T, logPartition: T | undefined): Contrast<T> => {
        const ratio = backend.scalar(logRatio);
        const threshold = logPartition ? backend.add(backend.reshape(logPartition, []), ratio) : ratio;
        const { temperature } = options;
        const positives = backend.gather(bank, positiveIndices!);
        return addContrasts(
          backend,
          contrastWithPositives(backend, anchors, positives, { temperature, threshold }),
          contrastWithBank({ anchors, bank, candidates: contrastIndices!, threshold, temperature }),
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
    backward: () => undefined,
  };
}
