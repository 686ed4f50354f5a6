/** Which layer of the student learns from which of the teacher. */
import { rangeError } from '../check.ts';
import { readOptions, whole, word } from '../options.ts';

/** How layers are paired. */
export type LayerStrategy = 'uniform' | 'skip' | 'last' | 'whatIsLost';

/** Options of `layerMap`. */
export interface LayerMapOptions {
  /** L_s, the student's layers; the embedding is none. */
  readonly studentLayers: number;
  /** L_t, the teacher's layers. */
  readonly teacherLayers: number;
  /** Default `'uniform'`. */
  readonly strategy?: LayerStrategy;
  /**
   * What the numbers index. `'hidden'`, the default: a list of hidden states, in which 0 is the embedding and i the output of
   * layer i. `'attention'`: a list of attentions, in which 0 is the first layer's.
   */
  readonly of?: 'hidden' | 'attention';
}

/** A layer of the student, and the one of the teacher that it learns from. */
export interface LayerPair {
  readonly student: number;
  readonly teacher: number;
}

/** The maps of Mohanty et al. by the student's layers, for a teacher of twelve: the teacher's layer for each of them. */
const whatIsLost: Readonly<Record<number, readonly number[]>> = {
  3: [1, 5, 12],
  // "Every other layer is skipped, with the exception of the third": up to it two are.
  6: [1, 3, 6, 8, 10, 12],
  9: [1, 2, 4, 6, 8, 9, 10, 11, 12],
};

/**
 * Pairs the layers of a student with those of a deeper teacher.
 *
 *     uniform      layer i ← layer i·L_t/L_s, and the embedding ← the embedding (TinyBERT)
 *     skip         the same without the embedding and without the last layer, which the logits teach (PKD-Skip)
 *     last         layer i ← layer L_t − L_s + i, without the last (PKD-Last)
 *     whatIsLost   first ← first, last ← last, and between them as Mohanty et al. found best: for 12 layers to 9, 6 or 3
 *
 * @returns The pairs, in the order of the student's layers.
 * @throws RangeError where the student has more layers than the teacher, `'uniform'` or `'skip'` do not divide evenly,
 * `'whatIsLost'` has no map, or for an unknown option.
 * @example
 * layerMap({ studentLayers: 2, teacherLayers: 4 });
 * // [{ student: 0, teacher: 0 }, { student: 1, teacher: 2 }, { student: 2, teacher: 4 }]
 * @see Jiao et al.: TinyBERT (2020), arXiv 1909.10351; Sun et al.: Patient knowledge distillation (2019), arXiv 1908.09355;
 * Mohanty, Roosta, Passban: What is lost in knowledge distillation? (2023), arXiv 2311.04142
 */
export function layerMap(options: LayerMapOptions): readonly LayerPair[] {
  const { studentLayers, teacherLayers, strategy, of } = readOptions('layerMap', options, {
    studentLayers: whole(1),
    teacherLayers: whole(1),
    strategy: word<LayerStrategy>(['uniform', 'skip', 'last', 'whatIsLost'], 'uniform'),
    of: word(['hidden', 'attention'], 'hidden'),
  });
  if (studentLayers > teacherLayers) {
    throw rangeError('layerMap', 'studentLayers', `at most the teacher's ${teacherLayers}`, studentLayers);
  }
  const teachers = teacherOf(strategy, studentLayers, teacherLayers);
  const layers = Array.from(teachers, (teacher, index) => ({ student: index + 1, teacher }));
  if (of === 'attention') return layers.map(({ student, teacher }) => ({ student: student - 1, teacher: teacher - 1 }));
  return strategy === 'uniform' ? [{ student: 0, teacher: 0 }, ...layers] : layers;
}

/** The teacher's layer for the student's layers 1, 2, …, both counted from 1. */
function teacherOf(strategy: LayerStrategy, studentLayers: number, teacherLayers: number): readonly number[] {
  const from = (count: number, layer: (index: number) => number): readonly number[] =>
    Array.from({ length: count }, (_, index) => layer(index + 1));
  if (strategy === 'whatIsLost') {
    const found = teacherLayers === 12 ? whatIsLost[studentLayers] : undefined;
    if (found !== undefined) return found;
    const layers = `${studentLayers} of ${teacherLayers}`;
    throw rangeError('layerMap', 'studentLayers of teacherLayers', "3, 6 or 9 of 12 for 'whatIsLost'", layers);
  }
  if (strategy === 'last') return from(studentLayers - 1, (index) => teacherLayers - studentLayers + index);
  const stride = teacherLayers / studentLayers;
  if (!Number.isInteger(stride)) {
    const hint = "With 'last' any number of layers fits.";
    throw rangeError('layerMap', 'studentLayers', `a divisor of the teacher's ${teacherLayers}`, studentLayers, hint);
  }
  return from(strategy === 'skip' ? studentLayers - 1 : studentLayers, (index) => index * stride);
}
