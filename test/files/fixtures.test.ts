import { openAsBlob, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { openNpy, openNpz, openSafetensors, openTensors, type Source } from 'dark-knowledge/files';
import { describe, expect, it } from 'vitest';
import { contentsOf, fixtureBytes, fixturePath, safetensorsWith, tensorOf } from '../support/tensorFiles.ts';

interface Held {
  readonly kind: string;
  readonly shape: readonly number[];
  readonly values: readonly (number | string)[];
}
const { files: fixtures } = JSON.parse(readFileSync(new URL('../fixtures/files.json', import.meta.url), 'utf8')) as {
  readonly files: Readonly<Record<string, Readonly<Record<string, Held>>>>;
};

const numbers = (held: Readonly<Record<string, Held>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(held).map(([name, tensor]) => [name, { ...tensor, values: tensor.values.map(Number) }]),
  );

describe('what NumPy and safetensors wrote', () => {
  for (const [name, held] of Object.entries(fixtures)) {
    it(`${name} is read with its names, kinds, shapes and values`, async () => {
      const file = await openTensors(fixtureBytes(name), { name });
      expect(file.name).toBe(name);
      expect(file.format).toBe(name.split('.').at(-1));
      expect(Object.keys(file.tensors).sort()).toEqual(Object.keys(held).sort());
      for (const [key, value] of Object.entries(await contentsOf(file)))
        expect({ [key]: value }).toEqual(numbers({ [key]: held[key]! }));
    });
  }

  it('arrives in the array that holds its kind: as it is, widened, or as float64', async () => {
    const { tensors } = await openSafetensors(fixtureBytes('kinds.safetensors'));
    const arrays = await Promise.all(
      Object.values(tensors).map(async ({ kind, read }) => [kind, (await read()).data.constructor.name]),
    );
    expect(Object.fromEntries(arrays)).toEqual({
      bool: 'Uint8Array',
      int8: 'Int8Array',
      uint8: 'Uint8Array',
      int16: 'Int16Array',
      uint16: 'Uint16Array',
      int32: 'Int32Array',
      uint32: 'Uint32Array',
      int64: 'Float64Array',
      uint64: 'Float64Array',
      float16: 'Float32Array',
      bfloat16: 'Float32Array',
      float32: 'Float32Array',
      float64: 'Float64Array',
    });
  });

  it('keeps the sign of zero in every kind of float', async () => {
    const { tensors } = await openSafetensors(fixtureBytes('kinds.safetensors'));
    for (const kind of ['float16', 'bfloat16', 'float32', 'float64']) {
      expect((await tensors[kind]!.read()).data[2]).toBe(-0);
    }
  });

  it('has what a safetensors file says of itself', async () => {
    const { metadata } = await openSafetensors(fixtureBytes('kinds.safetensors'));
    expect({ ...metadata }).toEqual({ framework: 'numpy', größe: 'a "b"' });
    expect((await openNpz(fixtureBytes('kinds.npz'))).metadata).toEqual({});
  });

  it('names kinds that are not read, and refuses only those tensors', async () => {
    const npz = await openNpz(fixtureBytes('refused.npz'), { name: 'refused.npz' });
    const { fine, ...others } = npz.tensors;
    expect(Object.values(others).map(({ name, kind }) => [name, kind])).toEqual(
      Object.keys(others).map((name) => [name, name]),
    );
    expect(Object.keys(others)).toHaveLength(9);
    for (const { name, read } of Object.values(others)) {
      await expect(read()).rejects.toThrow(TypeError);
      await expect(read()).rejects.toThrow(
        `read: the kind at byte 20 of '${name}.npy' in refused.npz, tensor '${name}', must be bool, int8 to int64, uint8 to uint64, float16, bfloat16, float32 or float64, got '${name}'.`,
      );
    }
    expect((await fine!.rows(1, 2)).data[11]).toBe(23);

    const { tensors } = await openSafetensors(fixtureBytes('refused.safetensors'), { name: 'f.safetensors' });
    await expect(tensors.float8!.rows(0, 1)).rejects.toThrow(
      /byte \d+ of f\.safetensors, tensor 'float8', .* got 'F8_E4M3'\./,
    );
    await expect(tensors.complex!.read()).rejects.toThrow("tensor 'complex', must be bool");
    expect((await tensors.fine!.read()).data[23]).toBe(23);
  });

  it('refuses integers that float64 does not hold, with their row and byte', async () => {
    const file = await openNpz(fixtureBytes('tooLarge.npz'), { name: 'large.npz' });
    const said = (name: string, byte: number, row: number, got: string): string =>
      `the element of row ${row} at byte ${byte} of '${name}.npy' in large.npz, tensor '${name}', must be an integer within ±2^53, got ${got}.`;
    await expect(tensorOf(file, 'int64').read()).rejects.toThrow(
      `read: ${said('int64', 128 + 24, 1, '9007199254740993')}`,
    );
    await expect(tensorOf(file, 'int64').rows(1, 2)).rejects.toThrow(
      `rows: ${said('int64', 128 + 24, 1, '9007199254740993')}`,
    );
    await expect(tensorOf(file, 'fortran').rows(1, 2)).rejects.toThrow(
      said('fortran', 128 + 24, 1, '9007199254740993'),
    );
    await expect(tensorOf(file, 'uint64').read()).rejects.toThrow(said('uint64', 128 + 8, 1, '18446744073709551615'));
    expect(Array.from((await tensorOf(file, 'int64').rows(0, 1)).data)).toEqual([0, 1]);
  });

  it('is the same from a Blob of a file, a File, a file handle, a buffer and a view into one', async () => {
    const bytes = fixtureBytes('kindsDeflated.npz');
    const padded = new Uint8Array(bytes.length + 7);
    padded.set(bytes, 3);
    const handle = await open(fixturePath('kindsDeflated.npz'));
    const sources: Source[] = [
      await openAsBlob(fixturePath('kindsDeflated.npz')),
      new File([bytes], 'run.npz'),
      new Blob([bytes.subarray(0, 100), bytes.subarray(100)]),
      handle,
      bytes.buffer,
      padded.subarray(3, 3 + bytes.length),
      readFileSync(fixturePath('kindsDeflated.npz')),
    ];
    const expected = await contentsOf(await openNpz(bytes));
    for (const source of sources) expect(await contentsOf(await openNpz(source))).toEqual(expected);
    await handle.close();
  });

  it('names the tensor of an .npy file by the file, as an archive would', async () => {
    const bytes = fixtureBytes('version1.npy');
    const named = await openNpy(new File([bytes], 'logits.npy'));
    expect(named.tensors.logits).toBe(named.tensor);
    expect(Object.keys((await openNpy(bytes, { name: 'runs/7/labels.npy' })).tensors)).toEqual(['labels']);
    expect(Object.keys((await openNpy(bytes)).tensors)).toEqual(['arr_0']);
  });
});

describe('float16 and bfloat16', () => {
  const allBits = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const read = async (dtype: string): Promise<ArrayLike<number>> => {
    const header = `{"x":{"dtype":"${dtype}","shape":[65536],"data_offsets":[0,131072]}}`;
    const { tensors } = await openSafetensors(safetensorsWith(header, new Uint8Array(allBits.buffer)));
    return (await tensors.x!.read()).data;
  };
  /** The value that the standard gives a sign, an exponent and a fraction. */
  const standardValue = (bits: number, exponentBits: number): number => {
    const fractionBits = 15 - exponentBits;
    const sign = bits >> 15 ? -1 : 1;
    const exponent = (bits & 0x7fff) >> fractionBits;
    const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
    const bias = 2 ** (exponentBits - 1) - 1;
    if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : Number.NaN;
    return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
  };

  it('are what IEEE 754 says, for each of the 65,536 patterns', async () => {
    expect(Array.from(await read('F16'))).toEqual(Array.from(allBits, (bits) => standardValue(bits, 5)));
    expect(Array.from(await read('BF16'))).toEqual(Array.from(allBits, (bits) => standardValue(bits, 8)));
  });
});
