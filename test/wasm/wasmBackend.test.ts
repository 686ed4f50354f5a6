import { conformanceCases } from 'dark-knowledge/testing';
import { wasmBackend, wasmIsSupported } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';
import { describeVariants } from './variants.ts';

describe('wasmBackend', () => {
  it('is supported by every engine that the package supports', () => {
    expect(wasmIsSupported()).toBe(true);
  });

  it('refuses options that it does not know', () => {
    expect(() => wasmBackend({ thread: 4 } as object)).toThrow(/thread/);
  });

  it('names the operation that got a disposed tensor', () => {
    const backend = wasmBackend();
    const x = backend.scalar(1);
    backend.dispose(x);
    expect(() => backend.exp(x)).toThrow('wasmBackend.exp: x must be a live tensor, got a disposed one.');
  });

  it("refuses another backend's tensor", () => {
    const x = wasmBackend().scalar(1);
    expect(() => wasmBackend().exp(x)).toThrow(TypeError);
  });

  it('does not copy data that was made in place', () => {
    const backend = wasmBackend();
    const x = backend.allocate([3]);
    const data = backend.viewOf(x);
    data.set([1, 2, 3]);
    const bytes = backend.byteCount();
    const same = backend.fromHost({ data, shape: [3] });
    expect(backend.byteCount()).toBe(bytes);
    expect([...backend.readSync(same).data]).toEqual([1, 2, 3]);
    backend.dispose(x);
    expect([...backend.readSync(same).data]).toEqual([1, 2, 3]);
  });
});

describeVariants('wasmBackend conforms', (open) => {
  const backend = open();
  for (const { title, check } of conformanceCases(backend)) it(title, check);
});
