/** Modules of generated kernels: which locals share a place, and what engines would refuse. */
import type { Backend } from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';
import { makeCode } from '../../src/wasm/fusion/assembler.ts';
import { addLocal, type Locals, localUses } from '../../src/wasm/fusion/locals.ts';
import { assemble, type FunctionCode } from '../../src/wasm/fusion/module.ts';
import { openWasm } from '../../src/wasm/wasmBackend.ts';
import { difference } from '../support/randomGraphs.ts';

describe('locals', () => {
  const open = () => {
    const locals: Locals = { parameters: ['i32'], types: [] };
    const [a, b, c] = ['v128', 'v128', 'v128'].map(() => addLocal(locals, 'v128'));
    const number = addLocal(locals, 'i32');
    return { a: a!, b: b!, c: c!, number, uses: localUses(locals) };
  };

  it('that are used one after the other share a place, if they are of one type', () => {
    const { number, a, b, uses } = open();
    for (const own of [a, b, number]) {
      uses.use(own, false);
      uses.use(own, true);
    }
    const { types, of } = uses.places();
    expect(types).toEqual(['v128', 'i32']);
    expect([of[0], of[a], of[b], of[number]]).toEqual([0, 1, 1, 2]);
  });

  it('that are in use at once do not', () => {
    const { a, b, uses } = open();
    uses.use(a, false);
    uses.use(b, false);
    uses.use(a, true);
    uses.use(b, true);
    expect(uses.places().types.length).toBe(2);
  });

  it('keep their places to the end of a loop that reads what was written before it', () => {
    const { a, b, c, uses } = open();
    uses.use(a, false);
    uses.beginLoop();
    uses.beginLoop();
    uses.use(a, true);
    uses.endLoop();
    // The next time round `a` is read again.
    uses.use(b, false);
    uses.use(b, true);
    uses.endLoop();
    uses.use(c, false);
    uses.use(c, true);
    const { types, of } = uses.places();
    expect(types.length).toBe(2);
    expect(of[b]).not.toBe(of[a]);
  });

  it('of an inner loop keep theirs through it, and give them back within the loop around it', () => {
    const { a, b, c, uses } = open();
    uses.beginLoop();
    uses.use(a, false);
    uses.beginLoop();
    uses.use(a, true);
    uses.use(b, false);
    uses.use(b, true);
    uses.endLoop();
    uses.use(c, false);
    uses.use(c, true);
    uses.endLoop();
    const { types, of } = uses.places();
    expect(types.length).toBe(2);
    expect(of[b]).not.toBe(of[a]);
  });

  it('that are read before they are written have places of their own', () => {
    const { a, b, c, uses } = open();
    uses.beginLoop();
    uses.use(a, false);
    uses.use(a, true);
    uses.use(b, true);
    uses.use(b, false);
    uses.use(c, false);
    uses.use(c, true);
    uses.endLoop();
    const { types, of } = uses.places();
    expect(types.length).toBe(2);
    expect(of[a]).toBe(of[c]);
  });
});

describe('a module', () => {
  /** Writes many locals, and reads each one at once or after all have been written. */
  function functionOf(count: number, isAtOnce: boolean): FunctionCode {
    const locals: Locals = { parameters: ['f64'], types: [] };
    const code = makeCode();
    const made = Array.from({ length: count }, () => addLocal(locals, 'f64'));
    for (const local of made) {
      code.get(0).set(local);
      if (!isAtOnce) code.get(local).set(0);
    }
    if (isAtOnce) for (const local of made) code.get(local).set(0);
    return { name: 'run', locals, code };
  }

  it('holds functions of any number of locals that are not in use at once', () => {
    const bytes = assemble([functionOf(60_000, false)], false)!;
    expect(() => new WebAssembly.Module(bytes)).not.toThrow();
  });

  it('is not made where engines would refuse it: of too many locals, or of too many bytes', () => {
    expect(assemble([functionOf(60_000, true)], false)).toBeUndefined();
    const code = makeCode().double(0).double(0).op('f64.add').set(0);
    for (let doubled = 0; doubled < 19; doubled++) code.append(code);
    expect(assemble([{ name: 'run', locals: { parameters: ['f64'], types: [] }, code }], false)).toBeUndefined();
  });

  it('of hundreds of exponentials is compiled, and computes them', () => {
    const { backend, recorder } = openWasm(() => []);
    const oracle = cpuBackend({ precision: 'float64' });
    const input = { data: Float32Array.from({ length: 20 }, (_, at) => Math.sin(at)), shape: [4, 5] };
    const sum = <T>(b: Backend<T>): T =>
      b.scope(() => {
        const x = b.fromHost(input);
        let y = x;
        for (let at = 1; at <= 250; at++) y = b.add(y, b.exp(b.multiply(x, b.scalar(-0.01 * at))));
        return y;
      });
    expect(difference(backend.readSync(sum(backend)), oracle.readSync!(sum(oracle)), 1e-5)).toBeUndefined();
    expect(recorder.counters).toEqual({ flushes: 1, interpreted: 0 });
  });
});
