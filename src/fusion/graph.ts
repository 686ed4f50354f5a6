/**
 * The part of a recording that some results need, in order of computation, with a signature: numbers that are equal
 * exactly where operations, shapes and kinds of constants are.
 */
import type { Shape } from '../backend.ts';
import { type Node, operationCodes } from './node.ts';

/** Nodes, operands first, and those that are wanted. */
export interface Graph<Stored> {
  readonly order: readonly Node<Stored>[];
  readonly targets: readonly Node<Stored>[];
  /** Valid until the next graph is read: whoever keeps it copies it. */
  readonly signature: Int32Array;
  readonly hash: number;
}

/** Numbers that rules of the algebra ask for: they are part of the structure. Of others the sign is, and an extraordinary size. */
const special: readonly number[] = [0, 1, -1, Infinity, -Infinity];

/** The power of 2 up to which a constant, or its inverse, is of ordinary size: products of a few such stay within float32. */
export const ordinaryPower = 31;

/** Whether a constant is neither very large nor very small. */
export function isOrdinary(number: number): boolean {
  const size = Math.abs(number);
  return size >= 2 ** -ordinaryPower && size <= 2 ** ordinaryPower;
}

/** Whether a constant is part of the structure by its value. */
export function isSpecial(number: number): boolean {
  return kindOf(number) < special.length || Number.isNaN(number);
}

function kindOf(number: number): number {
  for (let at = 0; at < special.length; at++) if (Object.is(special[at], number)) return at;
  // Positive numbers, negative ones, −0, NaN; very large and very small ones.
  const kind = number > 0 ? 0 : number < 0 ? 1 : number === 0 ? 2 : 3;
  return special.length + kind + (isOrdinary(number) ? 0 : 4);
}

/** Reads graphs; one reader's signatures share their memory. */
export function graphReader<Stored>(): (targets: readonly Node<Stored>[]) => Graph<Stored> {
  let walk = 0;
  let order: Node<Stored>[] = [];
  /** Numbers of constants met so far, and their places: equal ones are one. */
  let numbers: number[] = [];
  let places: number[] = [];
  let signature = new Int32Array(1024);
  let length = 0;
  let hash = 0;

  function note(number: number): void {
    if (length === signature.length) {
      const longer = new Int32Array(2 * length);
      longer.set(signature);
      signature = longer;
    }
    signature[length++] = number;
    hash = Math.imul(hash ^ number, 0x85ebca6b);
    hash ^= hash >>> 15;
  }

  function noteShape(shape: Shape): void {
    note(shape.length);
    for (let axis = 0; axis < shape.length; axis++) note(shape[axis]!);
  }

  function visit(node: Node<Stored>): void {
    if (node.walk === walk) return;
    node.walk = walk;
    if (node.stored !== undefined) {
      note(operationCodes.stored);
      noteShape(node.shape);
    } else if (node.operation === 'constant') {
      const { number } = node;
      let known = 0;
      while (known < numbers.length && !Object.is(numbers[known], number)) known++;
      if (known < numbers.length) {
        node.index = places[known]!;
        return;
      }
      numbers.push(number);
      places.push(order.length);
      note(operationCodes.constant);
      note(kindOf(number));
    } else {
      const { operands } = node;
      for (let at = 0; at < operands.length; at++) visit(operands[at]!);
      note(node.code);
      for (let at = 0; at < operands.length; at++) note(operands[at]!.index);
      // Of element-wise operations and transpositions the operands decide the shape; of reductions, how many axes stay.
      if (node.operation === 'reshape') noteShape(node.shape);
      else if (node.extent !== 0) {
        note(node.extent);
        note(node.shape.length);
      }
    }
    node.index = order.length;
    order.push(node);
  }

  return (targets) => {
    walk++;
    order = [];
    numbers = [];
    places = [];
    length = 0;
    hash = 1;
    for (const target of targets) visit(target);
    for (const target of targets) note(target.index);
    return { order, targets, signature: signature.subarray(0, length), hash };
  };
}
