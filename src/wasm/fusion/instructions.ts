/** The instructions of WebAssembly that generated code needs, and their opcodes. */

/** Codes of the types of values. */
export const typeCodes = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const;

/** A type of locals, parameters and results. */
export type LocalType = keyof typeof typeCodes;

/** Instructions of one opcode, with what follows it. */
export const plain = {
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
  'i32.rem_u': [0x70],
  'i32.and': [0x71],
  'i32.or': [0x72],
  'i32.shl': [0x74],
  'i32.shr_u': [0x76],
  'f64.add': [0xa0],
  'f64.max': [0xa5],
  'memory.fill': [0xfc, 0x0b, 0],
} as const;

/** Instructions on vectors, after their prefix. */
export const simd = {
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
export const access = {
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

/** Instructions that a local follows. */
export const ofLocals = { get: 0x20, set: 0x21, tee: 0x22 } as const;
