import { wasmBackend } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';
import { makeArena } from '../../src/wasm/memory.ts';

function arenaOf(pages: number) {
  const memory = new WebAssembly.Memory({ initial: pages });
  return { memory, arena: makeArena(memory, 1000) };
}

describe('makeArena', () => {
  it('hands out aligned blocks that do not overlap, over 10⁵ random calls, and gets them all back', () => {
    const { arena } = arenaOf(1);
    const blocks: { pointer: number; words: number; mark: number }[] = [];
    let state = 12345;
    const random = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    for (let call = 0; call < 100_000; call++) {
      if (blocks.length < 40 || (random() < 0.5 && blocks.length < 400)) {
        const words = 1 + Math.floor(random() < 0.7 ? random() * 300 : random() * 20_000);
        const pointer = arena.allocate(words * 4);
        expect(pointer % 64).toBe(0);
        arena.words()[pointer / 4] = call;
        arena.words()[pointer / 4 + words - 1] = call;
        blocks.push({ pointer, words, mark: call });
      } else {
        const [block] = blocks.splice(Math.floor(random() * blocks.length), 1);
        expect(arena.words()[block!.pointer / 4]).toBe(block!.mark);
        expect(arena.words()[block!.pointer / 4 + block!.words - 1]).toBe(block!.mark);
        arena.free(block!.pointer);
      }
    }
    for (const { pointer } of blocks) arena.free(pointer);
    expect(arena.blocks()).toBe(0);
    expect(arena.bytes()).toBe(0);
  });

  it('joins neighbouring gaps, so that a large block fits where small ones were', () => {
    const { memory, arena } = arenaOf(16);
    const blocks = Array.from({ length: 8 }, () => arena.allocate(100_000));
    const grown = memory.buffer.byteLength;
    for (const index of [1, 3, 5, 7, 0, 2, 4, 6]) arena.free(blocks[index]!);
    arena.allocate(800_000);
    expect(memory.buffer.byteLength).toBe(grown);
  });

  it('gives views that are fresh after growth', () => {
    const { arena } = arenaOf(1);
    const pointer = arena.allocate(4);
    arena.floats()[pointer / 4] = 7;
    const stale = arena.floats();
    arena.allocate(10_000_000);
    expect(stale.length).toBe(0);
    expect(arena.floats()[pointer / 4]).toBe(7);
  });

  it('refuses to free what it did not hand out', () => {
    const { arena } = arenaOf(1);
    const pointer = arena.allocate(4);
    arena.free(pointer);
    expect(() => arena.free(pointer)).toThrow(RangeError);
  });
});

describe('wasmBackend over 10⁵ calls', () => {
  it('leaves nothing behind', () => {
    const backend = wasmBackend();
    const x = backend.fromHost({ data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] });
    const bytes = backend.byteCount();
    let memory = 0;
    for (let call = 0; call < 100_000; call++) {
      const kept = backend.scope(() => backend.sum(backend.matMul(x, backend.exp(backend.transpose(x)))));
      backend.dispose(kept);
      if (call === 1000) memory = backend.viewOf(x).buffer.byteLength;
    }
    expect(backend.tensorCount()).toBe(1);
    expect(backend.byteCount()).toBe(bytes);
    expect(backend.viewOf(x).buffer.byteLength).toBe(memory);
  });

  it('keeps values while memory grows', () => {
    const backend = wasmBackend();
    const first = backend.fromHost({ data: Float32Array.of(1, 2, 3), shape: [3] });
    const large = Array.from({ length: 20 }, () => backend.allocate([1_000_000]));
    expect([...backend.readSync(backend.add(first, first)).data]).toEqual([2, 4, 6]);
    for (const tensor of large) backend.dispose(tensor);
  });
});
