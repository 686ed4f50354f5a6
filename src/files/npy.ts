/** `.npy`: one array of NumPy, format versions 1.0, 2.0 and 3.0. */
import { damaged, type Place, type Refuse, refuseIn } from './fault.ts';
import { type FileTensor, fileTensor } from './fileTensor.ts';
import { numpyKind, readable } from './kinds.ts';
import { bytesOfShape, describeLiteral, fieldsOf, type Literal, parseLiteral, shapeFrom } from './literal.ts';
import { type Bytes, bytesOf, readHeader, type Source, truncationHint } from './source.ts';
import { fileName, type OpenOptions, recordOf, type TensorFile } from './tensorFile.ts';

/** A `.npy` file: its one tensor stands in `tensors` too, under the file's name without `.npy`. */
export interface NpyFile extends TensorFile {
  readonly format: 'npy';
  readonly tensor: FileTensor;
}

/** The first bytes of the format. */
export const npyMagic: readonly number[] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** NumPy's own headers take some hundred bytes; those of structured arrays, which are not read, rarely a thousand. */
const longestHeader = 2 ** 20;

/**
 * Opens a `.npy` file: reads its header, and nothing of its data.
 *
 * @param source A `Blob` or `File` (Node: `openAsBlob` of `node:fs`), bytes, or an open file handle of Node.
 * @throws RangeError for a file that is damaged, or of another format; it names file, tensor and byte.
 * @example
 * const { tensor: labels } = await openNpy(await openAsBlob('labels.npy'), { name: 'labels.npy' });
 * const first = await labels.rows(0, 1000);        // { data: Float64Array, shape: [1000] } of int64
 */
export async function openNpy(source: Source, options: OpenOptions = {}): Promise<NpyFile> {
  const name = fileName('openNpy', source, options);
  const bytes = await bytesOf('openNpy', source, name);
  // As NumPy names what it saves without a name.
  const tensorName = /([^/\\]+)\.npy$/i.exec(name)?.[1] ?? 'arr_0';
  const tensor = await npyTensor(bytes, { where: 'openNpy', file: name, tensor: tensorName }, fileHints);
  return { name, format: 'npy', tensor, tensors: recordOf([[tensorName, tensor]]), metadata: {} };
}

/** What may be the matter with a file whose data are too short or too long. */
const fileHints = { short: truncationHint, long: 'Several arrays in one file? np.savez names them.' };

/** The tensor of bytes in the format: a file of its own, or a member of an archive, which has no use for the hints. */
export async function npyTensor(
  bytes: Bytes,
  place: Place & { readonly tensor: string },
  hints?: { readonly short: string; readonly long: string },
): Promise<FileTensor> {
  const opening = await readHeader(bytes, place, 'the magic string', 0, 8);
  if (npyMagic.some((byte, index) => opening[index] !== byte)) {
    throw damaged(place, 'the magic string', 0, "'\\x93NUMPY'", 'another');
  }
  const [major, minor] = opening.subarray(6);
  if (!(major! >= 1 && major! <= 3 && minor === 0)) {
    throw damaged(place, 'the version', 6, '1.0, 2.0 or 3.0', `${major}.${minor}`);
  }
  const lengthSize = major === 1 ? 2 : 4;
  const lengthBytes = new DataView((await readHeader(bytes, place, "the header's length", 8, lengthSize)).buffer);
  const length = major === 1 ? lengthBytes.getUint16(0, true) : lengthBytes.getUint32(0, true);
  if (length > longestHeader) throw damaged(place, "the header's length", 8, `at most ${longestHeader}`, length);

  const headerStart = 8 + lengthSize;
  const header = await readHeader(bytes, place, 'the header', headerStart, length);
  const refuse = refuseIn(place, headerStart);
  const fields = fieldsOf(
    parseLiteral(header, 'python', refuse),
    'the header',
    ['descr', 'fortran_order', 'shape'],
    refuse,
  );
  const { kind, bigEndian } = kindFrom(fields.descr, refuse);
  const shape = shapeFrom(fields.shape, refuse);
  const start = headerStart + length;
  const elementSize = readable(kind)?.size;
  const size = bytesOfShape(shape, elementSize ?? 1, fields.shape.at, refuse);
  // An array of objects is a pickle: its size is not known before it is read.
  if (elementSize !== undefined && start + size !== bytes.size) {
    const hint = start + size > bytes.size ? hints?.short : hints?.long;
    throw damaged(place, 'the data', start, `${size} bytes long by shape and kind`, bytes.size - start, hint);
  }
  return fileTensor({
    file: place.file,
    name: place.tensor,
    kind,
    kindAt: headerStart + fields.descr.at,
    shape,
    bytes,
    start,
    columnMajor: orderFrom(fields.fortran_order, refuse),
    bigEndian,
  });
}

function kindFrom(descr: Literal, refuse: Refuse): { readonly kind: string; readonly bigEndian: boolean } {
  if (descr.type === 'list') return { kind: 'structured', bigEndian: false };
  const kind = descr.type === 'string' ? numpyKind(descr.text) : undefined;
  if (kind !== undefined) return kind;
  throw refuse('the kind (descr)', descr.at, "one of NumPy's, as '<f4'", describeLiteral(descr));
}

function orderFrom(order: Literal, refuse: Refuse): boolean {
  if (order.type === 'word' && (order.word === 'True' || order.word === 'False')) return order.word === 'True';
  throw refuse('fortran_order', order.at, 'True or False', describeLiteral(order));
}
