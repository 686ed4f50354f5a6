import { cpuBackend } from 'dark-knowledge/cpu';
import { conformanceCases } from 'dark-knowledge/testing';
import { wasmBackend } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';
import { argSortOnHost } from '../../src/ops/argSort.ts';

const { argSort, takeAlong, scatterAlong, rowsInParts, replaceRows, readSync, ...plain } = cpuBackend();
const ofOrder = /argSort|takeAlong|scatterAlong|rowsInParts/;

describe.each([
  ['a backend that has the vocabulary and nothing else', { ...plain, readSync }],
  ['a backend whose values cannot be read without waiting', plain],
])('order and positions on %s', (_, backend) => {
  for (const { title, check } of conformanceCases(backend)) if (ofOrder.test(title)) it(title, check);
});

describe('argSort on wasm', () => {
  it('is the order of the host for numbers of every size, sign and kind, in rows longer than its buckets', () => {
    const backend = wasmBackend();
    const rows = 3;
    const count = 5000;
    let state = 17;
    const random = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state;
    };
    const special = [0, -0, Number.NaN, Infinity, -Infinity, 1e-44, -1e-44, 3e38];
    const data = Float32Array.from({ length: rows * count }, () => {
      const bits = random();
      if (bits % 4 === 0) return special[(bits >>> 8) % special.length]!;
      return new Float32Array(Uint32Array.of(random()).buffer)[0]!;
    });
    const host = { data, shape: [rows, count] };
    const order = backend.readSync(backend.argSort!(backend.fromHost(host)));
    expect(Array.from(order.data)).toEqual(Array.from(argSortOnHost(host).data));
  });
});

describe('leading axes that differ', () => {
  it('are refused by takeAlong and scatterAlong', () => {
    for (const backend of [cpuBackend(), wasmBackend()] as ReturnType<typeof cpuBackend>[]) {
      const place = (shape: readonly number[]) => backend.fromHost({ data: new Float32Array(6), shape });
      expect(() => backend.takeAlong!(place([2, 3]), place([3, 2]))).toThrow(
        /Backend\.takeAlong: indices must be of shape \[2, k\], after x, got shape \[3, 2\]/,
      );
      expect(() => backend.scatterAlong!(place([2, 3]), place([3, 2]), 4)).toThrow(
        /Backend\.scatterAlong: updates must be/,
      );
    }
  });
});
