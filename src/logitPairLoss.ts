/**
 * Losses over rows that compare a student's logits with a teacher's: along which axis the classes lie, and how they
 * correspond where the vocabularies differ. A loss states its formula for classes on the last axis that both sides have.
 */
import type { Backend, Shape } from './backend.ts';
import { checkSameShape, rangeError } from './check.ts';
import type { Inputs } from './inputs.ts';
import type { Loss, OtherNames } from './loss.ts';
import { checkLogitPair, checkLogits } from './ops/checkRows.ts';
import { classAxis, classesBack, classesLast } from './ops/classAxis.ts';
import { selectClasses, selectedGradient } from './ops/classSelection.ts';
import type { CheckedRowOptions, Reduction } from './ops/rowReduction.ts';
import type { Temperatures } from './ops/softenedPair.ts';
import { type CheckedVocabulary, type Vocabulary, vocabularyOption } from './ops/vocabulary.ts';
import type { OptionReader } from './options.ts';
import { type FormOf, type ScaleRows, type SharedRowLoss, sharedRowLoss } from './rowLoss.ts';

/** Options of losses on the logits of two sides. */
export interface LogitPairOptions {
  /** The axis of the classes; the other axes are rows, also those of labels and row weights. Default −1, the last. */
  readonly axis?: number;
  /** How the classes correspond where the vocabularies differ. Default `'same'`: sizes that differ are an error. */
  readonly vocabulary?: Vocabulary;
}

/** These, checked and complete. */
export interface CheckedLogitPair {
  readonly axis: number;
  readonly vocabulary: CheckedVocabulary | undefined;
}

/** Readers of them, for `readOptions`. */
export function logitPairOptions(): {
  readonly [Name in keyof CheckedLogitPair]: OptionReader<CheckedLogitPair[Name]>;
} {
  return { axis: classAxis(), vocabulary: vocabularyOption() };
}

/** The two sides' logits. */
export interface LogitPair<T> {
  readonly studentLogits: T;
  readonly teacherLogits: T;
}

/** What a loss on two sides' logits states for itself, for classes on the last axis. */
export interface LogitPairLoss<Kept extends string> {
  readonly name: string;
  /** The factory: by it a kernel knows the loss. */
  readonly reference: object;
  /** The loss's own options; the frame adds those of the pair and of rows. */
  readonly options: object;
  /** At these a tail's logit is formed. */
  readonly temperatures: Temperatures;
  /** The rows' losses [...], and what the gradient needs. */
  rows<T>(backend: Backend<T>, pair: LogitPair<T>): Readonly<Record<Kept | 'losses', T>>;
  /** The rows' gradients in the student's logits, in their shape. */
  gradient<T>(backend: Backend<T>, kept: Readonly<Record<Kept, T>>): T;
}

/** A loss on two sides' logits. Log-probabilities are logits, and may go by their own name. */
export type PairLoss<R extends Reduction> = Loss<
  keyof LogitPair<unknown>,
  'studentLogits',
  'labels' | 'rowWeights',
  FormOf<R>
> &
  OtherNames<{ readonly teacherLogits: 'teacherLogProbabilities' }>;

/** The loss. */
export function logitPairLoss<Kept extends string, R extends Reduction>(
  rows: CheckedRowOptions<R>,
  { axis, vocabulary }: CheckedLogitPair,
  own: LogitPairLoss<Kept>,
): PairLoss<R> {
  const shared = {
    name: own.name,
    reference: own.reference,
    options: { ...own.options, axis, vocabulary },
    inputs: ['studentLogits', 'teacherLogits'] as const,
    differentiable: ['studentLogits'] as const,
  };
  const loss =
    vocabulary === undefined
      ? sharedRowLoss<keyof LogitPair<unknown>, 'studentLogits', Kept, R>(rows, {
          ...shared,
          ...onAllClasses(own, axis),
        })
      : sharedRowLoss<keyof LogitPair<unknown>, 'studentLogits', Kept | 'logits', R>(rows, {
          ...shared,
          ...onMatchedClasses(own, axis, vocabulary),
        });
  return { ...loss, otherNames: { teacherLogits: 'teacherLogProbabilities' } };
}

type Formulas<Kept extends string> = Pick<
  SharedRowLoss<keyof LogitPair<unknown>, 'studentLogits', never, Kept>,
  'check' | 'rows' | 'gradients'
>;

function onAllClasses<Kept extends string>(own: LogitPairLoss<Kept>, axis: number): Formulas<Kept> {
  return {
    check: (backend, pair) => checkLogitPair(backend, own.name, pair, axis),
    rows: (backend, pair) => own.rows(backend, classesOfPairLast(backend, pair, axis)),
    gradients: (backend, kept, scaled) => [classesBack(backend, scaled(own.gradient(backend, kept)), axis)],
  };
}

function onMatchedClasses<Kept extends string>(
  own: LogitPairLoss<Kept>,
  axis: number,
  vocabulary: CheckedVocabulary,
): Formulas<Kept | 'logits'> {
  const { student, teacher } = vocabulary;
  const { temperatures } = own;
  return {
    check: (backend, pair) => checkVocabulary(backend, own.name, pair, axis, vocabulary),
    rows<T>(backend: Backend<T>, pair: LogitPair<T>) {
      const { studentLogits, teacherLogits } = classesOfPairLast(backend, pair, axis);
      const found = own.rows(backend, {
        studentLogits: selectClasses(backend, studentLogits, student, temperatures.student),
        teacherLogits: selectClasses(backend, teacherLogits, teacher, temperatures.teacher),
      });
      return { ...found, logits: studentLogits } as Readonly<Record<Kept | 'losses' | 'logits', T>>;
    },
    gradients<T>(backend: Backend<T>, kept: Inputs<Kept | 'logits', never, T>, scaled: ScaleRows<T>) {
      const { logits } = kept as Readonly<Record<'logits', T>>;
      const ofSelected = own.gradient<T>(backend, kept as Inputs<Kept, never, T>);
      const whole = selectedGradient(backend, logits, student, temperatures.student, ofSelected);
      return [classesBack(backend, scaled(whole), axis)];
    },
  };
}

function classesOfPairLast<T>(backend: Backend<T>, pair: LogitPair<T>, axis: number): LogitPair<T> {
  return {
    studentLogits: classesLast(backend, pair.studentLogits, axis),
    teacherLogits: classesLast(backend, pair.teacherLogits, axis),
  };
}

/** Requires the same rows on both sides, and the classes that the vocabulary names; returns the shape of the rows. */
function checkVocabulary<T>(
  backend: Backend<T>,
  where: string,
  pair: LogitPair<T>,
  axis: number,
  { least }: CheckedVocabulary,
): Shape {
  const [rows, teacherRows] = (['studentLogits', 'teacherLogits'] as const).map((side) => {
    const shape = checkLogits(backend, where, side, pair[side], axis);
    const classes = backend.shapeOf(pair[side]).at(axis)!;
    const wanted = side === 'studentLogits' ? least.student : least.teacher;
    if (classes < wanted) throw rangeError(where, side, `of the ${wanted} classes that vocabulary names`, classes);
    return shape;
  });
  checkSameShape(where, 'rows of teacherLogits', teacherRows!, 'those of studentLogits', rows!);
  return rows!;
}

/** Whether a loss's options ask for nothing but logits [..., classes] at one temperature: what kernels by hand know. */
export function hasPlainLogits(options: object): boolean {
  const {
    axis = -1,
    vocabulary,
    temperature,
  } = options as {
    readonly axis?: number;
    readonly vocabulary?: object;
    readonly temperature?: unknown;
  };
  return axis === -1 && vocabulary === undefined && typeof temperature !== 'object';
}
