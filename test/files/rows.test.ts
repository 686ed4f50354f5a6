import {
  batches,
  type FileTensor,
  openNpy,
  openNpz,
  openSafetensors,
  type Source,
  type TensorFile,
} from 'dark-knowledge/files';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { npy, safetensorsWith, tensorOf, zip } from '../support/tensorFiles.ts';

/** Arrays of a kind with the numbers 0, 1, 2, …, in a byte order: made with DataView, which states it. */
const kinds = {
  i1: { size: 1, put: (view: DataView, at: number, value: number) => view.setInt8(at, value), dtype: 'I8' },
  u2: {
    size: 2,
    put: (view: DataView, at: number, value: number, little: boolean) => view.setUint16(at, value, little),
    dtype: 'U16',
  },
  f4: {
    size: 4,
    put: (view: DataView, at: number, value: number, little: boolean) => view.setFloat32(at, value, little),
    dtype: 'F32',
  },
  i8: {
    size: 8,
    put: (view: DataView, at: number, value: number, little: boolean) => view.setBigInt64(at, BigInt(value), little),
    dtype: 'I64',
  },
} as const;
type Letter = keyof typeof kinds;

/** The index in the file of each element in row-major order: for column-major order by the definition. */
function fileIndex(shape: readonly number[], fortran: boolean): number[] {
  const count = shape.reduce((size, extent) => size * extent, 1);
  return Array.from({ length: count }, (_, flat) => {
    if (!fortran) return flat;
    const position: number[] = [];
    let rest = flat;
    for (const extent of [...shape].reverse()) {
      position.unshift(rest % extent);
      rest = Math.floor(rest / extent);
    }
    let index = 0;
    let stride = 1;
    shape.forEach((extent, axis) => {
      index += position[axis]! * stride;
      stride *= extent;
    });
    return index;
  });
}

function dataOf(letter: Letter, shape: readonly number[], fortran: boolean, little: boolean): Uint8Array<ArrayBuffer> {
  const order = fileIndex(shape, fortran);
  const { size, put } = kinds[letter];
  const bytes = new Uint8Array(order.length * size);
  const view = new DataView(bytes.buffer);
  order.forEach((index, flat) => {
    put(view, index * size, flat % 100, little);
  });
  return bytes;
}

const forms = ['npy', 'stored', 'deflated', 'safetensors'] as const;

const cases = fc.record({
  letter: fc.constantFrom<Letter[]>('i1', 'u2', 'f4', 'i8'),
  shape: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
  fortran: fc.boolean(),
  little: fc.boolean(),
  form: fc.constantFrom(...forms),
  blob: fc.boolean(),
  ranges: fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { minLength: 1, maxLength: 6 }),
});

async function opened(
  form: (typeof forms)[number],
  letter: Letter,
  shape: readonly number[],
  fortran: boolean,
  little: boolean,
  blob = false,
): Promise<FileTensor> {
  const wrap = (bytes: Uint8Array<ArrayBuffer>): Source => (blob ? new Blob([bytes]) : bytes);
  if (form === 'safetensors') {
    const data = dataOf(letter, shape, false, true);
    const header = { x: { dtype: kinds[letter].dtype, shape, data_offsets: [0, data.length] } };
    return tensorOf(await openSafetensors(wrap(safetensorsWith(JSON.stringify(header), data))), 'x');
  }
  const array = npy(
    `${kinds[letter].size === 1 ? '|' : little ? '<' : '>'}${letter}`,
    shape,
    dataOf(letter, shape, fortran, little),
    fortran,
  );
  if (form === 'npy') return (await openNpy(wrap(array))).tensor;
  const file: TensorFile = await openNpz(wrap(zip([['x.npy', array, { deflate: form === 'deflated' }]])));
  return tensorOf(file, 'x');
}

describe('rows(start, end)', () => {
  it('are those of the whole, for any shape, kind, byte order, layout and format, in any order of the calls', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ letter, shape, fortran, little, form, blob, ranges }) => {
        const tensor = await opened(form, letter, shape, fortran, little, blob);
        const [rows = 0, ...axes] = shape;
        const columns = axes.reduce((size, extent) => size * extent, 1);
        const whole = Array.from({ length: rows * columns }, (_, flat) => flat % 100);
        expect(Array.from((await tensor.read()).data)).toEqual(whole);
        for (const [a, b] of ranges) {
          const [start, end] = [Math.min(a, b, rows), Math.min(Math.max(a, b), rows)];
          const part = await tensor.rows(start, end);
          expect(part.shape).toEqual([end - start, ...axes]);
          expect(Array.from(part.data)).toEqual(whole.slice(start * columns, end * columns));
        }
      }),
      { seed: 13, numRuns: 400 },
    );
  });

  it('may be asked for all at once, and come each with its own', async () => {
    for (const form of forms) {
      for (const fortran of [false, true]) {
        const tensor = await opened(form, 'u2', [40, 3], fortran, true, true);
        const starts = [30, 0, 10, 5, 39, 20];
        const parts = await Promise.all(starts.map((start) => tensor.rows(start, start + 1)));
        expect(parts.map(({ data }) => data[0])).toEqual(starts.map((start) => (3 * start) % 100));
      }
    }
  });

  it('must be there: neither negative, nor beyond the last, nor in the wrong order, nor half', async () => {
    const { tensor } = await openNpy(npy('<f4', [4, 2], new Uint8Array(32)), { name: 'a.npy' });
    for (const [start, end] of [
      [-1, 2],
      [0, 5],
      [3, 2],
      [0.5, 2],
      [0, Number.NaN],
      [5, 5],
    ] as const) {
      await expect(tensor.rows(start, end)).rejects.toThrow(
        `rows: start and end must be rows of tensor 'a' of a.npy, 0 to 4, got ${start} and ${end}.`,
      );
    }
    expect((await tensor.rows(4, 4)).shape).toEqual([0, 2]);
  });

  it('are none of a scalar, which read() reads', async () => {
    const { tensor } = await openNpy(npy('|u1', [], Uint8Array.of(7)));
    await expect(tensor.rows(0, 1)).rejects.toThrow("rows: tensor 'arr_0' of the file must have rows, got a scalar.");
    expect(await tensor.read()).toEqual({ data: Uint8Array.of(7), shape: [] });
  });

  it('are copies: changing them changes neither the file nor the next call', async () => {
    for (const form of forms) {
      const tensor = await opened(form, 'i1', [4, 2], form === 'stored', true);
      (await tensor.rows(0, 4)).data.fill(9);
      expect(Array.from((await tensor.rows(0, 2)).data)).toEqual([0, 1, 2, 3]);
    }
  });

  it('of a column-major tensor beyond a block of 32 MiB come right at every block edge, deflated or not', {
    timeout: 120_000,
  }, async () => {
    // 3 columns of 3 million float64: 69 MiB, of rows that say their number.
    const rows = 3_000_000;
    const column = Float64Array.from({ length: rows }, (_, row) => row);
    const data = new Uint8Array(rows * 24);
    for (let index = 0; index < 3; index++) data.set(new Uint8Array(column.buffer), index * rows * 8);
    const array = npy('<f8', [rows, 3], data, true);
    const { tensor } = await openNpy(new Blob([array]));
    const npz = tensorOf(await openNpz(zip([['x.npy', array, { deflate: true }]])), 'x');
    const block = Math.floor(2 ** 25 / 24);
    for (const start of [0, block - 2, block + 1, 2 * block - 1, rows - 3]) {
      const expected = Array.from({ length: 9 }, (_, index) => start + Math.floor(index / 3));
      expect(Array.from((await tensor.rows(start, start + 3)).data)).toEqual(expected);
      if (start === block + 1) continue;
      expect(Array.from((await npz.rows(start, start + 3)).data)).toEqual(expected);
    }
  });

  it('of few rows and many columns are not read column by column: a few reads, not one a column', async () => {
    const bytes = npy('<f4', [64, 200_000], new Uint8Array(64 * 200_000 * 4), true);
    let reads = 0;
    const counting = {
      stat: async () => ({ size: bytes.length }),
      read: async (buffer: Uint8Array, offset: number, length: number, position: number) => {
        reads++;
        buffer.set(bytes.subarray(position, position + length), offset);
        return { bytesRead: Math.min(length, bytes.length - position) };
      },
    };
    const { tensor } = await openNpy(counting);
    await tensor.rows(0, 1);
    expect(reads).toBeLessThan(100);
  });
});

describe('a deflated member', () => {
  /** A file that counts the bytes that are read of it. */
  function counted(bytes: Uint8Array<ArrayBuffer>): { readonly source: Source; read(): number } {
    let total = 0;
    const source = {
      stat: async () => ({ size: bytes.length }),
      read: async (buffer: Uint8Array, offset: number, length: number, position: number) => {
        const part = bytes.subarray(position, position + length);
        buffer.set(part, offset);
        total += part.length;
        return { bytesRead: part.length };
      },
    };
    return { source, read: () => total };
  }
  const rows = 300_000;
  // A generator's low bits, which deflate does not shorten.
  let state = 1;
  const noise = Uint8Array.from({ length: rows * 8 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });

  it('is inflated once when it is read forward, in parts of any size, and anew when a call goes back', async () => {
    const { source, read } = counted(zip([['x.npy', npy('|u1', [rows, 8], noise), { deflate: true }]]));
    const tensor = tensorOf(await openNpz(source), 'x');
    const opening = read();
    expect(opening).toBeLessThan(100_000);
    for (let start = 0; start < rows - 1000; start += 777) await tensor.rows(start, start + 777);
    const once = read() - opening;
    expect(once).toBeLessThan(noise.length * 1.01);
    expect((await tensor.rows(0, 1)).data).toEqual(noise.slice(0, 8));
    expect(read() - opening - once).toBeLessThan(1_000_000);
    await tensor.rows(rows - 1, rows);
    expect(read() - opening - once).toBeGreaterThan(noise.length);
  });

  it('starts anew after its end: a second walk reads the same', async () => {
    const tensor = tensorOf(await openNpz(zip([['x.npy', npy('|u1', [rows, 8], noise), { deflate: true }]])), 'x');
    for (let walk = 0; walk < 2; walk++) {
      let at = 0;
      for await (const { x } of batches({ x: tensor }, 50_000)) {
        expect(Buffer.compare(Buffer.from(x.data), noise.subarray(at, at + x.data.length))).toBe(0);
        at += x.data.length;
      }
      expect(at).toBe(noise.length);
    }
  });
});

describe('batches', () => {
  const tensors = async () => ({
    logits: await opened('deflated', 'f4', [10, 3], false, true),
    labels: await opened('safetensors', 'i8', [10], false, true),
  });

  it('are records of equally many rows of each tensor, the last what is left', async () => {
    const seen: unknown[] = [];
    for await (const { logits, labels } of batches(await tensors(), 4))
      seen.push([logits.shape, Array.from(labels.data)]);
    expect(seen).toEqual([
      [
        [4, 3],
        [0, 1, 2, 3],
      ],
      [
        [4, 3],
        [4, 5, 6, 7],
      ],
      [
        [2, 3],
        [8, 9],
      ],
    ]);
  });

  it('of no rows are none', async () => {
    const { tensor } = await openNpy(npy('<f4', [0, 3], new Uint8Array(0)));
    for await (const batch of batches({ tensor }, 4)) expect(batch).toBe('nothing');
  });

  it('may be left early, also where the next would fail', async () => {
    const array = npy('|u1', [rowsOfDamaged, 8], new Uint8Array(rowsOfDamaged * 8).fill(5));
    const damaged = zip([['x.npy', array, { deflate: true, crc: 1 }]]);
    const tensor = tensorOf(await openNpz(damaged), 'x');
    for await (const { x } of batches({ x: tensor }, rowsOfDamaged / 2)) {
      expect(x.data[0]).toBe(5);
      break;
    }
    await expect(tensor.read()).rejects.toThrow('CRC-32');
  });

  it('refuse a size, a missing tensor, a scalar and unequal rows at the call', async () => {
    const { logits, labels } = await tensors();
    const scalar = await opened('npy', 'u2', [], false, true);
    const short = await opened('npy', 'u2', [9], false, true);
    expect(() => batches({ logits }, 0)).toThrow('batches: size must be a whole number of at least 1, got 0.');
    expect(() => batches({ logits, labels: undefined }, 4)).toThrow(
      'batches: labels must be a tensor of a file, got undefined.',
    );
    expect(() => batches({ logits, scalar }, 4)).toThrow("batches: scalar must have rows, got the scalar 'arr_0'.");
    expect(() => batches({ logits, labels, short }, 4)).toThrow(
      'batches: short must have the 10 rows of logits, got 9.',
    );
  });
});
const rowsOfDamaged = 100_000;
