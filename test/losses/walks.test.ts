/** How often losses whose sums wait for one another walk over their numbers, and that none is copied: what they cost on wasm. */
import {
  type AnyLoss,
  dist,
  type HostTensor,
  inBatchContrast,
  pkt,
  similarityPreserving,
  tensor,
  universalLogitDistance,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { wasmIsSupported } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';
import { planGraph } from '../../src/fusion/plan.ts';
import { randomNormal } from '../../src/random.ts';
import { openWasm } from '../../src/wasm/wasmBackend.ts';

const [rows, columns] = [6, 10];
const normals = (seed: number, size = 1): HostTensor =>
  tensor(
    Float32Array.from({ length: rows * columns }, (_, at) => size * randomNormal(seed, at)),
    [rows, columns],
  );

/** What a value and its gradient take: walks by the number of elements, and calls of members that move them. */
function costsOf(given: unknown, inputs: Readonly<Record<string, HostTensor>>) {
  const walks: Record<number, number> = {};
  const moved: string[] = [];
  const { backend } = openWasm(
    () => [],
    {},
    {
      around: (execute, eager) => {
        for (const member of ['transpose', 'argSort', 'takeAlong', 'scatterAlong'] as const) {
          const plain = eager[member] as (...operands: never[]) => unknown;
          Object.assign(eager, {
            [member]: (...operands: never[]) => {
              moved.push(member);
              return plain(...operands);
            },
          });
        }
        return (graph) => {
          for (const { space, stages } of planGraph(graph).phases) {
            const size = space.rows * space.columns;
            walks[size] = (walks[size] ?? 0) + stages.length;
          }
          return execute(graph);
        };
      },
    },
  );
  const { gradients } = valueAndGradientsOn(backend, given as AnyLoss, inputs);
  expect(Object.keys(gradients)).toHaveLength(1);
  return { walks, moved };
}

const features = { studentFeatures: normals(1), teacherFeatures: normals(2) };
const logits = { studentLogits: normals(1), teacherLogits: normals(2) };

describe.skipIf(!wasmIsSupported())('value and gradient', () => {
  it('of dist: three walks for both softmaxes, and six for both correlations and the gradient', () => {
    expect(costsOf(dist(), logits).walks[rows * columns]).toBe(9);
  });

  it('of similarityPreserving: one walk over each side’s features, for their size, and no transpose', () => {
    const { walks, moved } = costsOf(similarityPreserving(), features);
    expect(walks).toEqual({ [rows * columns]: 2, [rows * rows]: 4 });
    expect(moved).toEqual([]);
  });

  it('of pkt: one walk over each side’s features, for their lengths, and no transpose', () => {
    const { walks, moved } = costsOf(pkt(), features);
    expect(walks).toEqual({ [rows * columns]: 2, [rows * rows]: 3 });
    expect(moved).toEqual([]);
  });

  it('of inBatchContrast: exponentials in one walk, weights in another, and the features before and after', () => {
    const { walks, moved } = costsOf(inBatchContrast(), features);
    expect(walks[rows * rows]).toBe(2);
    expect(walks[rows * columns]).toBe(4);
    expect(moved).toEqual([]);
  });

  it('of sets whose squares might leave float32: one walk more a side, which multiplies it', () => {
    const large = { studentFeatures: normals(1, 1e25), teacherFeatures: normals(2, 1e-25) };
    expect(costsOf(similarityPreserving(), large).walks[rows * columns]).toBeGreaterThan(2);
  });

  it('of universalLogitDistance: two sorts, and one scatter back', () => {
    const { moved } = costsOf(universalLogitDistance(), logits);
    expect(moved).toEqual(['argSort', 'takeAlong', 'argSort', 'takeAlong', 'scatterAlong']);
  });
});
