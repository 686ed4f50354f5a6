/** `.safetensors`: a JSON header, then the tensors' bytes, little-endian and row-major, without holes. */
import { damaged, type Place, type Refuse, refuseIn } from './fault.ts';
import { type FileTensor, fileTensor } from './fileTensor.ts';
import { readable, safetensorsKind } from './kinds.ts';
import { bytesOfShape, describeLiteral, fieldsOf, type Literal, parseLiteral, shapeFrom } from './literal.ts';
import { type Bytes, bytesOf, readHeader, type Source, truncationHint } from './source.ts';
import { fileName, type OpenOptions, recordOf, type TensorFile } from './tensorFile.ts';

/** The limit of the format's own reader. */
const longestHeader = 100_000_000;

interface Entry {
  readonly name: string;
  readonly node: Literal;
  readonly begin: number;
  readonly end: number;
}

/**
 * Opens a `.safetensors` file: reads its header, and nothing of its data.
 *
 * As the format asks, every byte must belong to exactly one tensor, and every name stand once.
 *
 * @param source A `Blob` or `File` (Node: `openAsBlob` of `node:fs`), bytes, or an open file handle of Node.
 * @throws RangeError for a file that is damaged, or of another format; it names file, tensor and byte.
 * @example
 * const { tensors, metadata } = await openSafetensors(await openAsBlob('features.safetensors'));
 * for (const { name, kind, shape } of Object.values(tensors)) console.log(name, kind, shape);
 * @see https://huggingface.co/docs/safetensors
 */
export async function openSafetensors(source: Source, options: OpenOptions = {}): Promise<TensorFile> {
  const name = fileName('openSafetensors', source, options);
  const bytes = await bytesOf('openSafetensors', source, name);
  const place: Place = { where: 'openSafetensors', file: name };
  const lengthBytes = new DataView((await readHeader(bytes, place, "the header's length", 0, 8)).buffer);
  const length = Number(lengthBytes.getBigUint64(0, true));
  if (length > longestHeader) throw damaged(place, "the header's length", 0, `at most ${longestHeader}`, length);
  const header = parseLiteral(await readHeader(bytes, place, 'the header', 8, length), 'json', refuseIn(place, 8));
  if (header.type !== 'record') throw damaged(place, 'the header', 8, 'a JSON object', describeLiteral(header));

  const start = 8 + length;
  const tensors: [string, FileTensor][] = [];
  const entries: Entry[] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const [key, node] of header.fields) {
    if (key === '__metadata__') metadata = metadataFrom(node, refuseIn(place, 8));
    else {
      const { entry, tensor } = tensorFrom(node, bytes, start, { ...place, tensor: key });
      entries.push(entry);
      tensors.push([key, tensor]);
    }
  }
  checkCovered(entries, start, bytes.size - start, place);
  return { name, format: 'safetensors', tensors: recordOf(tensors), metadata };
}

function metadataFrom(node: Literal, refuse: Refuse): Readonly<Record<string, string>> {
  if (node.type !== 'record') throw refuse('__metadata__', node.at, 'a record of strings', describeLiteral(node));
  return recordOf(
    [...node.fields].map(([key, value]) => {
      if (value.type === 'string') return [key, value.text];
      throw refuse('__metadata__', value.at, 'a record of strings', describeLiteral(value));
    }),
  );
}

function tensorFrom(
  node: Literal,
  bytes: Bytes,
  dataStart: number,
  place: Place & { readonly tensor: string },
): { readonly entry: Entry; readonly tensor: FileTensor } {
  const refuse = refuseIn(place, 8);
  const {
    dtype,
    shape: extents,
    data_offsets,
  } = fieldsOf(node, 'the entry', ['dtype', 'shape', 'data_offsets'], refuse);
  if (dtype.type !== 'string') throw refuse('the kind (dtype)', dtype.at, 'a string', describeLiteral(dtype));
  const kind = safetensorsKind(dtype.text);
  const shape = shapeFrom(extents, refuse);
  const [begin, end, more] = shapeFrom(data_offsets, refuse);
  if (begin === undefined || end === undefined || more !== undefined || end < begin) {
    throw refuse('data_offsets', data_offsets.at, 'a start and an end not before it', 'others');
  }
  const elementSize = readable(kind)?.size;
  const size = bytesOfShape(shape, elementSize ?? 1, extents.at, refuse);
  if (elementSize !== undefined && end - begin !== size) {
    throw refuse('data_offsets', data_offsets.at, `${size} bytes apart by shape and kind`, end - begin);
  }
  const tensor = fileTensor({
    file: place.file,
    name: place.tensor,
    kind,
    kindAt: 8 + dtype.at,
    shape,
    bytes,
    start: dataStart + begin,
    columnMajor: false,
    bigEndian: false,
  });
  return { entry: { name: place.tensor, node: data_offsets, begin, end }, tensor };
}

/** Tensors lie one behind the other, from the header's end to the file's: none overlaps, and nothing hides between. */
function checkCovered(entries: Entry[], start: number, size: number, place: Place): void {
  let covered = 0;
  for (const { name, node, begin, end } of entries.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const at = { ...place, tensor: name };
    if (begin !== covered) {
      throw damaged(at, 'data_offsets', 8 + node.at, `from ${covered} on, without gap or overlap`, begin);
    }
    if (end > size) throw damaged(at, 'data_offsets', 8 + node.at, `within ${size} bytes of data`, end, truncationHint);
    covered = end;
  }
  if (covered !== size) throw damaged(place, 'the data', start, `${covered} bytes long by its header`, size);
}
