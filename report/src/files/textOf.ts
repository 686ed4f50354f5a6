/** The bytes of a text file, unpacked where its name ends in `.gz`. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

/** A stream of the text's bytes; an error of the file is an error of the stream. */
export function textOf(path: string): Readable {
  const file = createReadStream(path, { highWaterMark: 2 ** 18 });
  if (!/\.gz$/i.test(path)) return file;
  const unpacked = createGunzip();
  file.on('error', (error) => unpacked.destroy(error));
  unpacked.on('close', () => file.destroy());
  return file.pipe(unpacked);
}
