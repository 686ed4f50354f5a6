import { runInNewContext } from 'node:vm';
import {
  accumulate,
  accuracy,
  averageParameters,
  crossEntropy,
  evaluate,
  klDivergence,
  measure,
  restore,
  selectRows,
  type TensorLike,
  tensor,
  valueAndGradients,
} from 'dark-knowledge';
import { cpuBackend } from 'dark-knowledge/cpu';
import { describe, expect, it } from 'vitest';

// Shape [2, 3], in memory as each library lays it out.
const rows = [
  [1, 2, 3],
  [4, 5, 6],
];
const byColumns = Float32Array.of(1, 4, 2, 5, 3, 6);

describe('arrays that are not plain row-major', () => {
  it.each([
    ['scijs, transposed', { data: byColumns, shape: [2, 3], stride: [1, 2], offset: 0 }],
    [
      'scijs, a view with an offset',
      { data: Float32Array.of(9, 9, 1, 2, 3, 9, 4, 5, 6, 9), shape: [2, 3], stride: [4, 1], offset: 2 },
    ],
    ['scijs, backwards', { data: Float32Array.of(6, 5, 4, 3, 2, 1), shape: [2, 3], stride: [-3, -1], offset: 5 }],
    ['stdlib, column-major', { data: byColumns, shape: [2, 3], strides: [1, 2], offset: 0, order: 'column-major' }],
    ['npyjs, fortranOrder', { data: byColumns, shape: [2, 3], fortranOrder: true }],
    ['npyjs, in C order', { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3], fortranOrder: false }],
  ])('are read as they are meant: %s', (_, given) => {
    expect(tensor(given)).toEqual({ data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] });
  });

  it.each([
    ['NumPy’s header, in Fortran’s order', { data: byColumns, shape: [2, 3], fortran_order: true }],
    ['an order by NumPy’s letter', { data: byColumns, shape: [2, 3], order: 'F' }],
  ])('are read as they are meant: %s', (_, given) => {
    expect(tensor(given).data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  });

  it('are refused in an order that nobody knows', () => {
    expect(() => tensor({ data: byColumns, shape: [2, 3], order: 'fortran' } as TensorLike)).toThrow(
      "tensor: data.order must be 'row-major', 'column-major', 'C' or 'F', got 'fortran'.",
    );
  });

  it('are no tensors of a host backend as they are', () => {
    const backend = cpuBackend();
    for (const given of [
      { data: byColumns, shape: [2, 3], stride: [1, 2] },
      { data: byColumns, shape: [2, 3], fortranOrder: true },
      { data: byColumns, shape: [3, 3] },
      { data: Uint16Array.of(0x3c00), shape: [1], dtype: 'float16' },
    ]) {
      expect(backend.isTensor(given)).toBe(false);
    }
    expect(backend.isTensor({ data: byColumns, shape: [2, 3] })).toBe(true);
  });

  it('keep their array where it is in order already', () => {
    const data = Float32Array.of(1, 2, 3, 4);
    expect(tensor({ data, shape: [2, 2], stride: [2, 1], offset: 0 } as TensorLike).data).toBe(data);
  });

  it.each([
    ['reach beyond their data', { data: byColumns, shape: [2, 3], stride: [4, 1] }, /a layout within its 6 elements/],
    ['begin before it', { data: byColumns, shape: [2, 3], stride: [-1, 1] }, /a layout within its 6 elements/],
    ['have strides of other axes', { data: byColumns, shape: [2, 3], stride: [1] }, /strides must be of 2 axes/],
    ['have no whole strides', { data: [1], shape: [], strides: 'abc' }, /strides must be a list of whole numbers/],
    [
      'have no whole offset',
      { data: byColumns, shape: [2, 3], stride: [3, 1], offset: 0.5 },
      /offset must be a whole number/,
    ],
  ])('are refused where they %s', (_, given, message) => {
    expect(() => tensor(given as TensorLike)).toThrow(message);
  });

  it('give a metric its right value', () => {
    const logits = { data: Float32Array.of(1, 4, 2, 3, 3, 2), shape: [3, 2], fortranOrder: true };
    // Rows (1, 3), (4, 3), (2, 2): classes 1, 0, 0.
    expect(measure(accuracy(), { logits, labels: [1, 0, 0] } as never).value).toBe(1);
  });
});

describe('arrays of another realm', () => {
  const foreign = <Value>(code: string): Value => runInNewContext(code) as Value;

  it('are arrays of this one, over the same memory', () => {
    const data = foreign<Float64Array>('new Float64Array([9, 1, 2]).subarray(1)');
    const read = tensor(data).data;
    expect(read).toBeInstanceOf(Float64Array);
    expect([...read]).toEqual([1, 2]);
    data[0] = 7;
    expect(read[0]).toBe(7);
  });

  it('keep their precision, their 64-bit integers and their 16-bit floats', () => {
    const logits = { data: foreign<Float64Array>('new Float64Array([1, 1 + 1e-12])'), shape: [1, 2] };
    expect(measure(accuracy(), { logits, labels: foreign<number[]>('[1]') }).value).toBe(1);
    expect(measure(accuracy(), { logits, labels: foreign<BigInt64Array>('new BigInt64Array([1n])') }).value).toBe(1);
    const bits = foreign<Uint16Array>('new Uint16Array([0x3c00, 0x4000])');
    expect(tensor({ data: bits, dims: [2], type: 'float16' }).data).toEqual(Float32Array.of(1, 2));
  });

  it('are written to where they are a teacher that follows its student, and restored from a state', () => {
    const teacher = { w: foreign<Float32Array>('new Float32Array([0, 2])') };
    averageParameters(teacher, { w: Float32Array.of(1, 4) }, { momentum: 0.5 });
    expect([...teacher.w]).toEqual([0.5, 3]);
    const running = accumulate(accuracy());
    running.update({ logits: [[1, 2]], labels: [1] });
    const state = running.state();
    const copied = (value: number) => ({ data: foreign<Float64Array>(`new Float64Array([${value}])`), shape: [] });
    expect(
      restore(accuracy(), { ...state, statistics: { correct: copied(1), count: copied(2) } }).compute().value,
    ).toBe(0.5);
  });

  it('are refused where they are no arrays of numbers', () => {
    const view = 'new DataView(new ArrayBuffer(8))';
    for (const given of [foreign(view), [foreign(view)], [new DataView(new ArrayBuffer(8))]]) {
      expect(() => tensor(given as TensorLike)).toThrow(/tensor: data must be .*numbers.*got a DataView/);
    }
    expect(() => selectRows({ a: [1, 2] }, new DataView(new ArrayBuffer(8)) as never)).toThrow(
      'selectRows: rows must be a list of rows, got a DataView.',
    );
  });
});

describe('16-bit floats beside a shape', () => {
  it.each(['float16', 'F16', '<f2'])('are read by a dtype too: %s', (dtype) => {
    const given = { data: Uint16Array.of(0x3c00, 0xc000), shape: [2], dtype };
    expect(tensor(given as TensorLike).data).toEqual(Float32Array.of(1, -2));
  });

  it('are whole numbers where nothing else is said', () => {
    expect(tensor({ data: Uint16Array.of(0x3c00), shape: [1], dtype: 'uint16' } as TensorLike).data[0]).toBe(0x3c00);
  });
});

describe('matrices', () => {
  it('of no whole extents or no numbers are refused', () => {
    const matrix = (rows: unknown, element: unknown) => ({ rows, columns: 2, get: () => element }) as TensorLike;
    expect(() => tensor(matrix('1', 5))).toThrow("tensor: data.rows must be a whole number of at least 0, got '1'.");
    expect(() => tensor(matrix(-1, 5))).toThrow(/data.rows must be a whole number/);
    expect(() => tensor(matrix(1, undefined))).toThrow('tensor: data must be numbers, got undefined.');
    expect(() => tensor(matrix(1, '5'))).toThrow("tensor: data must be numbers, got '5'.");
  });
});

describe('64-bit integers', () => {
  const logits = [
    [1, 2],
    [3, 0],
  ];
  it.each([
    ['with a shape', { data: BigInt64Array.of(1n, 0n), shape: [2] }],
    ['with dims', { data: BigUint64Array.of(1n, 0n), dims: [2] }],
    ['bare', BigInt64Array.of(1n, 0n)],
    ['nested', [1n, 0n]],
  ])('are labels as others are: %s', (_, labels) => {
    expect(measure(accuracy(), { logits, labels: labels as TensorLike }).value).toBe(1);
  });

  it('beyond 2⁵³ are refused, with their place', () => {
    expect(() => tensor(BigInt64Array.of(1n, 2n ** 60n))).toThrow(
      /tensor: data\[1\] must be a whole number below 2⁵³ in size, got 1152921504606846976/,
    );
  });
});

describe('16-bit floats', () => {
  // 1, −2, 65504, the smallest subnormal, Infinity, 0.333…
  const bits = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00, 0x3555);
  const numbers = [1, -2, 65504, 2 ** -24, Infinity, 0.333251953125];

  it('come out exactly, from their bits and from a Float16Array', () => {
    expect(Array.from(tensor({ data: bits, dims: [6], type: 'float16' }).data)).toEqual(numbers);
    // Node 20 has none: an array that says it is one serves.
    const half = Object.defineProperty(Float32Array.from(numbers), Symbol.toStringTag, { value: 'Float16Array' });
    const read = tensor(half as never);
    expect(Array.from(read.data)).toEqual(numbers);
    expect(Object.prototype.toString.call(read.data)).toBe('[object Float32Array]');
    expect(Array.from(tensor({ data: half, shape: [2, 3] } as never).data)).toEqual(numbers);
  });

  it('of the other kind too', () => {
    expect(
      Array.from(tensor({ data: Uint16Array.of(0x3f80, 0xc000, 0x7f80), dims: [3], type: 'bfloat16' }).data),
    ).toEqual([1, -2, Infinity]);
  });
});

describe('what went through JSON', () => {
  it('is a tensor again', () => {
    const list = JSON.parse(JSON.stringify({ data: [1, 2, 3, 4, 5, 6], shape: [2, 3] }));
    expect(tensor(list)).toEqual(tensor(rows));
  });
});

describe('shapes and data that are none', () => {
  it.each([
    ['no shape', { data: Float32Array.of(1), dims: undefined }, /shape must be a list of extents, got undefined/],
    ['a negative extent', { data: new Float32Array(6), shape: [-2, -3] }, /whole numbers of at least 0/],
    ['a fractional extent', { data: new Float32Array(6), shape: [1.5, 4] }, /whole numbers of at least 0/],
    ['a textual extent', { data: new Float32Array(6), shape: ['2', '3'] }, /whole numbers of at least 0/],
    ['texts', { data: ['a', 'b'], dims: [1, 2] }, /data must be numbers, got 'a'/],
    ['an object', { data: {}, shape: [1] }, /data must be an array of numbers/],
    ['a DataView', { data: new DataView(new ArrayBuffer(4)), shape: [1] }, /data must be an array of numbers/],
  ])('are refused: %s', (_, studentLogits, message) => {
    expect(() => evaluate(klDivergence(), { studentLogits, teacherLogits: [1, 2] } as never)).toThrow(message);
  });
});

describe('names of inputs', () => {
  const batch = { studentLogits: rows, teacherLogits: rows };

  it('may be more than are asked for, but not nearly those that are missing', () => {
    expect(evaluate(klDivergence(), { ...batch, images: [1] } as never).value).toBe(0);
    for (const [name, near] of [
      ['rowWeight', 'rowWeights'],
      ['label', 'labels'],
      ['rowweights', 'rowWeights'],
    ] as const) {
      expect(() => evaluate(klDivergence(), { ...batch, [name]: [1, 0] } as never)).toThrow(
        `klDivergence: inputs must be free of names that are nearly '${near}', got '${name}'. Did you mean '${near}'?`,
      );
    }
  });

  it('with a number after them belong to another loss', () => {
    expect(evaluate(klDivergence(), { ...batch, labels2: [0, 0] } as never).value).toBe(0);
  });
});

describe('what is no loss and no metric', () => {
  it('is refused, with the call that was likely meant', () => {
    expect(() => measure(accuracy as never, { logits: rows, labels: [0, 1] } as never)).toThrow(
      'measure: metric must be a metric, as its factory returns it, got a function. Call the factory: measure(accuracy(), …).',
    );
    expect(() => evaluate(accuracy() as never, {} as never)).toThrow(/evaluate: loss must be a loss/);
    expect(() => measure(crossEntropy() as never, {} as never)).toThrow(/measure: metric must be a metric/);
    expect(() => valueAndGradients(klDivergence as never, {} as never)).toThrow(/Call the factory/);
  });
});
