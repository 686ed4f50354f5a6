/** Numbers in a phase's code: where single numbers come from, and those of rows. */
import type { Plan } from '../../fusion/plan.ts';
import type { Phase } from '../../fusion/stages.ts';
import { isReduction, type Value } from '../../fusion/values.ts';
import type { Arithmetic } from './arithmetic.ts';
import type { Code } from './assembler.ts';
import type { BlockLayout } from './block.ts';
import { makeElements, type PhaseNumbers } from './emitElements.ts';
import { addLocal, type Locals } from './locals.ts';
import { makeNumbers, type NumberRegisters, type NumberSource, type Numbers } from './numbers.ts';
import type { RowCode, Walk } from './walk.ts';

/** The local of a function's first parameter, the block. */
const block = 0;

/**
 * Numbers that are float32 for everybody: those of rows, as on the eager backend (a sum of probabilities that is 1 there is 1,
 * and formulas ask whether something is left), and single ones that rows and elements see.
 */
export function roundedNumbers({ values }: Plan): ReadonlySet<Value> {
  const rounded = new Set<Value>();
  for (const value of values) {
    if (value.form === 'row') rounded.add(value);
    if (value.form !== 'row' && value.form !== 'full') continue;
    for (const operand of value.operands) if (operand.form === 'single') rounded.add(operand);
  }
  return rounded;
}

/** What single numbers are made of. */
export interface SingleContext {
  readonly locals: Locals;
  readonly rounded: ReadonlySet<Value>;
  readonly arithmetic: Arithmetic;
  readonly layout: BlockLayout;
  /** The plan's reductions to single numbers, as the block holds them. */
  readonly reductions: readonly Value[];
  pointerTo(value: Value): number;
}

/** Single numbers, computed in code that runs once. */
export function singleNumbers(context: SingleContext, code: Code): Numbers {
  const { locals, rounded, arithmetic, layout, reductions, pointerTo } = context;
  function load(value: Value): NumberRegisters | undefined {
    const made = addLocal(locals, 'v128');
    if (value.operation === 'constant') {
      if (value.number !== undefined) code.double(value.number).op('f64x2.splat').set(made);
      else
        code
          .get(block)
          .memory('v128.load64_splat', layout.parameters + value.slot * 8)
          .set(made);
      return { doubles: [made] };
    }
    if (value.form !== 'single') {
      code.get(pointerTo(value)).memory('v128.load32_splat').set(made);
      return { single: made };
    }
    if (!isReduction(value)) return undefined;
    code
      .get(block)
      .memory('v128.load64_splat', layout.reductions + reductions.indexOf(value) * 8)
      .set(made);
    return { doubles: [made] };
  }
  const ownerOf: NumberSource['ownerOf'] = (_operand, _at, _user, own) => own;
  return makeNumbers({ locals, precision: 'float64', rounded, arithmetic, width: 1, load, ownerOf }, code);
}

/** What a phase's code needs of numbers; single ones are computed in `start`. */
export function phaseNumbers(phase: Phase, context: SingleContext, start: Code): PhaseNumbers {
  return {
    locals: context.locals,
    rounded: context.rounded,
    arithmetic: context.arithmetic,
    singles: singleNumbers(context, start),
    isSingle: (operand, access) =>
      operand.operation === 'constant' || operand.form === 'single' || (access === 'single' && phase.isLoaded(operand)),
  };
}

/** The numbers of a row, or of four rows at once, in a piece of code. */
export function rowNumbers(phase: Phase, numbers: PhaseNumbers, walk: Walk, code: Code): RowCode {
  const { locals, rounded, arithmetic, singles, isSingle } = numbers;
  const labels = new Map<number, number>();

  const source: NumberSource = {
    locals,
    precision: 'float32',
    rounded,
    arithmetic,
    width: walk.width,
    ownerOf: (operand, at, user, own) => (isSingle(operand, user.access[at]!) ? singles : own),
    load(value, own) {
      const { operation, operands } = value;
      if (phase.isLoaded(value)) return stored(walk.loadRow(own.code, value));
      const row: RowCode = { code: own.code, numbers: own, labels: own === first ? labels : new Map() };
      const label = (): number => {
        const at = operands.length - 1;
        return source.ownerOf(operands[at]!, at, value, own).single(operands[at]!);
      };
      if (operation === 'inRange') return stored(arithmetic.ones(walk.inRange(row, label())));
      if (operation === 'pick') {
        const place = walk.point(row, label());
        const stage = phase.stageOf(value);
        const [element] = makeElements({ phase, numbers, row, places: [place], stage }, own.code)(operands[0]!);
        return stored(own.code.get(element!).get(place.valid).op('v128.and'));
      }
      if (isReduction(value)) throw new Error('emitNumbers: a reduction must be there before its row needs it.');
      return undefined;
    },
  };
  function stored(made: Code): NumberRegisters {
    const single = addLocal(locals, 'v128');
    made.set(single);
    return { single };
  }
  const first = makeNumbers(source, code);
  return { code, numbers: first, labels };
}
