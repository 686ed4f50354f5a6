import { conformanceCases } from 'dark-knowledge/testing';
import { wasmBackend, wasmIsSupported } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';
import { openWasm } from '../../src/wasm/wasmBackend.ts';
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

  it("refuses another instance's tensor everywhere, by the names of member and argument", async () => {
    const [backend, other] = [wasmBackend(), wasmBackend()];
    const own = backend.fromHost({ data: Float32Array.of(1, 0, 0, 1), shape: [2, 2] });
    const foreign = other.fromHost({ data: Float32Array.of(4, 5, 6, 7), shape: [2, 2] });
    const calls: Readonly<Record<string, () => unknown>> = {
      'dispose: tensor': () => backend.dispose(foreign),
      'isDisposed: tensor': () => backend.isDisposed(foreign),
      'shapeOf: tensor': () => backend.shapeOf(foreign),
      'read: tensor': () => backend.readSync(foreign),
      'viewOf: tensor': () => backend.viewOf(foreign),
      'add: a': () => backend.add(foreign, own),
      'maximum: b': () => backend.maximum(own, foreign),
      'where: condition': () => backend.where(foreign, own, own),
      'where: b': () => backend.where(own, own, foreign),
      'exp: x': () => backend.exp(foreign),
      'sum: x': () => backend.sum(foreign),
      'max: x': () => backend.max(foreign, { axis: 0 }),
      'argMax: x': () => backend.argMax(foreign),
      'reshape: x': () => backend.reshape(foreign, [4]),
      'transpose: x': () => backend.transpose(foreign),
      'matMul: a': () => backend.matMul(foreign, own),
      'matMul: b': () => backend.matMul(own, foreign),
      'oneHot: indices': () => backend.oneHot(foreign, 3),
      'gather: x': () => backend.gather(foreign, own),
      'gather: indices': () => backend.gather(own, foreign),
      'replaceRows: replacement': () => backend.replaceRows!(own, [1, 0], foreign),
      'logSoftmax: x': () => backend.logSoftmax!(foreign),
      'argSort: x': () => backend.argSort!(foreign),
      'takeAlong: x': () => backend.takeAlong!(foreign, own),
      'takeAlong: indices': () => backend.takeAlong!(own, foreign),
      'scatterAlong: updates': () => backend.scatterAlong!(own, foreign, 2),
      'rowsInParts: rows': () => backend.scope(() => backend.rowsInParts!([2, 2]).write(foreign)),
    };
    for (const [where, call] of Object.entries(calls)) {
      expect(call, where).toThrow(
        new TypeError(`wasmBackend.${where} must be a tensor of this backend, got one of another wasmBackend.`),
      );
    }
    await expect(backend.read(foreign)).rejects.toThrow('wasmBackend.read: tensor must be a tensor of this backend');
    expect(() => backend.add(own, { data: [1], shape: [1] } as never)).toThrow(
      "got an object with keys ['data', 'shape'].",
    );
    expect(() => backend.add(own, undefined as never)).toThrow(
      'wasmBackend.add: b must be a tensor of this backend, got undefined.',
    );
    // Nothing was freed on either side.
    backend.fromHost({ data: Float32Array.of(8, 8, 8, 8), shape: [4] });
    expect([...other.readSync(foreign).data]).toEqual([4, 5, 6, 7]);
    expect([backend.tensorCount(), other.tensorCount()]).toEqual([2, 1]);
  });

  it('refuses numbers that do not fit the shape, and touches no neighbour', () => {
    const backend = wasmBackend();
    const all = Array.from({ length: 8 }, (_, at) =>
      backend.fromHost({ data: new Float32Array(16).fill(at), shape: [16] }),
    );
    backend.dispose(all[4]!);
    const bytes = backend.byteCount();
    expect(() => backend.fromHost({ data: new Float32Array(40).fill(99), shape: [2] })).toThrow(
      'wasmBackend.fromHost: tensor must be of a shape that fits its 40 elements, got shape [2].',
    );
    for (const shape of [[-1], [1.5], [Number.NaN], [2 ** 60], '3', undefined, [2, undefined, 1]] as never[]) {
      expect(() => backend.allocate(shape), String(shape)).toThrow(
        /^wasmBackend(\.allocate: shape must be a list of whole|: memory must fit)/,
      );
    }
    expect(() => backend.replaceRows!(all[0]!, [20], backend.scalar(1))).toThrow(
      'wasmBackend.replaceRows: replacement must',
    );
    const one = backend.fromHost({ data: Float32Array.of(99), shape: [1] });
    expect(() => backend.replaceRows!(all[0]!, [20], one)).toThrow(
      'wasmBackend.replaceRows: positions must be row numbers in [0, 16), all different, got 20.',
    );
    expect(backend.byteCount() - bytes).toBeLessThanOrEqual(128);
    all.forEach((x, at) => {
      if (at !== 4) expect(backend.readSync(x).data.every((value) => value === at)).toBe(true);
    });
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

  it('writes rows in parts where they belong, and nowhere once their tensor is freed', () => {
    const backend = wasmBackend();
    const parts = backend.scope(() => backend.rowsInParts!([2, 16]));
    const all = Array.from({ length: 8 }, (_, at) =>
      backend.fromHost({ data: new Float32Array(32).fill(at), shape: [2, 16] }),
    );
    expect(() => parts.write(all[7]!)).toThrow(
      'wasmBackend.rowsInParts: the tensor that is written must be a live tensor',
    );
    const others = backend.rowsInParts!([3, 16]);
    others.write(all[1]!);
    expect(() => others.write(all[7]!)).toThrow(
      'wasmBackend.rowsInParts: rows must be at most 1 of [3, 16] that are left, got shape [2, 16].',
    );
    expect(() => others.finish()).toThrow(
      'wasmBackend.rowsInParts: rows must be all 3 written before finish(), got 2.',
    );
    all.forEach((x, at) => {
      expect(backend.readSync(x).data.every((value) => value === at)).toBe(true);
    });
  });

  it('checks views of its memory like any other numbers, before and after memory grew', () => {
    const backend = wasmBackend();
    const x = backend.allocate([4]);
    backend.viewOf(x).set([1, 2, 3, 4]);
    const stale = backend.viewOf(x);
    expect(() => backend.fromHost({ data: stale, shape: [3] })).toThrow('of a shape that fits its 4 elements');
    const square = backend.fromHost({ data: stale, shape: [2, 2] });
    expect(backend.shapeOf(square)).toEqual([2, 2]);
    // A part of a view is copied, also where the copy is what makes memory grow and the view empty.
    const large = backend.allocate([2 ** 18]);
    backend.viewOf(large).fill(7);
    const part = backend.viewOf(large).subarray(1);
    const before = part.buffer.byteLength;
    while (backend.viewOf(x).buffer.byteLength === before)
      backend.fromHost({ data: new Float32Array(1024), shape: [1024] });
    expect(stale.length).toBe(0);
    expect(() => backend.fromHost({ data: stale, shape: [4] })).toThrow(
      'of a shape that fits its 0 elements, got shape [4]. A view of memory that has grown since is empty.',
    );
    for (let copies = 0; copies < 20; copies++) {
      const source = backend.viewOf(large).subarray(1);
      const copy = backend.fromHost({ data: source, shape: [2 ** 18 - 1] });
      expect(backend.readSync(copy).data.every((value) => value === 7)).toBe(true);
    }
    expect([...backend.readSync(square).data]).toEqual([1, 2, 3, 4]);
    expect(() => backend.gather(square, backend.fromHost({ data: Float32Array.of(2), shape: [1] }))).toThrow(
      'wasmBackend.gather: indices must be row numbers in [0, 2), got 2.',
    );
  });
});

describeVariants('wasmBackend conforms, its operations recorded', (open) => {
  const backend = open();
  for (const { title, check } of conformanceCases(backend)) it(title, check);
});

describeVariants('wasmBackend conforms, each operation at once', (_, relaxedSimd) => {
  const { eager } = openWasm(() => [], { relaxedSimd });
  for (const { title, check } of conformanceCases(eager)) it(title, check);
});
