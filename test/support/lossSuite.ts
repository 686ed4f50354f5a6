/** The one harness for losses: a new loss adds only inputs and references. */
import {
  type AnyLoss,
  type Backend,
  evaluateOn,
  type HostTensor,
  type TensorLike,
  tensor,
  valueAndGradients,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { checkGradients } from 'dark-knowledge/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AnyBackend, openBackend, oracle, suiteBackends } from './backends.ts';
import { expectDeepClose } from './deepClose.ts';

/** Input on which a loss is tried. */
export interface LossCase {
  readonly title: string;
  readonly loss: unknown;
  readonly inputs: Readonly<Record<string, TensorLike>>;
  /** The value according to a peer or a derivation. */
  readonly value?: number | readonly number[];
  /** Gradients by input according to a peer or a derivation. */
  readonly gradients?: Readonly<Record<string, TensorLike>>;
  /** False where central differences say nothing: at infinities and kinks. */
  readonly smooth?: boolean;
  readonly step?: number;
  /** Relative tolerance against the reference; default 1e-9 (peers run in float64). */
  readonly tolerance?: number;
  /** Multiplies the backends' own tolerance, for badly conditioned input; say why in the title. */
  readonly conditioning?: number;
}

interface ReadResult {
  readonly value: HostTensor;
  readonly gradients: Readonly<Record<string, HostTensor>>;
}

async function readAll<T>(backend: Backend<T>, test: LossCase): Promise<ReadResult> {
  const loss = test.loss as AnyLoss;
  const inputs = Object.fromEntries(
    Object.entries(test.inputs).map(([name, value]) => [name, backend.fromHost(tensor(value))]),
  );
  const result = valueAndGradientsOn(backend, loss, inputs, { step: test.step ?? 0 });
  const gradients: Record<string, HostTensor> = {};
  for (const [name, gradient] of Object.entries(result.gradients)) {
    gradients[name] = { data: (await backend.read(gradient)).data, shape: backend.shapeOf(gradient) };
    backend.dispose(gradient);
  }
  const value = { data: (await backend.read(result.value)).data, shape: backend.shapeOf(result.value) };
  const evaluated = evaluateOn(backend, loss, inputs, { step: test.step ?? 0 });
  expectDeepClose(
    (await backend.read(evaluated.value)).data,
    value.data,
    1e-6,
    'evaluateOn against valueAndGradientsOn',
  );
  for (const made of [
    result.value,
    evaluated.value,
    ...Object.values(result.terms),
    ...Object.values(evaluated.terms),
  ]) {
    if (!backend.isDisposed?.(made)) backend.dispose(made);
  }
  for (const input of Object.values(inputs)) backend.dispose(input);
  return { value, gradients };
}

/** Declares the tests of a loss: references, gradients, every backend against the oracle, fused kernels, leaks. */
export function describeLoss(name: string, cases: readonly LossCase[]): void {
  describe(`${name}: values and gradients in float64`, () => {
    for (const test of cases) {
      const loss = test.loss as AnyLoss<'scalar'>;
      if (test.value !== undefined || test.gradients !== undefined) {
        it(`agrees with the reference: ${test.title}`, () => {
          const { value, gradients } = valueAndGradients(loss, test.inputs, { step: test.step ?? 0 });
          const plain = typeof value === 'number' ? value : (value as HostTensor).data;
          if (test.value !== undefined) expectDeepClose(plain, test.value, test.tolerance ?? 1e-9, 'value');
          for (const [input, gradient] of Object.entries(test.gradients ?? {})) {
            const expected = tensor(gradient);
            expect(gradients[input]?.shape, `shape of the gradient of ${input}`).toEqual(expected.shape);
            expectDeepClose(gradients[input]?.data, expected.data, test.tolerance ?? 1e-9, `gradient of ${input}`);
          }
        });
      }
      if (test.smooth !== false) {
        it(`has the gradient of its value: ${test.title}`, () => {
          const checks = checkGradients(loss, test.inputs, { step: test.step ?? 0 });
          expect(checks.map(({ input }) => input)).toEqual(loss.differentiable.filter((name) => name in test.inputs));
        });
      }
    }
  });

  for (const candidate of suiteBackends) {
    describe(`${name} on ${candidate.name}`, () => {
      let opened: { readonly backend: AnyBackend } | { readonly missing: string };
      beforeAll(async () => {
        opened = await openBackend(candidate);
      });
      for (const test of cases) {
        it(`equals the float64 oracle: ${test.title}`, async (context) => {
          if ('missing' in opened) return context.skip(opened.missing);
          const { backend } = opened;
          const tolerance = candidate.tolerance * (test.conditioning ?? 1);
          const before = backend.tensorCount?.();
          const expected = await readAll(oracle, test);
          const actual = await readAll(backend, test);
          expect(backend.tensorCount?.(), 'tensors left behind').toBe(before);
          expectDeepClose(actual, expected, tolerance);
          if (backend.fusedKernels?.length) {
            const composite = await readAll({ ...backend, fusedKernels: [] }, test);
            expectDeepClose(composite, expected, tolerance, 'composite');
          }
        });
      }
    });
  }
}
