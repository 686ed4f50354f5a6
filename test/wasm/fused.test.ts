/** Kernels with fused multiply-add are made of those without; `npm run test:relaxed` computes with them. */
import { expect, it } from 'vitest';
import { bytesOfText } from '../../src/moduleText.ts';
import { withFusedSums } from '../../src/wasm/fused.ts';
import { kernelModule } from '../../src/wasm/generated/kernels.ts';

const multiply = '\xfd\xe6\x01';
const add = '\xfd\xe4\x01';
const fused = '\xfd\x85\x02\x01\x01\x01';

it('a product that goes into a sum with a local or a constant of a table is fused, in as many bytes', () => {
  const operands = [
    '\x20\x05',
    '\x20\x7f\x22\x03',
    '\x41\x10\xfd\x09\x02\x00',
    '\x41\x80\x08\xfd\x09\x02\x88\x01\x22\x10',
  ];
  for (const operand of operands) {
    expect(withFusedSums(`\x20\x00${multiply}${operand}${add}\x0b`)).toBe(`\x20\x00${operand}${fused}\x0b`);
  }
});

it('anything else stays', () => {
  const subtract = '\xfd\xe5\x01';
  for (const operand of ['', '\x20\x05\x20\x06', '\x20\x05\xfd\xe0\x01', '\x20\x80\x01']) {
    expect(withFusedSums(multiply + operand + add)).toBe(multiply + operand + add);
  }
  expect(withFusedSums(`${multiply}\x20\x05${subtract}`)).toBe(`${multiply}\x20\x05${subtract}`);
});

it('of the kernels, all sums of the tiles are fused, and most of the others', () => {
  const module = bytesOfText(kernelModule);
  const made = withFusedSums(module);
  const count = (text: string, code: string): number => text.split(code).length - 1;
  expect(made).toHaveLength(module.length);
  // Two tiles of 5 × 8: twenty sums of four lanes.
  expect(count(made, '\xfd\x85\x02')).toBeGreaterThan(60);
  expect(count(made, add)).toBeLessThan(count(module, add) - 60);
});
