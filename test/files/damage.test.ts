import { crc32, deflateRawSync } from 'node:zlib';
import { openNpy, openNpz, openSafetensors, openTensors, type Source, type TensorFile } from 'dark-knowledge/files';
import { describe, expect, it } from 'vitest';
import {
  bytesFrom,
  contentsOf,
  fixtureBytes,
  npy,
  npyWith,
  safetensorsWith,
  tensorOf,
  zip,
} from '../support/tensorFiles.ts';

const form =
  /^(openNpy|openNpz|openSafetensors|openTensors|read|rows): .+ at byte \d+ of .*file.* must be .+, got .+\./s;
const four = new Uint8Array(16);
const sound = npy('<f4', [2, 2], four);
const header = (fields: string): Uint8Array<ArrayBuffer> => npyWith(`{${fields}}\n`, four);

/** What opening and reading a whole file says when it fails. */
async function saidOf(open: (source: Source) => Promise<TensorFile>, bytes: Uint8Array): Promise<string> {
  try {
    await contentsOf(await open(bytes));
    return 'nothing';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('a damaged .npy file', () => {
  const cases: readonly (readonly [title: string, bytes: Uint8Array, said: string])[] = [
    [
      'no bytes',
      new Uint8Array(0),
      "the magic string at byte 0 of the file, tensor 'arr_0', must be 8 bytes long, got 0.",
    ],
    [
      'another magic string',
      bytesFrom('\x93NUMPZ\x01\0'),
      "the magic string at byte 0 of the file, tensor 'arr_0', must be '\\x93NUMPY', got another.",
    ],
    [
      'an unknown version',
      npyWith('{}', four, 4),
      "the version at byte 6 of the file, tensor 'arr_0', must be 1.0, 2.0 or 3.0, got 4.0.",
    ],
    [
      'a header longer than the file',
      bytesFrom('\x93NUMPY\x01\0', [0xff, 0xff], 'abc'),
      "the header at byte 10 of the file, tensor 'arr_0', must be 65535 bytes long, got 3.",
    ],
    [
      'a header of 4 GB',
      bytesFrom('\x93NUMPY\x02\0', [0xff, 0xff, 0xff, 0xff], 'abc'),
      "the header's length at byte 8 of the file, tensor 'arr_0', must be at most 1048576, got 4294967295.",
    ],
    [
      'a header that ends early',
      header("'descr': '<f4', 'fortran_order': False, 'shape': (2, 2"),
      "the header at byte 65 of the file, tensor 'arr_0', must be ',' or ')', got '}'.",
    ],
    [
      'text after the header',
      npyWith("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)} x", four),
      "the header at byte 68 of the file, tensor 'arr_0', must be at its end, got 'x'.",
    ],
    [
      'a field twice',
      header("'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)"),
      "the header at byte 27 of the file, tensor 'arr_0', must be free of double keys, got 'descr'.",
    ],
    [
      'a field too many',
      header("'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), 'x': 1"),
      "must be a record of descr, fortran_order, shape, got 'x'.",
    ],
    [
      'a field too few',
      header("'descr': '<f4', 'shape': (2, 2)"),
      "the header at byte 10 of the file, tensor 'arr_0', must be a record with 'fortran_order', got none.",
    ],
    ['code in place of a literal', header("'descr': '<f4', 'fortran_order': False, 'shape': exit(1)"), 'must be'],
    [
      'an order that is no truth value',
      header("'descr': '<f4', 'fortran_order': 0, 'shape': (2, 2)"),
      "fortran_order at byte 44 of the file, tensor 'arr_0', must be True or False, got 0.",
    ],
    [
      'a negative extent',
      header("'descr': '<f4', 'fortran_order': False, 'shape': (-2, -2)"),
      "the extent at byte 61 of the file, tensor 'arr_0', must be a whole number of at least 0, got -2.",
    ],
    [
      'an extent that is not whole',
      header("'descr': '<f4', 'fortran_order': False, 'shape': (2.5, 2)"),
      "must be ',' or ')', got '.'.",
    ],
    [
      'an extent beyond 2^53',
      header("'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 2)"),
      "must be a whole number below 2^53, got '99999999999999999999'.",
    ],
    [
      'a shape that overflows',
      header(`'descr': '<f4', 'fortran_order': False, 'shape': (${2 ** 40}, ${2 ** 40})`),
      "the shape at byte 60 of the file, tensor 'arr_0', must be of fewer than 2^53 bytes, got 4.8",
    ],
    [
      'a shape that overflows beside a zero',
      header(`'descr': '<f4', 'fortran_order': False, 'shape': (0, ${2 ** 40}, ${2 ** 40})`),
      'must be of fewer than 2^53 bytes',
    ],
    [
      'a shape that would wrap around to the right size in 32 bits',
      header(`'descr': '|u1', 'fortran_order': False, 'shape': (${2 ** 32 + 16},)`),
      'must be 4294967312 bytes long by shape and kind, got 16.',
    ],
    [
      '65 axes',
      header(`'descr': '<f4', 'fortran_order': False, 'shape': (${'1, '.repeat(65)})`),
      'must be of at most 64 axes, got 65.',
    ],
    [
      'a number in place of a tuple',
      header("'descr': '<f4', 'fortran_order': False, 'shape': (4)"),
      "the shape at byte 61 of the file, tensor 'arr_0', must be a list of whole numbers, got 4.",
    ],
    [
      'a kind that NumPy does not know',
      header("'descr': '<q4', 'fortran_order': False, 'shape': (2, 2)"),
      "the kind (descr) at byte 20 of the file, tensor 'arr_0', must be one of NumPy's, as '<f4', got '<q4'.",
    ],
    [
      'a size that its kind does not have',
      header("'descr': '<i3', 'fortran_order': False, 'shape': (2, 2)"),
      "got '<i3'.",
    ],
    [
      'no byte order where one is needed',
      header("'descr': '|f4', 'fortran_order': False, 'shape': (2, 2)"),
      "got '|f4'.",
    ],
    ['nesting without end', header(`'descr': ${'['.repeat(100_000)}`).slice(0, 65_000), 'got '],
    [
      'nesting without end, in a version for it',
      npyWith(`{'descr': ${'['.repeat(100_000)}`, four, 2),
      'must be nested at most 32 deep, got ',
    ],
    [
      'fewer data than its shape',
      sound.slice(0, -1),
      `the data at byte ${sound.length - 16} of the file, tensor 'arr_0', must be 16 bytes long by shape and kind, got 15. The file is truncated`,
    ],
    ['more data than its shape', bytesFrom(sound, sound), 'got 103. Several arrays in one file?'],
    [
      'a byte that is no bool',
      npy('|b1', [3], Uint8Array.of(0, 1, 2)),
      "read: the element of row 2 at byte 70 of the file, tensor 'arr_0', must be 0 or 1, got 2.",
    ],
  ];
  for (const [title, bytes, said] of cases) {
    it(`with ${title} is refused`, async () => {
      const message = await saidOf(openNpy, bytes);
      expect(message).toMatch(form);
      expect(message).toContain(said);
    });
  }

  it('says where an element is also in column-major order', async () => {
    // Row 1, column 2 of [2, 2, 2] in Fortran order: its third axis counts last.
    const data = new Uint8Array(8);
    data[1 + 2 * 0 + 4 * 1] = 7;
    const { tensor } = await openNpy(npy('|b1', [2, 2, 2], data, true));
    const start = npy('|b1', [2, 2, 2], data, true).length - 8;
    await expect(tensor.rows(1, 2)).rejects.toThrow(`the element of row 1 at byte ${start + 5} of the file`);
    expect((await tensor.rows(0, 1)).data.length).toBe(4);
  });

  it('accepts what Python 2 wrote, and what other programs space otherwise', async () => {
    const old = npyWith("{'descr':'<f4','fortran_order':False,'shape':(2L,2L)}", four);
    expect((await openNpy(old)).tensor.shape).toEqual([2, 2]);
    const spaced = npyWith('{ "shape" : [ 2 , 2 ] , "fortran_order" : True , "descr" : ">f4" }  ', four);
    expect((await openNpy(spaced)).tensor.kind).toBe('float32');
  });
});

describe('a damaged .safetensors file', () => {
  const entry = (fields: object): object => ({ dtype: 'F32', shape: [2, 2], data_offsets: [0, 16], ...fields });
  const file = (tensors: object, data: Uint8Array = four): Uint8Array => safetensorsWith(JSON.stringify(tensors), data);
  const cases: readonly (readonly [title: string, bytes: Uint8Array, said: string])[] = [
    ['no bytes', new Uint8Array(3), "the header's length at byte 0 of the file must be 8 bytes long, got 3."],
    [
      'a header longer than the file',
      safetensorsWith('{}', four, 1000),
      'the header at byte 8 of the file must be 1000 bytes long, got 18.',
    ],
    [
      'a header of 2^63 bytes',
      safetensorsWith('{}', four, 2 ** 63),
      "the header's length at byte 0 of the file must be at most 100000000, got 9223372036854776000.",
    ],
    [
      'a header that is no object',
      safetensorsWith('[]', four),
      'the header at byte 8 of the file must be a JSON object, got a list.',
    ],
    [
      'a header that is no JSON',
      safetensorsWith("{'x': 1}", four),
      "the header at byte 9 of the file must be JSON, got '''.",
    ],
    [
      'a comma too many',
      safetensorsWith('{"x":[1,]}', four),
      "the header at byte 16 of the file must be an element after the comma, got ']'.",
    ],
    [
      'a text that is not UTF-8',
      safetensorsWith('{"x":1}', four).with(10, 0xff),
      'the header at byte 9 of the file must be a string in UTF-8 with known escapes, got another.',
    ],
    [
      'a name twice',
      safetensorsWith(
        '{"x":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"\\u0078":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}}',
        four,
      ),
      "must be free of double keys, got 'x'.",
    ],
    [
      'a field twice',
      safetensorsWith('{"x":{"dtype":"U8","dtype":"I8","shape":[16],"data_offsets":[0,16]}}', four),
      "must be free of double keys, got 'dtype'.",
    ],
    [
      'a field too many',
      file({ x: entry({ y: 1 }) }),
      "tensor 'x', must be a record of dtype, shape, data_offsets, got 'y'.",
    ],
    [
      'a field too few',
      file({ x: { dtype: 'F32', shape: [4] } }),
      "the entry at byte 13 of the file, tensor 'x', must be a record with 'data_offsets', got none.",
    ],
    [
      'a kind that is no string',
      file({ x: entry({ dtype: 4 }) }),
      "the kind (dtype) at byte 22 of the file, tensor 'x', must be a string, got 4.",
    ],
    ['a negative extent', file({ x: entry({ shape: [-2, -2] }) }), 'must be a whole number of at least 0, got -2.'],
    ['a shape that overflows', file({ x: entry({ shape: [2 ** 30, 2 ** 30] }) }), 'must be of fewer than 2^53 bytes'],
    [
      'offsets that its shape does not fill',
      file({ x: entry({ shape: [2, 3] }) }),
      "tensor 'x', must be 24 bytes apart by shape and kind, got 16.",
    ],
    [
      'offsets in the wrong order',
      file({ x: entry({ data_offsets: [16, 0] }) }),
      'must be a start and an end not before it, got others.',
    ],
    ['three offsets', file({ x: entry({ data_offsets: [0, 16, 16] }) }), 'must be a start and an end not before it'],
    [
      'offsets beyond its data',
      file({ x: entry({}) }, new Uint8Array(12)),
      "tensor 'x', must be within 12 bytes of data, got 16. The file is truncated",
    ],
    [
      'data that no tensor has',
      file({ x: entry({}) }, new Uint8Array(17)),
      'the data at byte 65 of the file must be 16 bytes long by its header, got 17.',
    ],
    [
      'a gap',
      file({ x: entry({ data_offsets: [4, 20] }) }, new Uint8Array(20)),
      "tensor 'x', must be from 0 on, without gap or overlap, got 4.",
    ],
    [
      'tensors that overlap',
      file({ x: entry({}), y: entry({ data_offsets: [8, 24] }) }, new Uint8Array(24)),
      "tensor 'y', must be from 16 on, without gap or overlap, got 8.",
    ],
    ['tensors that share their data', file({ x: entry({}), y: entry({}) }), "tensor 'y', must be from 16 on"],
    [
      'metadata that is no record of strings',
      file({ __metadata__: { a: 1 }, x: entry({}) }),
      '__metadata__ at byte 29 of the file must be a record of strings, got 1.',
    ],
    ['nesting without end', safetensorsWith(`{"x":${'['.repeat(1e6)}`, four), 'must be nested at most 32 deep'],
    [
      'more values than memory is for',
      safetensorsWith(`{"x":[${'0,'.repeat(5e6)}0]}`, four),
      'must be at most 4194304 values',
    ],
  ];
  for (const [title, bytes, said] of cases) {
    it(`with ${title} is refused`, async () => {
      const message = await saidOf(openSafetensors, bytes);
      expect(message).toMatch(form);
      expect(message).toContain(said);
    });
  }

  it('of a kind with a name of an object’s own is refused as of any other', async () => {
    const bytes = safetensorsWith('{"x":{"dtype":"constructor","shape":[2],"data_offsets":[0,16]}}', four);
    expect(await saidOf(openSafetensors, bytes)).toMatch(/float64, got 'constructor'\.$/);
  });

  it('is not one with white space after its header, which aligns the data', async () => {
    const padded = safetensorsWith(`${JSON.stringify({ x: entry({}) })}   `, four);
    expect(Object.keys((await openSafetensors(padded)).tensors)).toEqual(['x']);
  });
});

describe('a damaged .npz archive', () => {
  const other = npy('<f4', [1], new Uint8Array(4));
  const bomb = npy('|u1', [10_000_000], new Uint8Array(10_000_000));
  const patched = (bytes: Uint8Array, find: string, offset: number, ...values: number[]): Uint8Array => {
    const copy = Buffer.from(bytes);
    copy.set(values, copy.lastIndexOf(find, undefined, 'latin1') + offset);
    return new Uint8Array(copy);
  };
  const cases: readonly (readonly [title: string, bytes: Uint8Array, said: string])[] = [
    ['no bytes', new Uint8Array(0), 'the end of the archive at byte 0 of the file must be its end record, got none.'],
    [
      'its end cut off',
      zip([['x.npy', sound]]).slice(0, -1),
      'must be its end record, got none. The file is truncated',
    ],
    ['text before it', bytesFrom('#!/bin/sh\n', zip([['x.npy', sound]])), 'the end record at byte'],
    ['a directory elsewhere', zip([['x.npy', sound]], { start: 7 }), 'must be the end of the one directory, at byte'],
    [
      'more entries than it states',
      zip(
        [
          ['x.npy', sound],
          ['y.npy', sound],
        ],
        { entries: 1 },
      ),
      'must be of 1 entries, got 2.',
    ],
    ['fewer entries than it states', zip([['x.npy', sound]], { entries: 2 }), 'must be of 2 entries, got 1.'],
    [
      'a name twice',
      zip([
        ['x.npy', sound],
        ['x.npy', other],
      ]),
      "must be the only one of its kind, got 'x.npy'.",
    ],
    [
      'another name at the data than in the directory',
      zip([['x.npy', sound, { localName: 'y.npy' }]]),
      "tensor 'x', must be named 'x.npy', got 'y.npy'.",
    ],
    [
      'a foreign member of another name at its data',
      zip([
        ['x.npy', sound],
        ['readme', four, { localName: 'x.npy' }],
      ]),
      "must be named 'readme', got 'x.npy'.",
    ],
    [
      'a zero byte in a name',
      zip([['x.npy\0.txt', sound]]),
      "must be UTF-8 without a zero byte, got 'x.npy\\u0000.txt'.",
    ],
    ['an encrypted member', zip([['x.npy', sound, { flags: 1 }]]), "the member 'x.npy' at byte"],
    [
      'a method that is not read',
      zip([['x.npy', sound, { method: 14 }]]),
      'must be stored or deflated, got method 14.',
    ],
    [
      'a stored member of another size than it states',
      zip([['x.npy', sound, { size: 1000 }]]),
      "the size of member 'x.npy' at byte",
    ],
    [
      'members that overlap',
      zip([
        ['x.npy', sound],
        ['y.npy', sound, { start: 3 }],
      ]),
      'must be',
    ],
    [
      'two names for the same data',
      zip([
        ['x.npy', sound],
        ['y.npy', sound, { start: 0 }],
      ]),
      'must be at their end by byte 0',
    ],
    [
      'a member that reaches into the directory',
      zip([['x.npy', sound, { compressedSize: 90, size: 90 }]]),
      "the data of member 'x.npy' at byte",
    ],
    [
      'a member beyond the file',
      zip([['x.npy', sound, { start: 100_000 }]]),
      "tensor 'x', must be 30 bytes long, got 0.",
    ],
    [
      'a wrong CRC-32, stored',
      zip([['x.npy', sound, { crc: 0xabc }]]),
      "the data at byte 0 of 'x.npy' in the file, tensor 'x', must be of CRC-32 00000abc, got",
    ],
    [
      'a wrong CRC-32, deflated',
      zip([['x.npy', sound, { crc: 0xabc, deflate: true }]]),
      "the data at byte 0 of 'x.npy' in the file, tensor 'x', must be of CRC-32 00000abc, got",
    ],
    [
      'a deflated member that is damaged',
      zip([['x.npy', sound, { deflated: Uint8Array.of(7, 1, 2, 3) }]]),
      "openNpz: the deflated data at byte 0 of 'x.npy' in the file, tensor 'x', must be sound, got",
    ],
    [
      'a deflated member that goes on after its size',
      zip([['x.npy', bomb, { deflate: true, size: 9_000_000 }]]),
      'must be 10000000 bytes long by shape and kind, got 8999925.',
    ],
    [
      'a deflated member that states more than deflate can make',
      zip([['x.npy', sound, { deflate: true, size: 2 ** 31 }]]),
      'bytes can unpack to, got 2147483648.',
    ],
    [
      'an array that its member does not hold',
      zip([
        ['x.npy', npyWith("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000,)}", four), { deflate: true }],
      ]),
      "the data at byte 74 of 'x.npy' in the file, tensor 'x', must be 4000000000 bytes long by shape and kind, got 16.",
    ],
    [
      'a member that is not NumPy’s',
      zip([['x.npy', four]]),
      "the magic string at byte 0 of 'x.npy' in the file, tensor 'x', must be '\\x93NUMPY', got another.",
    ],
    [
      'no arrays',
      zip([['data.pkl', four]]),
      "the archive at byte 0 of the file must be one with .npy members, got 'data.pkl'. PyTorch",
    ],
    [
      'a ZIP64 record that is elsewhere',
      patched(fixtureBytes('zip64.npz'), 'PK\x06\x07', 8, 1),
      'the ZIP64 end record at byte',
    ],
    [
      'a ZIP64 directory of 2^64 bytes',
      patched(fixtureBytes('zip64.npz'), 'PK\x06\x06', 40, 255, 255, 255, 255, 255, 255, 255, 255),
      'the ZIP64 end record at byte',
    ],
  ];
  for (const [title, bytes, said] of cases) {
    it(`with ${title} is refused`, async () => {
      const message = await saidOf(openNpz, bytes);
      expect(message).toMatch(form);
      expect(message).toContain(said);
    });
  }

  it('whose member inflates to more or less than it states says so at its last row, and not before', async () => {
    // The member ends where a chunk of an inflater ends: what is too much comes in a chunk of its own.
    const rows = 2 ** 21 - npy('|u1', [2 ** 21 - 99], new Uint8Array(0)).length;
    const inflated = npy('|u1', [rows], new Uint8Array(rows));
    expect(inflated.length).toBe(2 ** 21);
    for (const [by, said] of [
      [10, `must be of ${inflated.length} bytes, got ${inflated.length - 10}.`],
      [-10, `must be of ${inflated.length} bytes, got more.`],
    ] as const) {
      const body = by > 0 ? inflated.slice(0, -by) : bytesFrom(inflated, new Uint8Array(-by));
      const tensor = tensorOf(await openNpz(zip([['x.npy', inflated, { deflated: deflateRawSync(body) }]])), 'x');
      expect((await tensor.rows(0, 1_000_000)).data.length).toBe(1_000_000);
      await expect(tensor.rows(1_000_000, rows)).rejects.toThrow(said);
      await expect(tensor.read()).rejects.toThrow(said);
    }
  });

  it('with one changed byte of data is refused at the last row of a walk, and by read()', async () => {
    for (const deflate of [false, true]) {
      const data = new Uint8Array(100_000);
      const changed = data.slice();
      changed[50_000] = 1;
      const archive = zip([
        ['x.npy', npy('|u1', [100_000], changed), { deflate, crc: crc32(npy('|u1', [100_000], data)) }],
      ]);
      const tensor = tensorOf(await openNpz(archive), 'x');
      await tensor.rows(0, 60_000);
      await expect(tensor.rows(60_000, 100_000)).rejects.toThrow(
        /rows: the data .* must be of CRC-32 .* Some of its bytes were changed\./,
      );
      // A member that is known to be damaged stays so.
      await expect(tensor.read()).rejects.toThrow('CRC-32');
    }
  });

  it('is not one with a comment, with directories, or with other files beside its arrays', async () => {
    const archive = zip(
      [
        ['folder/', new Uint8Array(0)],
        ['folder/x.npy', sound],
        ['readme.txt', four],
      ],
      { comment: 'PK\x05\x06 a run' },
    );
    expect(Object.keys((await openNpz(archive)).tensors)).toEqual(['folder/x']);
  });
});

describe('openTensors', () => {
  it('refuses what is in no known format, and shows how it starts', async () => {
    const said = (got: string): string =>
      `openTensors: the first bytes at byte 0 of x.h5 must be those of .npy, .npz or .safetensors, got ${got}.`;
    await expect(openTensors(bytesFrom('\x89HDF\r\n\x1a\n'), { name: 'x.h5' })).rejects.toThrow(
      said("'\ufffdHDF\\r\\n\\u001a\\n'"),
    );
    await expect(openTensors(new Uint8Array(0), { name: 'x.h5' })).rejects.toThrow(said('an empty file'));
    await expect(openTensors(bytesFrom('PAR1'), { name: 'x.h5' })).rejects.toThrow(TypeError);
  });

  it('refuses what is no file, and says how to get one', async () => {
    const path: unknown = 'run.npz';
    const response: unknown = new Response('x');
    await expect(openTensors(response as Blob)).rejects.toThrow('source must be a Blob');
    await expect(openTensors(path as Blob)).rejects.toThrow(
      'openTensors: source must be a Blob, a Uint8Array, an ArrayBuffer or a file handle, got string. In Node, openAsBlob(path) of node:fs gives a Blob.',
    );
    const name: unknown = 'x';
    await expect(openTensors(sound, name as { name: string })).rejects.toThrow(
      'openTensors: options must be an object',
    );
    await expect(openTensors(sound, { name: 5 as unknown as string })).rejects.toThrow(
      'openTensors: name must be a string, got 5.',
    );
  });
});

describe('what a source cannot deliver', () => {
  it('is said with the place and the cause', async () => {
    const cause = new Error('the disk is gone');
    const handle = (fails: (position: number) => boolean) => ({
      stat: async () => ({ size: sound.length }),
      read: async (buffer: Uint8Array, offset: number, length: number, position: number) => {
        if (fails(position)) throw cause;
        buffer.set(sound.subarray(position, position + length), offset);
        return { bytesRead: length };
      },
    });
    const { tensor } = await openNpy(
      handle((position) => position > 60),
      { name: 'file.npy' },
    );
    const error: unknown = await tensor.read().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      message: `read: the data at byte ${sound.length - 16} of file.npy, tensor 'file', must be readable, got 'the disk is gone'.`,
      cause,
    });
    const archive = zip([['x.npy', sound, { deflate: true }]]);
    let broken = false;
    const source = {
      stat: async () => ({ size: archive.length }),
      read: async (buffer: Uint8Array, offset: number, length: number, position: number) => {
        if (broken) throw cause;
        buffer.set(archive.subarray(position, position + length), offset);
        return { bytesRead: length };
      },
    };
    const file = await openNpz(source);
    broken = true;
    await expect(tensorOf(file, 'x').read()).rejects.toMatchObject({
      message: expect.stringContaining('the data at byte 35 of the file, tensor'),
      cause,
    });
    broken = false;
    expect((await tensorOf(file, 'x').read()).shape).toEqual([2, 2]);
  });

  it('is said where there is no memory for so much at once', async () => {
    const header = npyWith(`{'descr': '<f8', 'fortran_order': False, 'shape': (${2 ** 49},), }\n`, new Uint8Array(0));
    const huge = {
      stat: async () => ({ size: header.length + 2 ** 52 }),
      read: async (buffer: Uint8Array, offset: number, length: number, position: number) => {
        const part = header.subarray(position, position + length);
        buffer.set(part, offset);
        return { bytesRead: length };
      },
    };
    const { tensor } = await openNpy(huge);
    await expect(tensor.read()).rejects.toThrow(
      /read: the 4503599627370496 bytes at byte \d+ of the file, tensor 'arr_0', must be few enough for memory, got .* Read fewer rows at a time\./,
    );
    expect(Array.from((await tensor.rows(2 ** 48, 2 ** 48 + 2)).data)).toEqual([0, 0]);
  });

  it('is said where a file became shorter after it was opened', async () => {
    const shrinking = {
      stat: async () => ({ size: sound.length }),
      read: async (buffer: Uint8Array, offset: number, length: number, position: number) => {
        const part = sound.subarray(position, Math.min(position + length, sound.length - 5));
        buffer.set(part, offset);
        return { bytesRead: part.length };
      },
    };
    const { tensor } = await openNpy(shrinking);
    await expect(tensor.read()).rejects.toThrow(
      `the data at byte ${sound.length - 16} of the file, tensor 'arr_0', must be 16 bytes long, got 11.`,
    );
  });
});

describe('every changed byte and every truncation', () => {
  const inTime = <T>(work: Promise<T>): Promise<T> =>
    Promise.race([
      work,
      new Promise<never>((_, reject) => setTimeout(() => reject(new Error('it hangs')), 10_000).unref()),
    ]);

  /** Opens and reads; an error must be of the form. */
  async function outcome(
    bytes: Uint8Array,
  ): Promise<Record<string, { kind: string; shape: readonly number[]; values: number[] }> | string> {
    try {
      return await inTime(openTensors(bytes).then(contentsOf));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      expect(message).toMatch(form);
      return message;
    }
  }

  for (const name of ['names.npz', 'zip64.npz', 'version1.npy', 'version2.npy', 'kinds.safetensors']) {
    const bytes = fixtureBytes(name);
    it(`of ${name} gives ${name.endsWith('.npz') ? 'the same data' : 'data of its shape'}, or an error that says where`, {
      timeout: 120_000,
    }, async () => {
      const whole = JSON.stringify(await outcome(bytes));
      let state = 7;
      let refused = 0;
      let read = 0;
      for (let at = 0; at < bytes.length; at++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        for (const mask of [1, 0x80, (state >>> 24) | 4]) {
          const result = await outcome(bytes.with(at, bytes[at]! ^ mask));
          if (typeof result === 'string') refused++;
          else if (name.endsWith('.npz')) expect(JSON.stringify(result)).toBe(whole);
          else
            for (const { shape, values } of Object.values(result))
              expect(values.length).toBe(shape.reduce((size, extent) => size * extent, 1));
          if (typeof result !== 'string') read++;
        }
      }
      expect(refused).toBeGreaterThan(bytes.length / 4);
      expect(read).toBeGreaterThan(0);
      for (let length = 0; length < bytes.length; length++) {
        expect(typeof (await outcome(bytes.slice(0, length)))).toBe('string');
      }
    });
  }
});
