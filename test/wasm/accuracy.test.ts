import type { WasmBackend, WasmTensor } from 'dark-knowledge/wasm';
import { describe, expect, it } from 'vitest';
import { describeVariants } from './variants.ts';

const word = new Int32Array(1);
const float = new Float32Array(word.buffer);

/** The size of one unit in the last place of the float32 number nearest to x, x finite. */
function unitInLastPlace(x: number): number {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(x) || 2 ** -149)), -126);
  return 2 ** (exponent - 23);
}

/** Every `stride`-th float32 by bit pattern from `first` to `last`, both of one sign. */
function bitPatterns(first: number, last: number, stride: number): Float32Array {
  float[0] = first;
  const from = word[0]!;
  float[0] = last;
  const to = word[0]!;
  const count = Math.floor(Math.abs(to - from) / stride) + 1;
  const step = to >= from ? stride : -stride;
  return new Float32Array(Int32Array.from({ length: count }, (_, index) => from + index * step).buffer);
}

/** The largest error of a float32 function in units in the last place; special values must be equal. */
function largestError(
  backend: WasmBackend,
  compute: (x: WasmTensor) => WasmTensor,
  exact: (x: number) => number,
  inputs: Float32Array,
): number {
  const { data } = backend.scope(() =>
    backend.readSync(compute(backend.fromHost({ data: inputs, shape: [inputs.length] }))),
  );
  let largest = 0;
  for (let index = 0; index < inputs.length; index++) {
    const expected = exact(inputs[index]!);
    const got = data[index]!;
    const rounded = Math.fround(expected);
    if (!Number.isFinite(rounded) || Number.isNaN(expected)) {
      if (!Object.is(got, rounded)) return Infinity;
    } else largest = Math.max(largest, Math.abs(got - expected) / unitInLastPlace(expected));
  }
  return largest;
}

describeVariants('accuracy in units in the last place', (open) => {
  const backend = open();
  const { exp, log } = backend;

  describe('exp', () => {
    it.each([
      ['negative normal results', -1e-30, -87.4],
      ['positive results', 1e-30, 88.72283],
      ['denormal results, down to 0', -87.2, -110],
      ['large negative arguments', -104, -3e38],
      ['overflow', 88.7228, 3e38],
      ['denormal arguments', 1e-45, 1.2e-38],
    ])('is within 2 for %s', (_, first, last) => {
      expect(largestError(backend, exp, Math.exp, bitPatterns(first, last, 997))).toBeLessThanOrEqual(2);
    });

    it('maps ±Infinity, NaN and ±0 as it should, in any lane', () => {
      const inputs = Float32Array.of(Infinity, -Infinity, NaN, 0, -0, 89, -104, 1, NaN, -Infinity, Infinity);
      expect(largestError(backend, exp, Math.exp, inputs)).toBeLessThanOrEqual(2);
    });

    it('keeps a NaN whose payload is not empty', () => {
      word[0] = 0x7fc00001;
      expect(largestError(backend, exp, Math.exp, Float32Array.of(float[0]!, 1))).toBeLessThanOrEqual(2);
    });
  });

  describe('log', () => {
    it.each([
      ['all normal numbers', 1.1754944e-38, 3.4e38],
      ['denormal numbers', 1e-45, 1.2e-38],
      ['negative numbers', -1e-45, -3.4e38],
    ])('is within 2 for %s', (_, first, last) => {
      expect(largestError(backend, log, Math.log, bitPatterns(first, last, 1999))).toBeLessThanOrEqual(2);
    });

    it('is within 2 beside 1', () => {
      expect(largestError(backend, log, Math.log, bitPatterns(0.99, 1.01, 1))).toBeLessThanOrEqual(2);
    });

    it('maps 0, Infinity, NaN and the ends as it should', () => {
      const inputs = Float32Array.of(0, -0, Infinity, -Infinity, NaN, 1, 3.4028235e38, 1e-45, -1);
      expect(largestError(backend, log, Math.log, inputs)).toBeLessThanOrEqual(2);
    });
  });
});
