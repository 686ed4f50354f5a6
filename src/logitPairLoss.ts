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
import { type FormOf, type ScaleRows, sharedRowLoss } from './rowLoss.ts';

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
  const { name, reference, temperatures } = own;

  /** One side's logits of the classes that both sides have, on the last axis. */
  function ofClasses<T>(backend: Backend<T>, logits: T, side: keyof Temperatures): T {
    return vocabulary ? selectClasses(backend, logits, vocabulary[side], temperatures[side]) : logits;
  }

  const loss = sharedRowLoss<keyof LogitPair<unknown>, 'studentLogits', Kept | 'logits', R>(rows, {
    name,
    reference,
    options: { ...own.options, axis, vocabulary },
    inputs: ['studentLogits', 'teacherLogits'],
    differentiable: ['studentLogits'],

    check: (backend, pair) =>
      vocabulary ? checkVocabulary(backend, name, pair, axis, vocabulary) : checkLogitPair(backend, name, pair, axis),

    rows<T>(backend: Backend<T>, pair: LogitPair<T>) {
      const logits = classesLast(backend, pair.studentLogits, axis);
      const found = own.rows(backend, {
        studentLogits: ofClasses(backend, logits, 'student'),
        teacherLogits: ofClasses(backend, classesLast(backend, pair.teacherLogits, axis), 'teacher'),
      });
      // What tells how a tail's gradient is shared out.
      return (vocabulary ? { ...found, logits } : found) as Readonly<Record<Kept | 'losses' | 'logits', T>>;
    },

    gradients<T>(backend: Backend<T>, kept: Inputs<Kept | 'logits', never, T>, scaled: ScaleRows<T>) {
      const gradient = own.gradient<T>(backend, kept as Inputs<Kept, never, T>);
      const { logits } = kept as Readonly<Record<'logits', T>>;
      const whole = vocabulary
        ? selectedGradient(backend, logits, vocabulary.student, temperatures.student, gradient)
        : gradient;
      return [classesBack(backend, scaled(whole), axis)];
    },
  });
  return { ...loss, otherNames: { teacherLogits: 'teacherLogProbabilities' } };
}

/** Requires the same rows on both sides, and the classes that the vocabulary names; returns the shape of the rows. */
function checkVocabulary<T>(
  backend: Backend<T>,
  where: string,
  pair: LogitPair<T>,
  axis: number,
  vocabulary: CheckedVocabulary,
): Shape {
  const [rows, teacherRows] = (['student', 'teacher'] as const).map((side) => {
    const [input, { least }] = [`${side}Logits` as const, vocabulary[side]];
    const shape = checkLogits(backend, where, input, pair[input], axis);
    const classes = backend.shapeOf(pair[input]).at(axis)!;
    if (classes < least) throw rangeError(where, input, `of the ${least} classes that vocabulary names`, classes);
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
