/** The one harness for metrics: a new metric adds only batches and references. */
import {
  type AnyMetric,
  accumulate,
  accumulateOn,
  type Backend,
  type HostTensor,
  measure,
  measureOn,
  restore,
  type TensorLike,
  tensor,
} from 'dark-knowledge';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AnyBackend, openBackend, suiteBackends } from './backends.ts';
import { expectDeepClose } from './deepClose.ts';

/** A batch on which a metric is tried. */
export interface MetricCase {
  readonly title: string;
  readonly metric: unknown;
  readonly batch: Readonly<Record<string, TensorLike>>;
  /** The result, or some of its fields, according to a peer or a derivation. */
  readonly expected?: object;
  /** Relative tolerance against the reference; default 1e-9. */
  readonly tolerance?: number;
  /** False where the definition allows no streaming. */
  readonly streams?: boolean;
  /** Rows of the smallest part that the metric takes; default 1. */
  readonly leastRows?: number;
  /** Inputs that are not split by rows when the batch is streamed. */
  readonly whole?: readonly string[];
  /** False where a result of float32 arithmetic may differ in kind (a sample on an edge of a bin). */
  readonly onDevices?: boolean;
}

function rowsOf(value: HostTensor, from: number, to: number): HostTensor {
  const rowSize = value.data.length / (value.shape[0] || 1);
  return { data: value.data.slice(from * rowSize, to * rowSize), shape: [to - from, ...value.shape.slice(1)] };
}

function split(test: MetricCase, parts: number): readonly Readonly<Record<string, HostTensor>>[] {
  const hosts = Object.entries(test.batch).map(([name, value]) => [name, tensor(value)] as const);
  const rows = hosts.find(([name]) => !test.whole?.includes(name))?.[1].shape[0] ?? 1;
  const size = Math.max(test.leastRows ?? 1, Math.ceil(rows / parts));
  const cuts: number[] = [];
  for (let at = 0; at + size <= rows; at += size) cuts.push(at);
  return cuts.map((from, index) => {
    const to = index === cuts.length - 1 ? rows : cuts[index + 1]!;
    return Object.fromEntries(
      hosts.map(([name, value]) => [name, test.whole?.includes(name) ? value : rowsOf(value, from, to)]),
    );
  });
}

/** Declares the tests of a metric: references, streaming, merging, restoring, every backend, leaks. */
export function describeMetric(name: string, cases: readonly MetricCase[]): void {
  describe(`${name} on host arrays`, () => {
    for (const test of cases) {
      const metric = test.metric as AnyMetric<object>;
      if (test.expected !== undefined) {
        it(`agrees with the reference: ${test.title}`, () => {
          expectDeepClose(measure(metric, test.batch), test.expected, test.tolerance ?? 1e-9);
        });
      }
      if (test.streams !== false) {
        it(`gives the same in one go, as a stream, merged in any order, and restored: ${test.title}`, () => {
          const whole = measure(metric, test.batch);
          const parts = split(test, 3);
          const stream = accumulate(metric);
          for (const part of parts) stream.update(part);
          expectDeepClose(stream.compute(), whole, 1e-12, 'stream');

          const workers = parts.map((part) => {
            const worker = accumulate(metric);
            worker.update(part);
            return worker;
          });
          const merged = accumulate(metric);
          for (const worker of workers) merged.merge(worker);
          expectDeepClose(merged.compute(), whole, 1e-12, 'merged');

          const half = accumulate(metric);
          half.update(parts[0]!);
          const resumed = restore(metric, JSON.parse(JSON.stringify(half)));
          for (const part of parts.slice(1)) resumed.update(part);
          expectDeepClose(resumed.compute(), whole, 1e-12, 'restored');
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
        if (test.onDevices === false) continue;
        it(`equals the host's float64 result: ${test.title}`, async (context) => {
          if ('missing' in opened) return context.skip(opened.missing);
          const { backend } = opened;
          const expected = measure(test.metric as AnyMetric<object>, test.batch);
          const before = backend.tensorCount?.();
          expectDeepClose(await onBackend(backend, test), expected, candidate.tolerance * 10);
          if (backend.fusedKernels?.length) {
            const composite = await onBackend({ ...backend, fusedKernels: [] }, test);
            expectDeepClose(composite, expected, candidate.tolerance * 10, 'composite');
          }
          if (test.streams !== false) {
            const running = accumulateOn(backend, test.metric as AnyMetric<object>);
            await Promise.all(split(test, 2).map((part) => running.update(part)));
            expectDeepClose(await running.compute(), expected, candidate.tolerance * 10, 'stream');
          }
          expect(backend.tensorCount?.(), 'tensors left behind').toBe(before);
        });
      }
    });
  }
}

async function onBackend<T>(backend: Backend<T>, test: MetricCase): Promise<object> {
  const batch = Object.fromEntries(
    Object.entries(test.batch).map(([name, value]) => [name, backend.fromHost(tensor(value))]),
  );
  const result = await measureOn(backend, test.metric as AnyMetric<object>, batch);
  const freed = Object.keys(batch).filter((name) => backend.isDisposed?.(batch[name]!));
  expect(freed, 'inputs that were freed').toEqual([]);
  for (const input of Object.values(batch)) backend.dispose(input);
  return result;
}
