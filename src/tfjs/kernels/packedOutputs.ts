import type { KernelProgram } from '../../webgpu/program.ts';

/**
 * A program whose several outputs are parts of one, `result`, since a program of tfjs has one: `name[index]` becomes
 * `result[uniforms.nameStart + (index)]`. The last uniforms are the starts, in the order of the outputs.
 */
export function packedOutputs(program: KernelProgram): KernelProgram {
  const { writes, uniforms, declarations = '', body } = program;
  if (writes.length === 1) return program;
  const starts = writes.map((name) => [`${name}Start`, 'u32'] as const);
  return {
    ...program,
    writes: ['result'],
    uniforms: { ...uniforms, ...Object.fromEntries(starts) },
    declarations: withStarts(declarations, writes),
    body: withStarts(body, writes),
  };
}

function withStarts(source: string, names: readonly string[]): string {
  const use = new RegExp(`\\b(${names.join('|')})\\[`, 'g');
  let packed = '';
  let done = 0;
  for (const match of source.matchAll(use)) {
    const open = match.index + match[0].length;
    const close = closingBracket(source, open);
    packed += `${source.slice(done, match.index)}result[uniforms.${match[1]}Start + (${source.slice(open, close)})]`;
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
