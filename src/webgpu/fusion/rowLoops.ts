/** The loops of a lane over the elements of its walk. */
import type { Accumulator } from './sums.ts';

/**
 * Elements that a lane loads before it computes with them: enough are on their way that memory is not waited for. One, where
 * computing takes so long that nobody waits anyway, and where four copies take a driver longer to compile than many steps.
 */
const ahead = 4;
const longestBody = 100;

/** Statements for the elements at some places of a walk. */
export type Body = (places: readonly string[]) => readonly string[];

/** One element after the other; few enough that sums need no blocks. */
export function sparseLoop(body: Body): readonly string[] {
  return ['for (var at = first; at < length; at += step) {', ...body(['at']), '}'];
}

/** About how many instructions statements come to: the functions that they call are put in their place. */
function costOf(lines: readonly string[]): number {
  const calls = lines.join().match(/exponential|powerOfTwo|fallingExponential|logarithm/g) ?? [];
  return lines.length + 15 * calls.length;
}

/**
 * Blocks of a few elements, and the rest one by one. Every other walk goes backwards: it begins where the last one ended,
 * in what the cache still holds.
 */
export function blockLoops(body: Body, accumulators: readonly Accumulator[], isBackwards: boolean): readonly string[] {
  const copies = costOf(body(['at'])) > longestBody ? 1 : ahead;
  const places = Array.from({ length: copies }, (_, at) => `at${at}`);
  const settle = accumulators.flatMap((own) => own.settle);
  const between = 16 / copies - 1;
  const blocks = [
    'for (var done = 0u; done < blocks; done++) {',
    `let at0 = first + ${isBackwards ? '(blocks - 1u - done)' : 'done'} * ${copies}u * step;`,
    ...places.slice(1).map((place, at) => `let ${place} = ${places[at]} + step;`),
    ...body(places),
    ...(settle.length > 0 ? [`if ((done & ${between}u) == ${between}u) {`, ...settle, '}'] : []),
    '}',
  ];
  const rest = [`for (var at = first + blocks * ${copies}u * step; at < length; at += step) {`, ...body(['at']), '}'];
  const both = copies === 1 ? blocks : isBackwards ? [...rest, ...blocks] : [...blocks, ...rest];
  return [
    '{',
    `let blocks = select((length - first + step - 1u) / step, 0u, first >= length) / ${copies}u;`,
    ...both,
    '}',
  ];
}
