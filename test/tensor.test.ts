import {
  crossEntropy,
  evaluate,
  type HostTensor,
  klDivergence,
  type TensorLike,
  tensor,
  valueAndGradients,
} from 'dark-knowledge';
import { Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';

describe('tensor', () => {
  it('reads the shape off nested arrays', () => {
    expect(
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ).toEqual({ data: Float64Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] });
    expect(tensor(7)).toEqual({ data: Float64Array.of(7), shape: [] });
    expect(tensor([[[true]], [[false]]]).shape).toEqual([2, 1, 1]);
  });

  it('reads rows that are typed arrays', () => {
    expect(tensor([Float32Array.of(1, 2), Float32Array.of(3, 4)])).toEqual({
      data: Float64Array.of(1, 2, 3, 4),
      shape: [2, 2],
    });
  });

  it('keeps a typed array without a copy', () => {
    const data = Float32Array.of(1, 2, 3, 4);
    expect(tensor(data, [2, 2]).data).toBe(data);
  });

  it('refuses ragged rows, naming what it met', () => {
    expect(() => tensor([[1, 2], [3]])).toThrow(
      new TypeError(
        'tensor: data must be nested arrays of equal length, got a row of 1 where 2 elements were expected.',
      ),
    );
    expect(() => tensor([[1, 2], 'x' as never])).toThrow(TypeError);
    expect(() => tensor([1, [2]] as never)).toThrow(/tensor: data must be nested arrays of numbers/);
  });

  it('refuses a shape that does not fit', () => {
    expect(() => tensor([1, 2, 3], [2, 2])).toThrow('tensor: shape must be for 3 elements, got shape [2, 2].');
    expect(() => tensor([1], [0.5])).toThrow(/whole numbers of at least 0/);
  });
});

describe('inputs of a runner', () => {
  const rows = [
    [1, 2, 3],
    [3, 1, 0],
  ];
  const expected = evaluate(klDivergence(), {
    studentLogits: rows,
    teacherLogits: [
      [0, 1, 0],
      [2, 2, 1],
    ],
  }).value;
  const flat = rows.flat();
  const forms: readonly (readonly [name: string, value: TensorLike])[] = [
    ['a host tensor', tensor(rows)],
    ['an ml-matrix Matrix', new Matrix(rows)],
    [
      'a transposed view of ml-matrix',
      new Matrix([
        [1, 3],
        [2, 1],
        [3, 0],
      ]).transpose(),
    ],
    ['{ data, dims } of ONNX Runtime', { data: Float32Array.from(flat), dims: [2, 3], type: 'float32' }],
    ['{ data, dims } with 64-bit integers', { data: BigInt64Array.from(flat, BigInt), dims: [2, 3] }],
    ['{ data, dims } with a plain array', { data: flat, dims: [2, 3] }],
  ];
  for (const [name, studentLogits] of forms) {
    it(`may be ${name}`, () => {
      const { value } = evaluate(klDivergence(), {
        studentLogits,
        teacherLogits: [
          [0, 1, 0],
          [2, 2, 1],
        ],
      });
      // float32 data are computed in float32.
      expect(Math.abs(value - expected)).toBeLessThan(name.includes('ONNX') ? 1e-7 : 1e-12);
    });
  }

  it('decide the precision: gradients come in the kind of array that the logits are', () => {
    const gradientOf = (studentLogits: TensorLike): unknown =>
      valueAndGradients(crossEntropy(), { studentLogits, labels: [1] }).gradients.studentLogits.data;
    expect(gradientOf(tensor(Float32Array.of(0.1, 0.2), [1, 2]))).toBeInstanceOf(Float32Array);
    expect(gradientOf([[0.1, 0.2]])).toBeInstanceOf(Float64Array);
    expect(gradientOf(new Matrix([[0.1, 0.2]]))).toBeInstanceOf(Float64Array);
  });

  it('may be 64-bit integer labels, as tokenizers give them', () => {
    const labels = { data: BigInt64Array.of(0n, 2n), dims: [2] };
    expect(evaluate(crossEntropy(), { studentLogits: rows, labels }).value).toBe(
      evaluate(crossEntropy(), { studentLogits: rows, labels: [0, 2] }).value,
    );
  });

  it('are refused by name when they are something else', () => {
    const evaluateWith =
      (studentLogits: unknown): (() => unknown) =>
      () =>
        evaluate(klDivergence(), { studentLogits: studentLogits as HostTensor, teacherLogits: rows });
    expect(evaluateWith('logits')).toThrow(/^klDivergence: studentLogits must be a host tensor, .*, got 'logits'\./);
    expect(evaluateWith({ data: [1], dims: [2] })).toThrow(/studentLogits must be a tensor whose shape fits its 1/);
    expect(evaluateWith({ data: ['a'], dims: [1] })).toThrow(/studentLogits.data must be numbers, got 'a'/);
    expect(evaluateWith(undefined)).toThrow(
      'klDivergence: studentLogits must be given, got undefined. Inputs received: studentLogits, teacherLogits.',
    );
    expect(() => evaluate(klDivergence(), null as never)).toThrow(/klDivergence: inputs must be a record/);
  });
});
