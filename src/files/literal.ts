/**
 * The headers' literals: a Python dictionary in `.npy`, JSON in `.safetensors`. A strict parser of what such headers
 * hold and no more: every node knows its byte, a key may stand once, nesting ends, numbers are whole and exact.
 */
import { quote, type Refuse } from './fault.ts';

/** A parsed value, and the byte of the header at which it starts. */
export type Literal = { readonly at: number } & (
  | { readonly type: 'string'; readonly text: string }
  | { readonly type: 'integer'; readonly value: number }
  | { readonly type: 'word'; readonly word: string }
  | { readonly type: 'list'; readonly items: readonly Literal[] }
  | { readonly type: 'record'; readonly fields: ReadonlyMap<string, Literal> }
);

/** Python's literals have tuples, single quotes and a comma that may trail; the words of both are the caller's to judge. */
export type Dialect = 'python' | 'json';

/** Headers nest three deep, structured types of NumPy a little more. */
const deepest = 32;
/** A parsed value takes many times the memory of its text: half a million tensors are enough. */
const most = 2 ** 22;
const closing: Readonly<Record<string, string>> = { '{': '}', '[': ']', '(': ')' };

/** What a node is, for errors. */
export function describeLiteral(node: Literal): string {
  if (node.type === 'string') return quote(node.text);
  if (node.type === 'integer') return String(node.value);
  return node.type === 'word' ? quote(node.word) : `a ${node.type}`;
}

/** Parses a whole header; only white space may follow the literal. */
export function parseLiteral(bytes: Uint8Array, dialect: Dialect, refuse: Refuse): Literal {
  let next = 0;
  let nodes = 0;
  const peek = (): string => (next < bytes.length ? String.fromCharCode(bytes[next]!) : '');
  const unexpected = (expected: string): RangeError =>
    refuse('the header', next, expected, next < bytes.length ? quote(peek()) : 'its end');

  const skipSpace = (): string => {
    while (next < bytes.length && [0x20, 0x09, 0x0a, 0x0d].includes(bytes[next]!)) next++;
    return peek();
  };
  const take = (pattern: RegExp): string => {
    const start = next;
    while (pattern.test(peek())) next++;
    return new TextDecoder().decode(bytes.subarray(start, next));
  };

  const string = (): string => {
    const start = next;
    const mark = bytes[next++];
    for (; bytes[next] !== mark; next++) {
      if (next >= bytes.length || bytes[next]! < 0x20) throw unexpected('text up to its closing quote');
      if (bytes[next] === 0x5c) next++;
    }
    next++;
    try {
      // Field names of an old .npy may be Latin-1; they are shown, never used.
      const decoder = new TextDecoder('utf-8', { fatal: dialect === 'json', ignoreBOM: true });
      const text = decoder.decode(bytes.subarray(start, next));
      return dialect === 'json' ? JSON.parse(text) : text.slice(1, -1);
    } catch {
      throw refuse('the header', start, 'a string in UTF-8 with known escapes', 'another');
    }
  };

  const integer = (at: number): Literal => {
    const text = take(/[-\d]/);
    const value = Number(text);
    if (!/^(?:0|-?[1-9]\d*)$/.test(text) || !Number.isSafeInteger(value)) {
      throw refuse('the header', at, 'a whole number below 2^53', quote(text));
    }
    // Python 2 wrote long integers with an L.
    if (dialect === 'python' && peek() === 'L') next++;
    return { at, type: 'integer', value };
  };

  /** What stands between brackets, and whether its last comma trails. */
  const separated = (end: string, element: () => void): boolean => {
    next++;
    let trailing = false;
    for (let count = 0; skipSpace() !== end; count++) {
      if (count > 0 && !trailing) throw unexpected(`',' or '${end}'`);
      element();
      trailing = skipSpace() === ',';
      if (trailing) next++;
    }
    if (trailing && dialect === 'json') throw unexpected('an element after the comma');
    next++;
    return trailing;
  };

  const value = (depth: number): Literal => {
    const first = skipSpace();
    const at = next;
    if (depth > deepest) throw unexpected(`nested at most ${deepest} deep`);
    if (++nodes > most) throw unexpected(`at most ${most} values`);
    if (first === '"' || (first === "'" && dialect === 'python')) return { at, type: 'string', text: string() };
    if (/[-\d]/.test(first)) return integer(at);
    if (/[a-zA-Z]/.test(first)) return { at, type: 'word', word: take(/[a-zA-Z]/) };
    if (first === '{') {
      const fields = new Map<string, Literal>();
      separated('}', () => {
        const keyAt = next;
        const key = value(depth + 1);
        if (key.type !== 'string') throw refuse('the header', keyAt, 'a key in quotes', describeLiteral(key));
        if (fields.has(key.text)) throw refuse('the header', keyAt, 'free of double keys', quote(key.text));
        if (skipSpace() !== ':') throw unexpected("':' after its key");
        next++;
        fields.set(key.text, value(depth + 1));
      });
      return { at, type: 'record', fields };
    }
    if (first === '[' || (first === '(' && dialect === 'python')) {
      const items: Literal[] = [];
      const trailing = separated(closing[first]!, () => items.push(value(depth + 1)));
      // Python's (3) is a number, (3,) a tuple.
      return first === '(' && items.length === 1 && !trailing ? items[0]! : { at, type: 'list', items };
    }
    throw unexpected(dialect === 'json' ? 'JSON' : 'a Python literal');
  };

  const parsed = value(0);
  if (skipSpace() !== '') throw unexpected('at its end');
  return parsed;
}

/** The fields of a record: all of `names`, and no other. */
export function fieldsOf<Name extends string>(
  node: Literal,
  subject: string,
  names: readonly Name[],
  refuse: Refuse,
): Readonly<Record<Name, Literal>> {
  if (node.type !== 'record') throw refuse(subject, node.at, 'a record of fields', describeLiteral(node));
  for (const [name, { at }] of node.fields) {
    if (!(names as readonly string[]).includes(name)) {
      throw refuse(subject, at, `a record of ${names.join(', ')}`, quote(name));
    }
  }
  const found = names.map((name) => {
    const field = node.fields.get(name);
    if (field === undefined) throw refuse(subject, node.at, `a record with ${quote(name)}`, 'none');
    return [name, field];
  });
  return Object.fromEntries(found);
}

/** A shape: at most as many axes as NumPy has, each of a whole number of elements. */
export function shapeFrom(node: Literal, refuse: Refuse): number[] {
  if (node.type !== 'list') throw refuse('the shape', node.at, 'a list of whole numbers', describeLiteral(node));
  if (node.items.length > 64) throw refuse('the shape', node.at, 'of at most 64 axes', node.items.length);
  return node.items.map((item) => {
    if (item.type === 'integer' && item.value >= 0) return item.value;
    throw refuse('the extent', item.at, 'a whole number of at least 0', describeLiteral(item));
  });
}

/** The bytes that elements of a size and shape take; a product that no number holds exactly is refused. */
export function bytesOfShape(shape: readonly number[], elementSize: number, at: number, refuse: Refuse): number {
  const full = shape.filter((extent) => extent > 0).reduce((size, extent) => size * extent, elementSize);
  if (!Number.isSafeInteger(full)) throw refuse('the shape', at, 'of fewer than 2^53 bytes', full);
  return shape.includes(0) ? 0 : full;
}
