/**
 * The kernels with fused multiply-add, made of the ones without: what is a multiplication, one more operand and an addition
 * in one becomes the operand and `relaxed_madd` in the other, and nothing moves, for the bytes left over do nothing.
 */

const multiply = '\\xfd\\xe6\\x01';
const add = '\\xfd\\xe4\\x01';
const local = '\\x20[\\0-\\x7f]';
const number = '[\\x80-\\xff]*[\\0-\\x7f]';
/** A constant of a table in memory, in every lane: i32.const, v128.load32_splat, its alignment and offset. */
const constant = `\\x41${number}\\xfd\\x09.${number}`;
const kept = '\\x22[\\0-\\x7f]';
const sum = new RegExp(`${multiply}((?:${local}|${constant})(?:${kept})?)${add}`, 'gs');

const multiplyAdd = '\xfd\x85\x02';
const nothing = '\x01';

/** A module, a character a byte, with its products fused into the sums that they go into. */
export function withFusedSums(module: string): string {
  return module.replace(sum, (_, operand) => operand + multiplyAdd + nothing.repeat(3));
}
