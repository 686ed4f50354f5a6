import { mkdtempSync, openAsBlob, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, crc32, deflateRawSync } from 'node:zlib';
import { batches, type FileTensor, openNpy, openNpz, openSafetensors, type Source } from 'dark-knowledge/files';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesFrom, npyWith, safetensorsWith, tensorOf, zip } from '../support/tensorFiles.ts';

const megabyte = 2 ** 20;
const columns = 64;
/** Rows of float32 in a part of the file, and how often the part comes: 256 MiB. */
const rowsOfPart = 2 ** 14;
const parts = 64;
const rows = rowsOfPart * parts;
const part = Float32Array.from({ length: rowsOfPart * columns }, (_, index) => index % 251);
const partBytes = new Uint8Array(part.buffer);
const npyHeader = (fortran: boolean): Uint8Array<ArrayBuffer> =>
  npyWith(
    `{'descr': '<f4', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${rows}, ${columns}), }\n`,
    new Uint8Array(0),
  );

/** A file that exists only as parts which are shared: the Blob of 256 MiB takes what one part takes. */
function repeated(
  header: Uint8Array<ArrayBuffer>,
  footer: Uint8Array<ArrayBuffer> = new Uint8Array(0),
  bytes: Uint8Array<ArrayBuffer> = partBytes,
): Blob {
  const shared = new Blob([bytes]);
  return new Blob([header, ...Array.from({ length: parts }, () => shared), footer]);
}

/** Walks over a tensor and returns the sum of its elements, and by how much memory grew at most. */
async function walked(tensor: FileTensor): Promise<{ readonly sum: number; readonly grown: number }> {
  await tensor.rows(0, 8192);
  const before = process.memoryUsage.rss();
  let [sum, most] = [0, 0];
  for await (const { x } of batches({ x: tensor }, 8192)) {
    for (const value of x.data) sum += value;
    most = Math.max(most, process.memoryUsage.rss());
  }
  return { sum, grown: most - before };
}

const sumOfPart = part.reduce((sum, value) => sum + value, 0);

/** The archive of one member whose data are the repeated part. */
function archiveOf(deflate: boolean): Blob {
  // A part deflated up to a byte boundary may follow another; a last, empty block ends them.
  const packed = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
    new Uint8Array(deflate ? deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }) : bytes);
  const [header, body, end] = [packed(npyHeader(false)), packed(partBytes), Uint8Array.from(deflate ? [3, 0] : [])];
  let crc = crc32(npyHeader(false));
  for (let index = 0; index < parts; index++) crc = crc32(partBytes, crc);
  const size = npyHeader(false).length + parts * partBytes.length;
  const compressedSize = header.length + parts * body.length + end.length;
  const options = { crc, size, compressedSize, method: deflate ? 8 : 0 };
  const empty = zip([['x.npy', new Uint8Array(0), options]]);
  const local = empty.slice(0, 30 + 'x.npy'.length);
  // The directory comes after the data.
  const footer = empty.slice(local.length);
  new DataView(footer.buffer).setUint32(footer.length - 6, local.length + compressedSize, true);
  return repeated(bytesFrom(local, header), bytesFrom(end, footer), body);
}

describe('256 MiB of rows', () => {
  const sources: readonly (readonly [title: string, tensor: () => Promise<FileTensor>])[] = [
    ['an .npy file', async () => (await openNpy(repeated(npyHeader(false)))).tensor],
    [
      'a safetensors file',
      async () => {
        const size = parts * partBytes.length;
        const header = JSON.stringify({ x: { dtype: 'F32', shape: [rows, columns], data_offsets: [0, size] } });
        return tensorOf(await openSafetensors(repeated(safetensorsWith(header, new Uint8Array(0)))), 'x');
      },
    ],
    ['a stored member', async () => tensorOf(await openNpz(archiveOf(false)), 'x')],
    ['a deflated member', async () => tensorOf(await openNpz(archiveOf(true)), 'x')],
  ];
  for (const [title, tensor] of sources) {
    it(`of ${title} pass in flat memory`, { timeout: 120_000 }, async () => {
      const { sum, grown } = await walked(await tensor());
      expect(sum).toBe(sumOfPart * parts);
      expect(grown).toBeLessThan(96 * megabyte);
    });
  }

  it('in column-major order pass in the memory of a few blocks', { timeout: 120_000 }, async () => {
    const { sum, grown } = await walked((await openNpy(repeated(npyHeader(true)))).tensor);
    expect(sum).toBe(sumOfPart * parts);
    expect(grown).toBeLessThan(160 * megabyte);
  });
});

describe('what a file merely claims', () => {
  it('takes no memory: a deflated array of a gigabyte of zeros fails at its first damaged byte', async () => {
    // 1 MB that says it comes to 1 GB, and comes to half a megabyte.
    const claimed = 2 ** 30;
    const header = npyWith(`{'descr': '|u1', 'fortran_order': False, 'shape': (${claimed},), }\n`, new Uint8Array(0));
    const body = new Uint8Array(2 ** 19);
    const deflated = new Uint8Array([
      ...deflateRawSync(new Uint8Array([...header, ...body])),
      ...new Uint8Array(megabyte + 65_536),
    ]);
    const archive = zip([['x.npy', header, { deflated, size: header.length + claimed }]]);
    const tensor = tensorOf(await openNpz(archive), 'x');
    const before = process.memoryUsage().arrayBuffers;
    await expect(tensor.read()).rejects.toThrow(`must be of ${header.length + claimed} bytes, got`);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * megabyte);
  });
});

describe('files beyond 4 GiB', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dark-knowledge-files-'));
  const path = join(folder, 'large.npy');
  const rowsOfLarge = 5 * 2 ** 30;
  beforeAll(async () => {
    const header = npyWith(
      `{'descr': '|u1', 'fortran_order': False, 'shape': (${rowsOfLarge},), }\n`,
      new Uint8Array(0),
    );
    const file = await open(path, 'w');
    await file.write(header);
    // The rest is a hole, which takes no room on the disk.
    await file.truncate(header.length + rowsOfLarge);
    await file.write(Uint8Array.of(1, 2, 3), 0, 3, header.length + rowsOfLarge - 3);
    await file.close();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are read from a file handle at any row', async () => {
    const file = await open(path);
    const { tensor } = await openNpy(file);
    expect((await tensor.rows(rowsOfLarge - 4, rowsOfLarge)).data).toEqual(Uint8Array.of(0, 1, 2, 3));
    await file.close();
  });

  it('come right from openAsBlob, or are refused with the way around', async () => {
    const source: Source = await openAsBlob(path);
    if (source.size > rowsOfLarge) {
      const { tensor } = await openNpy(source);
      expect((await tensor.rows(rowsOfLarge - 4, rowsOfLarge)).data).toEqual(Uint8Array.of(0, 1, 2, 3));
    } else
      await expect(openNpy(source)).rejects.toThrow(
        /got \d+\. The file is truncated, or it is a Blob of openAsBlob beyond 4 GiB/,
      );
  });
});
