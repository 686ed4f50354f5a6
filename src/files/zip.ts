/**
 * The directory of a ZIP archive, as far as `.npz` needs it: stored and deflated members, ZIP64. What readers of ZIP
 * could understand differently (double names, members that overlap, a second directory) is refused.
 *
 * @see APPNOTE.TXT, .ZIP file format specification 6.3.10, sections 4.3 and 4.5.3
 */
import { checksum } from './checksum.ts';
import { damaged, type Place, quote, unsupported } from './fault.ts';
import { deflatedMember, storedMember } from './member.ts';
import { type Bytes, readHeader, truncationHint } from './source.ts';

/** A member by its entry in the directory. */
export interface Member {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  /** The byte of its local header, and of the next thing in the archive after its data. */
  readonly start: number;
  readonly end: number;
}

interface Directory {
  readonly start: number;
  readonly end: number;
  readonly entries: number;
}

const signatures = { local: 0x04034b50, entry: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator: 0x07064b50 };
/** A directory of a million members; more is no archive of arrays. */
const largestDirectory = 2 ** 26;
/** Deflate's shortest code: 258 bytes for 2 bits. */
const largestRatio = 1032;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const long = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

/** The members of an archive, in the order in which their data lie. */
export async function zipMembers(archive: Bytes, place: Place): Promise<readonly Member[]> {
  const directory = await findDirectory(archive, place);
  const length = directory.end - directory.start;
  if (!(length >= 0 && length <= largestDirectory)) {
    throw damaged(place, 'the directory', directory.start, `0 to ${largestDirectory} bytes long`, length);
  }
  const bytes = await readHeader(archive, place, 'the directory', directory.start, length);
  const members: Omit<Member, 'end'>[] = [];
  const names = new Set<string>();
  let at = 0;
  while (at < length) {
    const { member, length: entryLength } = entryAt(bytes, at, directory.start, place);
    if (names.has(member.name)) {
      throw damaged(place, 'the name', directory.start + at + 46, 'the only one of its kind', quote(member.name));
    }
    names.add(member.name);
    members.push(member);
    at += entryLength;
  }
  if (members.length !== directory.entries) {
    throw damaged(place, 'the directory', directory.start, `of ${directory.entries} entries`, members.length);
  }
  members.sort((a, b) => a.start - b.start);
  return members.map((member, index) => ({ ...member, end: members[index + 1]?.start ?? directory.start }));
}

async function findDirectory(archive: Bytes, place: Place): Promise<Directory> {
  const length = Math.min(archive.size, 22 + 0xffff);
  const tailStart = archive.size - length;
  const tail = viewOf(await archive.read(place, tailStart, length));
  let at = length - 22;
  // The end record stands before a comment of a stated length, which ends the file.
  while (
    at >= 0 &&
    (tail.getUint32(at, true) !== signatures.end || tail.getUint16(at + 20, true) !== length - at - 22)
  ) {
    at--;
  }
  if (at < 0) {
    throw damaged(place, 'the end of the archive', tailStart, 'its end record', 'none', truncationHint);
  }
  const end = tailStart + at;
  const locatorStart = end - 20;
  if (locatorStart >= 0) {
    const locator = viewOf(await archive.read(place, locatorStart, 20));
    if (locator.getUint32(0, true) === signatures.locator) {
      return findDirectory64(archive, place, long(locator, 8), locatorStart);
    }
  }
  const entries = tail.getUint16(at + 10, true);
  const start = tail.getUint32(at + 16, true);
  const directoryEnd = start + tail.getUint32(at + 12, true);
  if (directoryEnd !== end || tail.getUint16(at + 8, true) !== entries) {
    throw damaged(place, 'the end record', end, `the end of the one directory, at byte ${end}`, directoryEnd);
  }
  return { start, end, entries };
}

async function findDirectory64(archive: Bytes, place: Place, end: number, locatorStart: number): Promise<Directory> {
  const record = viewOf(await readHeader(archive, place, 'the ZIP64 end record', end, 56));
  const entries = long(record, 32);
  const start = long(record, 48);
  const directoryEnd = start + long(record, 40);
  const sound =
    record.getUint32(0, true) === signatures.end64 &&
    end + 12 + long(record, 4) === locatorStart &&
    directoryEnd === end &&
    long(record, 24) === entries;
  if (!sound) {
    throw damaged(place, 'the ZIP64 end record', end, `the end of the one directory, at byte ${end}`, directoryEnd);
  }
  return { start, end, entries };
}

function entryAt(
  bytes: Uint8Array,
  at: number,
  start: number,
  place: Place,
): { readonly member: Omit<Member, 'end'>; readonly length: number } {
  const view = viewOf(bytes);
  const fixed = at + 46 <= bytes.length && view.getUint32(at, true) === signatures.entry;
  const nameLength = fixed ? view.getUint16(at + 28, true) : 0;
  const extraLength = fixed ? view.getUint16(at + 30, true) : 0;
  const length = 46 + nameLength + extraLength + (fixed ? view.getUint16(at + 32, true) : 0);
  if (!fixed || at + length > bytes.length) {
    throw damaged(place, 'the directory', start + at, 'a whole entry', 'another');
  }
  const name = nameFrom(bytes.subarray(at + 46, at + 46 + nameLength), place, start + at + 46);
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  if (flags & 1 || (method !== 0 && method !== 8)) {
    const got = flags & 1 ? 'encrypted' : `method ${method}`;
    throw unsupported(place, `the member ${quote(name)}`, start + at + 8, 'stored or deflated', got);
  }
  const fields = wideFields(view, at, at + 46 + nameLength, extraLength);
  const { size, compressedSize } = fields;
  const possible = method === 0 ? size === compressedSize : size <= largestRatio * (compressedSize + 1);
  if (!possible) {
    const subject = `the size of member ${quote(name)}`;
    throw damaged(place, subject, start + at + 24, `one that ${compressedSize} bytes can unpack to`, size);
  }
  return { member: { name, method, crc: view.getUint32(at + 16, true), ...fields }, length };
}

/** Sizes and position of an entry: each that 32 bits do not hold stands in the ZIP64 extra field, in this order. */
function wideFields(
  view: DataView,
  at: number,
  extraStart: number,
  extraLength: number,
): Pick<Member, 'size' | 'compressedSize' | 'start'> {
  let next = extraStart;
  const extraEnd = extraStart + extraLength;
  while (next + 4 <= extraEnd && view.getUint16(next, true) !== 1) next += 4 + view.getUint16(next + 2, true);
  const fieldEnd = next + 4 <= extraEnd ? Math.min(extraEnd, next + 4 + view.getUint16(next + 2, true)) : 0;
  next += 4;
  const wide = (offset: number): number => {
    const narrow = view.getUint32(at + offset, true);
    if (narrow !== 0xffffffff || next + 8 > fieldEnd) return narrow;
    next += 8;
    return long(view, next - 8);
  };
  return { size: wide(24), compressedSize: wide(20), start: wide(42) };
}

function nameFrom(bytes: Uint8Array, place: Place, at: number): string {
  try {
    const name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!name.includes('\0')) return name;
  } catch {
    // Not UTF-8: refused below.
  }
  throw damaged(place, 'the name of a member', at, 'UTF-8 without a zero byte', quote(new TextDecoder().decode(bytes)));
}

/** The bytes of a member, once its local header says what the directory says. */
export async function memberBytes(archive: Bytes, place: Place, member: Member): Promise<Bytes> {
  const { name, start, end, method, crc, size, compressedSize } = member;
  const subject = `the local header of member ${quote(name)}`;
  const header = viewOf(await readHeader(archive, place, subject, start, 30));
  const nameLength = header.getUint16(26, true);
  const dataStart = start + 30 + nameLength + header.getUint16(28, true);
  const dataEnd = dataStart + compressedSize;
  if (header.getUint32(0, true) !== signatures.local || header.getUint16(8, true) !== method) {
    throw damaged(place, subject, start, 'that of its entry in the directory', 'another');
  }
  if (!(dataEnd <= end)) {
    throw damaged(place, `the data of member ${quote(name)}`, dataStart, `at their end by byte ${end}`, dataEnd);
  }
  const localName = nameFrom(await readHeader(archive, place, subject, start + 30, nameLength), place, start + 30);
  if (localName !== name) throw damaged(place, subject, start + 30, `named ${quote(name)}`, quote(localName));
  const data = { archive, start: dataStart, compressedSize, size, check: checksum(size, crc) };
  return method === 0 ? storedMember(data) : deflatedMember(data);
}
