/** Just enough of a WebAssembly assembler: pieces of a function's code, which is not bytes before its locals have their places. */
import { access, type Instruction, ofLocals, plain, simd } from './instructions.ts';
import { makeSymbols } from './symbols.ts';

const bytesOf = (numbers: Float64Array | Int32Array): Uint8Array => new Uint8Array(numbers.buffer);

/** Symbols of code that are no bytes yet: this much more where a block begins or ends, and a number below 0 for a local. */
export const control = 256;
/** A local's symbol, and a symbol's local. */
export const symbolOf = (local: number): number => -1 - local;

const encodings = new Map<string, readonly number[]>([
  ...Object.entries(plain).map(([name, own]) => {
    const isControl = own[0] >= plain.block[0] && own[0] <= plain.end[0];
    return [name, isControl ? [control + own[0], ...own.slice(1)] : own] as const;
  }),
  ...Object.entries(simd).map(([name, own]) => {
    const encoded = makeSymbols();
    encoded.put(0xfd);
    encoded.putUnsigned(own);
    return [name, [...encoded.view()]] as const;
  }),
]);

/** A piece of code. Pieces of one function are put together in any order. */
export interface Code {
  /** Its bytes, but for blocks and locals; valid until it grows. */
  symbols(): Int32Array;
  op(...names: readonly Instruction[]): Code;
  /** A load or store with the address on the stack; of a lane, where one is given. */
  memory(name: keyof typeof access, offset?: number, lane?: number): Code;
  int(value: number): Code;
  double(value: number): Code;
  /** Four whole numbers. */
  ints(...lanes: readonly [number, number, number, number]): Code;
  /** Two floats, twice over where only one is given. */
  doubles(first: number, second?: number): Code;
  /** Four of the eight 32-bit lanes of two vectors. */
  shuffle(...lanes: readonly [number, number, number, number]): Code;
  lane(kind: 'f64x2' | 'i32x4', index: number): Code;
  get(local: number): Code;
  set(local: number): Code;
  tee(local: number): Code;
  branch(depth: number): Code;
  branchIf(depth: number): Code;
  append(other: Code): Code;
}

/** An empty piece. */
export function makeCode(): Code {
  const { put, putAll, putUnsigned, putSigned, view } = makeSymbols();
  const local = (opcode: number, number: number): Code => {
    put(opcode);
    put(symbolOf(number));
    return code;
  };
  const vector = (bytes: Uint8Array): Code => {
    put(0xfd);
    put(0x0c);
    putAll(bytes);
    return code;
  };
  const branch = (opcode: number, depth: number): Code => {
    put(opcode);
    putUnsigned(depth);
    return code;
  };
  const code: Code = {
    symbols: view,
    op(...names) {
      for (const name of names) putAll(encodings.get(name)!);
      return code;
    },
    memory(name, offset = 0, lane) {
      putAll(access[name]);
      // Alignment 2⁰: tensors are, rows need not be.
      put(0);
      putUnsigned(offset);
      if (lane !== undefined) put(lane);
      return code;
    },
    int(value) {
      put(0x41);
      putSigned(value);
      return code;
    },
    double(value) {
      put(0x44);
      putAll(bytesOf(Float64Array.of(value)));
      return code;
    },
    ints: (...lanes) => vector(bytesOf(Int32Array.from(lanes))),
    doubles: (first, second = first) => vector(bytesOf(Float64Array.of(first, second))),
    shuffle(...lanes) {
      put(0xfd);
      put(0x0d);
      for (const word of lanes) for (let byte = 0; byte < 4; byte++) put(word * 4 + byte);
      return code;
    },
    lane(kind, index) {
      putAll([0xfd, kind === 'f64x2' ? 0x21 : 0x1b, index]);
      return code;
    },
    get: (number) => local(ofLocals.get, number),
    set: (number) => local(ofLocals.set, number),
    tee: (number) => local(ofLocals.tee, number),
    branch: (depth) => branch(0x0c, depth),
    branchIf: (depth) => branch(0x0d, depth),
    append(other) {
      putAll(other.symbols());
      return code;
    },
  };
  return code;
}
