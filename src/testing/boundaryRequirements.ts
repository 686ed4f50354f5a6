/** The host boundary: what is put in comes back. */
import { tensor } from '../tensor.ts';
import { on, type Requirement, values } from './requirements.ts';

const typedArrays = [
  Float32Array.of(0.5, -3),
  Float64Array.of(0.5, -3),
  Int8Array.of(-128, 127),
  Uint8Array.of(200, 1),
  Uint8ClampedArray.of(255, 1),
  Int16Array.of(-30000, 1),
  Uint16Array.of(60000, 1),
  Int32Array.of(-16777215, 1),
  Uint32Array.of(4294967295, 0),
].map(
  (data): Requirement => [
    `fromHost takes a ${data.constructor.name}`,
    (b) => on(b, { data, shape: [2] }),
    tensor(Array.from(data)),
  ],
);

export const boundaryRequirements: readonly Requirement[] = [
  ['fromHost and read return what was put in', (b) => on(b, values), values],
  ['scalar has no axes', (b) => b.scalar(2.5), tensor(2.5)],
  ['integers come back whole', (b) => on(b, tensor(Int32Array.of(7, -3, 100000))), tensor([7, -3, 100000])],
  [
    'fromHost keeps extents of 0',
    (b) => on(b, tensor(new Float32Array(0), [0, 3])),
    tensor(new Float32Array(0), [0, 3]),
  ],
  ['scalar takes NaN', (b) => b.scalar(NaN), tensor(NaN)],
  ...typedArrays,
];
