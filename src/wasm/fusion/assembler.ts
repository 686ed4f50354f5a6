/** Just enough of a WebAssembly assembler: one module, its functions, their locals, SIMD instructions. */

const typeCodes = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const;

/** A type of locals, parameters and results. */
export type LocalType = keyof typeof typeCodes;

const plain = {
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  if: [0x04, 0x40],
  else: [0x05],
  end: [0x0b],
  select: [0x1b],
  'i32.eqz': [0x45],
  'i32.lt_u': [0x49],
  'i32.gt_u': [0x4b],
  'i32.le_u': [0x4d],
  'i32.ge_u': [0x4f],
  'i32.add': [0x6a],
  'i32.sub': [0x6b],
  'i32.mul': [0x6c],
  'i32.and': [0x71],
  'i32.or': [0x72],
  'i32.shl': [0x74],
  'i32.shr_u': [0x76],
  'f64.add': [0xa0],
  'f64.max': [0xa5],
  'memory.fill': [0xfc, 0x0b, 0],
} as const;

const simd = {
  'i32x4.splat': 0x11,
  'f64x2.splat': 0x14,
  'i32x4.eq': 0x37,
  'i32x4.lt_s': 0x39,
  'i32x4.ge_s': 0x3f,
  'f32x4.eq': 0x41,
  'f32x4.ne': 0x42,
  'f32x4.lt': 0x43,
  'f32x4.gt': 0x44,
  'f32x4.ge': 0x46,
  'f64x2.lt': 0x49,
  'f64x2.le': 0x4b,
  'v128.not': 0x4d,
  'v128.and': 0x4e,
  'v128.andnot': 0x4f,
  'v128.or': 0x50,
  'v128.bitselect': 0x52,
  'v128.any_true': 0x53,
  'f32x4.demote_f64x2_zero': 0x5e,
  'f64x2.promote_low_f32x4': 0x5f,
  'f32x4.trunc': 0x69,
  'i32x4.shl': 0xab,
  'i32x4.shr_s': 0xac,
  'i32x4.add': 0xae,
  'i32x4.sub': 0xb1,
  'i64x2.shr_s': 0xcc,
  'i64x2.add': 0xce,
  'i64x2.sub': 0xd1,
  'f32x4.abs': 0xe0,
  'f32x4.sqrt': 0xe3,
  'f32x4.add': 0xe4,
  'f32x4.sub': 0xe5,
  'f32x4.mul': 0xe6,
  'f32x4.div': 0xe7,
  'f32x4.max': 0xe9,
  'f32x4.pmin': 0xea,
  'f32x4.pmax': 0xeb,
  'f64x2.abs': 0xec,
  'f64x2.sqrt': 0xef,
  'f64x2.add': 0xf0,
  'f64x2.sub': 0xf1,
  'f64x2.mul': 0xf2,
  'f64x2.div': 0xf3,
  'f64x2.max': 0xf5,
  'i32x4.trunc_sat_f32x4_s': 0xf8,
  'f32x4.convert_i32x4_s': 0xfa,
  'f32x4.relaxed_madd': 0x105,
} as const;

/** Instructions with an address on the stack: opcode. Lanes of vectors name the lane too. */
const access = {
  'i32.load': [0x28],
  'f64.load': [0x2b],
  'f64.store': [0x39],
  'v128.load': [0xfd, 0x00],
  'v128.load32_splat': [0xfd, 0x09],
  'v128.load64_splat': [0xfd, 0x0a],
  'v128.store': [0xfd, 0x0b],
  'v128.load32_lane': [0xfd, 0x56],
  'v128.store32_lane': [0xfd, 0x5a],
  'v128.store64_lane': [0xfd, 0x5b],
} as const;

/** An instruction without immediate arguments. */
export type Instruction = keyof typeof plain | keyof typeof simd;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 128 : low);
  } while (rest > 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 127;
    rest >>= 7;
    const done = (rest === 0 && (low & 64) === 0) || (rest === -1 && (low & 64) !== 0);
    bytes.push(done ? low : low | 128);
    if (done) return bytes;
  }
}

const bytesOf = (numbers: Float64Array | Int32Array): Uint8Array => new Uint8Array(numbers.buffer);

/** The locals of one function, shared by the pieces of its code; parameters are the first ones. */
export interface Locals {
  readonly parameters: readonly LocalType[];
  readonly types: LocalType[];
}

/** Adds a local. */
export function addLocal({ parameters, types }: Locals, type: LocalType): number {
  return parameters.length + types.push(type) - 1;
}

/** A piece of code. Pieces of one function are put together in any order. */
export interface Code {
  readonly bytes: number[];
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
  const bytes: number[] = [];
  const put = (...more: readonly number[]): Code => {
    for (const byte of more) bytes.push(byte);
    return code;
  };
  const code: Code = {
    bytes,
    op(...names) {
      for (const name of names) {
        if (name in plain) put(...plain[name as keyof typeof plain]);
        else put(0xfd, ...unsigned(simd[name as keyof typeof simd]));
      }
      return code;
    },
    memory(name, offset = 0, lane) {
      // Alignment 2⁰: tensors are, rows need not be.
      put(...access[name], 0, ...unsigned(offset));
      return lane === undefined ? code : put(lane);
    },
    int: (value) => put(0x41, ...signed(value)),
    double: (value) => put(0x44, ...bytesOf(Float64Array.of(value))),
    ints: (...lanes) => put(0xfd, 0x0c, ...bytesOf(Int32Array.from(lanes))),
    doubles: (first, second = first) => put(0xfd, 0x0c, ...bytesOf(Float64Array.of(first, second))),
    shuffle: (...lanes) => put(0xfd, 0x0d, ...lanes.flatMap((word) => [0, 1, 2, 3].map((byte) => word * 4 + byte))),
    lane: (kind, index) => put(0xfd, kind === 'f64x2' ? 0x21 : 0x1b, index),
    get: (local) => put(0x20, ...unsigned(local)),
    set: (local) => put(0x21, ...unsigned(local)),
    tee: (local) => put(0x22, ...unsigned(local)),
    branch: (depth) => put(0x0c, ...unsigned(depth)),
    branchIf: (depth) => put(0x0d, ...unsigned(depth)),
    append(other) {
      for (const byte of other.bytes) bytes.push(byte);
      return code;
    },
  };
  return code;
}

/** A function of a module, under the name that it is exported by. It returns nothing. */
export interface FunctionCode {
  readonly name: string;
  readonly locals: Locals;
  readonly code: Code;
}

/** A module that imports `env.memory` and exports its functions. */
export function assemble(functions: readonly FunctionCode[], shared: boolean): Uint8Array<ArrayBuffer> {
  const section = (id: number, body: readonly number[]): number[] => [id, ...unsigned(body.length), ...body];
  const list = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
  const name = (text: string): number[] => [text.length, ...[...text].map((letter) => letter.charCodeAt(0))];
  const types = functions.map(({ locals }) => [0x60, ...list(locals.parameters.map((own) => [typeCodes[own]])), 0]);
  const bodies = functions.map(({ locals, code }) => {
    const declared = list(locals.types.map((own) => [1, typeCodes[own]]));
    return [...unsigned(declared.length + code.bytes.length + 1), ...declared, ...code.bytes, 0x0b];
  });
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(2, list([[...name('env'), ...name('memory'), 2, shared ? 3 : 1, 0, ...unsigned(65536)]])),
    ...section(3, list(functions.map((_, index) => unsigned(index)))),
    ...section(7, list(functions.map(({ name: own }, index) => [...name(own), 0, ...unsigned(index)]))),
    ...section(10, list(bodies)),
  ]);
}
