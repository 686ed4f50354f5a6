import type { KernelProgram } from '../../webgpu/program.ts';

/**
 * A program with the one output that a program of tfjs has, `result`. Several outputs become parts of it: `name[index]` is
 * `result[uniforms.nameStart + (index)]`, and the last uniforms are the starts, in the order of the outputs.
 */
export function packedOutputs(program: KernelProgram): KernelProgram {
  const { writes, uniforms, declarations = '', body } = program;
  const single = writes.length === 1;
  const place = (name: string, index: string): string =>
    single ? `result[${index}]` : `result[uniforms.${name}Start + (${index})]`;
  const starts = single ? [] : writes.map((name) => [`${name}Start`, 'u32'] as const);
  return {
    ...program,
    writes: ['result'],
    uniforms: { ...uniforms, ...Object.fromEntries(starts) },
    declarations: withPlaces(declarations, writes, place),
    body: withPlaces(body, writes, place),
  };
}

function withPlaces(source: string, names: readonly string[], place: (name: string, index: string) => string): string {
  const use = new RegExp(`\\b(${names.join('|')})\\[`, 'g');
  let packed = '';
  let done = 0;
  for (const match of source.matchAll(use)) {
    const open = match.index + match[0].length;
    const close = closingBracket(source, open);
    packed += `${source.slice(done, match.index)}${place(match[1]!, source.slice(open, close))}`;
    done = close + 1;
  }
  return packed + source.slice(done);
}

/** Where the bracket before `start` is closed. */
function closingBracket(source: string, start: number): number {
  let depth = 1;
  let at = start;
  for (; depth > 0; at++) {
    if (source[at] === '[') depth++;
    if (source[at] === ']') depth--;
  }
  return at - 1;
}
