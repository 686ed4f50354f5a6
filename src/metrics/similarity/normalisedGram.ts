/** The form of representational similarity: rows of Gram matrices of samples, brought to length 1. */
import type { Backend } from '../../backend.ts';
import { uCentred } from '../../ops/centredGram.ts';
import { centredSamples } from '../../ops/centredSamples.ts';
import { rowRange } from '../../ops/rowRange.ts';
import { squaredLengths } from '../../ops/squaredLengths.ts';
import { unitRows } from '../../ops/unitRows.ts';
import { normalisedGramMark } from './formMarks.ts';
import type { PairForm, Representation } from './pairSimilarity.ts';

/** What the form is told. */
export interface RepresentationalSettings {
  readonly preset: 'paper' | 'code' | 'centered';
  readonly batchSize: number | undefined;
}

/** Fewer samples than these leave nothing when they are centred. */
export const leastSamplesOf = (preset: RepresentationalSettings['preset']): number => (preset === 'centered' ? 4 : 1);

/** Rows over their lengths, and 1 for every row that has one; squared lengths up to `least` count as none. */
function normalised<T>(backend: Backend<T>, matrix: T, least: T): { readonly rows: T; readonly counted: T } {
  const squares = squaredLengths(backend, matrix);
  const counted = backend.greater(squares, least);
  const lengths = backend.sqrt(backend.where(counted, squares, backend.scalar(1)));
  return { rows: backend.where(counted, backend.divide(matrix, lengths), backend.scalar(0)), counted };
}

/** A batch's rows, or those of a part of it. */
export function rowsOfPart<T>(
  backend: Backend<T>,
  activations: T,
  preset: RepresentationalSettings['preset'],
): { readonly rows: T; readonly counted: T } {
  if (preset !== 'centered') {
    const samples = preset === 'code' ? unitRows(backend, activations).directions : activations;
    return normalised(backend, backend.matMul(samples, samples, { transposeB: true }), backend.scalar(0));
  }
  const { centred } = centredSamples(backend, activations);
  const [count = 1] = backend.shapeOf(centred);
  const gram = backend.matMul(centred, centred, { transposeB: true });
  const squares = squaredLengths(backend, centred);
  const spread = backend.sum(squares);
  // Centring leaves float32's rounding in rows that should vanish, some 1e-14 of n times the mean diagonal squared.
  const least = backend.multiply(backend.multiply(spread, spread), backend.scalar(1e-11 / count));
  return normalised(
    backend,
    backend.scope(() => uCentred(backend, gram, squares).matrix),
    least,
  );
}

/** Where the parts of a batch begin and end; one too short to be centred joins the part before it. */
function partsOf(
  samples: number,
  batchSize: number | undefined,
  least: number,
): readonly (readonly [number, number])[] {
  const size = Math.min(batchSize ?? samples, samples);
  const starts: number[] = [];
  for (let start = 0; start < samples; start += size) {
    if (start === 0 || samples - start >= least) starts.push(start);
  }
  return starts.map((start, index) => [start, starts[index + 1] ?? samples] as const);
}

function represent<T>(
  backend: Backend<T>,
  activations: T,
  { preset, batchSize }: RepresentationalSettings,
): Representation<T> {
  const [samples = 0] = backend.shapeOf(activations);
  const working: Record<string, T> = {};
  const parts = partsOf(samples, batchSize, leastSamplesOf(preset));
  parts.forEach(([start, end], part) => {
    const { rows, counted } = backend.scope(() => {
      const whole = parts.length === 1;
      const own = whole ? activations : backend.gather(activations, rowRange(backend, start, end - start));
      return rowsOfPart(backend, own, preset);
    });
    working[`rows${part}`] = rows;
    working[`counted${part}`] = counted;
  });
  return { statistics: {}, working };
}

function relate<T>(backend: Backend<T>, x: Representation<T>, y: Representation<T>) {
  let [total, rows] = [backend.scalar(0), backend.scalar(0)];
  for (let part = 0; x.working[`rows${part}`] !== undefined; part++) {
    const sumOfProducts = (name: string) =>
      backend.sum(backend.multiply(x.working[name + part]!, y.working[name + part]!));
    total = backend.add(total, sumOfProducts('rows'));
    rows = backend.add(rows, sumOfProducts('counted'));
  }
  return { total, rows };
}

/** The form: rows of Gram matrices, normalised. */
export const normalisedGram: PairForm<RepresentationalSettings> = {
  name: 'rows',
  markOf: (form) => (form === normalisedGram ? normalisedGramMark : undefined),
  sets: {},
  pairs: { total: { shape: [], degree: [0, 0] }, rows: { shape: [], degree: [0, 0], kind: 'count' } },
  represent,
  relate,
};
