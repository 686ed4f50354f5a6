/** What a matrix of similarities holds at its peak: one matrix a model, and the temporaries of one pair. */
import {
  type AnyMetric,
  type Backend,
  cka,
  ckaMatrix,
  measureOn,
  representationalSimilarity,
  similarityMatrix,
  trainingPath,
} from 'dark-knowledge';
import { wasmBackend } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';
import { type Handle, strictBackend } from '../../../src/testing/strictBackend.ts';
import { normals } from './samples.ts';

const samples = 60;
const square = samples * samples;

/** A backend that notes how many numbers its live tensors hold at most. */
function watchedBackend(): { readonly backend: Backend<Handle>; readonly peak: () => number } {
  const strict = strictBackend();
  const seen = new Set<Handle>();
  let peak = 0;
  const note = (made: unknown): void => {
    if (!strict.isTensor(made)) return;
    seen.add(made);
    let held = 0;
    for (const tensor of seen) {
      if (strict.isDisposed(tensor)) seen.delete(tensor);
      else held += tensor.shape.reduce((product, extent) => product * extent, 1);
    }
    peak = Math.max(peak, held);
  };
  const backend = Object.fromEntries(
    Object.entries(strict).map(([name, member]) => [
      name,
      typeof member !== 'function'
        ? member
        : (...given: readonly unknown[]) => {
            const made = (member as (...given: readonly unknown[]) => unknown)(...given);
            note(made);
            return made;
          },
    ]),
  ) as unknown as Backend<Handle>;
  return { backend, peak: () => peak };
}

const modelsOf = (count: number) => Array.from({ length: count }, (_, index) => `model${index}`);
const batchOf = (names: readonly string[]) =>
  Object.fromEntries(names.map((name, index) => [name, normals(index, samples, 4)]));

async function peakOf(metricOf: (models: readonly string[]) => unknown, count: number): Promise<number> {
  const names = modelsOf(count);
  const { backend, peak } = watchedBackend();
  await measureOn(backend, metricOf(names) as AnyMetric, batchOf(names));
  return peak();
}

describe('the peak memory of a matrix of similarities', () => {
  const byGram = (models: readonly string[]) => similarityMatrix({ models, similarity: cka({ form: 'gram' }) });
  const byKernel = (models: readonly string[]) => ckaMatrix({ x: models, y: models, kernel: 'rbf' });
  const alongPaths = (models: readonly string[]) =>
    trainingPath({ models: { one: models }, similarity: representationalSimilarity() });

  for (const [name, metricOf] of Object.entries({
    'CKA by Gram matrices': byGram,
    'RBF CKA': byKernel,
    'training paths by representational similarity': alongPaths,
  })) {
    it(`grows by one matrix a model: ${name}`, async () => {
      const [few, many] = [await peakOf(metricOf, 3), await peakOf(metricOf, 9)];
      // A vector or two beside each matrix, and a few numbers for each pair.
      expect(many - few).toBeLessThan(6 * 1.15 * square);
      // What one model's matrix, and then one pair, takes while it is made.
      expect(few).toBeLessThan(3 * 1.15 * square + 12 * square);
    });
  }

  it('holds on the backend that puts operations off, between whose operations nothing else is kept', async () => {
    const backend = wasmBackend();
    const names = modelsOf(8);
    let peak = 0;
    const noted = Object.fromEntries(
      Object.entries({ ...backend, fusedKernels: [] }).map(([name, member]) => [
        name,
        typeof member !== 'function'
          ? member
          : (...given: readonly unknown[]) => {
              const made = (member as (...given: readonly unknown[]) => unknown)(...given);
              peak = Math.max(peak, backend.byteCount());
              return made;
            },
      ]),
    ) as unknown as typeof backend;
    const before = backend.byteCount();
    await measureOn(noted, byKernel(names) as unknown as AnyMetric, batchOf(names));
    expect(peak - before).toBeLessThan((names.length * 1.3 + 8) * square * 4);
    expect(backend.byteCount()).toBe(before);
  });
});
