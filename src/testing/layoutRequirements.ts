/** Shapes and the order of axes. */
import { type HostTensor, tensor } from '../tensor.ts';
import { batched, filled, on, type Requirement, row, values } from './requirements.ts';

/** `batched` with its axes in another order, element by element. */
function reordered(order: readonly [number, number, number]): HostTensor {
  const from = [2, 3, 4];
  const steps = [12, 4, 1];
  const shape = order.map((axis) => from[axis]!);
  const [outer, middle, inner] = order.map((axis) => steps[axis]!) as [number, number, number];
  const [, rows, columns] = shape as [number, number, number];
  return filled(shape, (at) => {
    const place = [Math.floor(at / rows / columns), Math.floor(at / columns) % rows, at % columns];
    return batched.data[place[0]! * outer + place[1]! * middle + place[2]! * inner]!;
  });
}

export const layoutRequirements: readonly Requirement[] = [
  [
    'reshape keeps the order',
    (b) => b.reshape(on(b, values), [3, 2]),
    tensor([
      [1, -2],
      [3, 0.5],
      [4, -1],
    ]),
  ],
  ['reshape adds and drops axes of one', (b) => b.reshape(on(b, values), [1, 6, 1]), tensor(values.data, [1, 6, 1])],
  ['reshape makes a scalar of one element', (b) => b.reshape(on(b, tensor([[7]])), []), tensor(7)],
  ['reshape makes a list of a scalar', (b) => b.reshape(b.scalar(7), [1, 1]), tensor([[7]])],
  [
    'reshape takes tensors without elements',
    (b) => b.reshape(on(b, tensor(new Float32Array(0), [0, 3])), [2, 0]),
    tensor(new Float32Array(0), [2, 0]),
  ],
  [
    'transpose swaps the last two axes',
    (b) => b.transpose(on(b, values)),
    tensor([
      [1, 0.5],
      [-2, 4],
      [3, -1],
    ]),
  ],
  ['transpose swaps the last two axes of three', (b) => b.transpose(on(b, batched)), reordered([0, 2, 1])],
  [
    'transpose permutes',
    (b) => b.reshape(b.transpose(on(b, batched), [2, 0, 1]), [4, 6]),
    tensor([
      [-11, -7, -3, 1, 5, 9],
      [-10, -6, -2, 2, 6, 10],
      [-9, -5, -1, 3, 7, 11],
      [-8, -4, 0, 4, 8, 12],
    ]),
  ],
  ['transpose rotates axes the other way', (b) => b.transpose(on(b, batched), [1, 2, 0]), reordered([1, 2, 0])],
  [
    'transpose moves leading axes and leaves the last',
    (b) => b.transpose(on(b, batched), [1, 0, 2]),
    reordered([1, 0, 2]),
  ],
  ['transpose turns the order of all axes round', (b) => b.transpose(on(b, batched), [2, 1, 0]), reordered([2, 1, 0])],
  [
    'transpose counts negative axes from the last',
    (b) => b.transpose(on(b, batched), [-1, -3, -2]),
    reordered([2, 0, 1]),
  ],
  [
    'transpose takes axes from either end',
    (b) => b.transpose(on(b, values), [-1, 0]),
    tensor([
      [1, 0.5],
      [-2, 4],
      [3, -1],
    ]),
  ],
  ['transpose by the axes as they are changes nothing', (b) => b.transpose(on(b, batched), [0, 1, 2]), batched],
  ['transpose of one axis', (b) => b.transpose(on(b, row), [0]), row],
  ['transpose of a scalar', (b) => b.transpose(b.scalar(7), []), tensor(7)],
  ['transpose twice is what was there', (b) => b.transpose(b.transpose(on(b, batched), [2, 0, 1]), [1, 2, 0]), batched],
  [
    'transpose takes tensors without elements',
    (b) => b.transpose(on(b, tensor(new Float32Array(0), [0, 3]))),
    tensor(new Float32Array(0), [3, 0]),
  ],
  [
    'transpose of a matrix that fills no block',
    (b) =>
      b.transpose(
        on(
          b,
          filled([37, 21], (at) => at),
        ),
      ),
    filled([21, 37], (at) => 21 * (at % 37) + Math.floor(at / 37)),
  ],
];
