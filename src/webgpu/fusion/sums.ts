/**
 * Reductions in a walk: what each lane keeps while it walks, and how the lanes' numbers become one. Sums are of blocks of
 * sixteen, then of those, so that long ones keep their digits.
 */
import type { Softmax } from '../../fusion/online.ts';
import type { Value } from '../../fusion/values.ts';
import type { LaneJoins } from './lanes.ts';
import type { Shader, Statements } from './shader.ts';

/** A number of a reduction, and its name. */
export type Reduced = readonly [value: Value, name: string];

/** A reduction, or both of a softmax, while they are walked. */
export interface Accumulator {
  /** The full value whose elements it takes. */
  readonly of: Value;
  /** Before the walk. */
  readonly begin: readonly string[];
  /** In the walk: takes elements by their names. */
  take(elements: readonly string[]): readonly string[];
  /** After some sixteen elements. */
  readonly settle: readonly string[];
  /** What a lane has for the lanes' maximum; no NaN. */
  readonly maxima: readonly string[];
  /** What it has for the lanes' sum, once the maxima are joined. */
  sums(maxima: readonly string[]): readonly string[];
  /** What the reductions come to. */
  results(maxima: readonly string[], sums: readonly string[], code: Statements): readonly Reduced[];
}

function pairwise(join: (a: string, b: string) => string, [first, second, ...rest]: readonly string[]): string {
  if (second === undefined) return first!;
  const pair = join(first!, second);
  return rest.length === 0 ? pair : join(pair, pairwise(join, rest));
}
const add = (a: string, b: string): string => `(${a} + ${b})`;
const larger = (a: string, b: string): string => `max(${a}, ${b})`;

/** Makes the accumulator of a reduction. */
export function accumulate(value: Value, shader: Shader): Accumulator {
  return value.operation === 'sum' || value.operation === 'columnSum' ? sumOf(value, shader) : maximumOf(value, shader);
}

function sumOf(value: Value, { fresh }: Shader): Accumulator {
  const [total, recent] = [fresh(), fresh()];
  return {
    of: value.operands[0]!,
    begin: [`var ${total} = 0.0;`, `var ${recent} = 0.0;`],
    take: (elements) => [`${recent} += ${pairwise(add, elements)};`],
    settle: [`${total} += ${recent};`, `${recent} = 0.0;`],
    maxima: [],
    sums: () => [`${total} + ${recent}`],
    results: (_, [sum]) => [[value, sum!]],
  };
}

/** Watches out for NaN, by its bits: WGSL's `max` may pass over it. */
function nanWatch({ fresh }: Shader) {
  const bits = fresh();
  const bitsOf = (x: string): string => `(bitcast<u32>(${x}) & 0x7fffffffu)`;
  return {
    begin: [`var ${bits} = 0u;`],
    take: (elements: readonly string[]) => [`${bits} = ${pairwise(larger, [bits, ...elements.map(bitsOf)])};`],
    /** 1 where there was one. */
    found: [`select(0.0, 1.0, ${bits} > 0x7f800000u)`],
    orNan: (number: string, found: string): string => `select(${number}, notANumber(), ${found} > 0.0)`,
  };
}

/** Of `quietMax` nobody asks whether there was a NaN. */
function nobody(): ReturnType<typeof nanWatch> {
  return { begin: [], take: () => [], found: [], orNan: (number) => number };
}

function maximumOf(value: Value, shader: Shader): Accumulator {
  const most = shader.fresh();
  const watch = value.operation === 'quietMax' ? nobody() : nanWatch(shader);
  return {
    of: value.operands[0]!,
    begin: [`var ${most} = -infinity();`, ...watch.begin],
    take: (elements) => [`${most} = ${pairwise(larger, [most, ...elements])};`, ...watch.take(elements)],
    settle: [],
    maxima: [`select(${most}, 0.0, isNan(${most}))`, ...watch.found],
    sums: () => [],
    results: ([largest, found], _, code) => [[value, code.bind(watch.orNan(largest!, found!))]],
  };
}

/** The maximum and the sum of a softmax in one walk: a larger logit brings the sum so far to the new maximum. */
export function accumulateSoftmax(
  { most, total, logits }: Softmax,
  factor: string | undefined,
  shader: Shader,
): Accumulator {
  const [largest, sum, recent] = [shader.fresh(), shader.fresh(), shader.fresh()];
  const watch = most.operation === 'quietMax' ? nobody() : nanWatch(shader);
  const isPower = total.operands[0]!.operation === 'power';
  const exponential = (difference: string): string =>
    shader.call(
      isPower ? 'powerOfTwo' : 'fallingExponential',
      factor === undefined ? difference : `(${difference}) * ${factor}`,
    );
  return {
    of: logits,
    begin: [`var ${largest} = -3.4028234e38;`, `var ${sum} = 0.0;`, `var ${recent} = 0.0;`, ...watch.begin],
    take(elements) {
      const [high, shrink] = [shader.fresh(), shader.fresh()];
      const exponentials = elements.map((x) => exponential(`${x} - ${largest}`));
      return [
        `let ${high} = ${pairwise(larger, elements)};`,
        `if (${high} > ${largest}) {`,
        `let ${shrink} = ${exponential(`${largest} - ${high}`)};`,
        `${sum} *= ${shrink};`,
        `${recent} *= ${shrink};`,
        `${largest} = ${high};`,
        '}',
        `${recent} += ${pairwise(add, exponentials)};`,
        ...watch.take(elements),
      ];
    },
    settle: [`${sum} += ${recent};`, `${recent} = 0.0;`],
    maxima: [largest, ...watch.found],
    sums: ([high]) => [`(${sum} + ${recent}) * ${exponential(`${largest} - ${high}`)}`],
    results([high, found], [whole], code) {
      // Where every logit is −Infinity nothing was above the lowest number, and no difference is a number.
      const isEmpty = code.bind(`isZero(${whole})`);
      return [
        [most, code.bind(watch.orNan(`select(${high}, -infinity(), ${isEmpty})`, found!))],
        [total, code.bind(`select(${whole}, notANumber(), ${isEmpty})`)],
      ];
    },
  };
}

/** Joins what lanes have of several reductions, and names the results; without joins a lane is alone. */
export function joinAll(
  accumulators: readonly Accumulator[],
  joins: LaneJoins | undefined,
  code: Statements,
): readonly Reduced[] {
  const joinEach = (how: 'max' | 'sum', names: readonly (readonly string[])[]): readonly (readonly string[])[] => {
    const all = names.flat();
    const joined = joins ? joins.join(how, all, code) : all.map(code.bind);
    let next = 0;
    return names.map(({ length }) => {
      next += length;
      return joined.slice(next - length, next);
    });
  };
  const maxima = joinEach(
    'max',
    accumulators.map((own) => own.maxima),
  );
  const sums = joinEach(
    'sum',
    accumulators.map((own, at) => own.sums(maxima[at]!)),
  );
  return accumulators.flatMap((own, at) => own.results(maxima[at]!, sums[at]!, code));
}
