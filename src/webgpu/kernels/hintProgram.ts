/** The hint loss between two tensors of one shape: a row is a sample; differences, their squares and the gradient in one pass. */
import { specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';
import type { RowLayout } from './rows.ts';

/** What the kernel writes, and how rows are weighted. */
export interface HintForm {
  readonly writes: 'value' | 'gradient' | 'both';
  /** Whether the gradient's factor is a tensor with a number for each row; else it is a uniform. */
  readonly rowScaled: boolean;
}

/** What a row's sum of squares is multiplied by. */
export function hintFactor(reduction: 'mean' | 'halfSum', features: number): number {
  return reduction === 'mean' ? 1 / features : 0.5;
}

/**
 * The program. It reads `student`, `teacher`, and `rowScale` where rows are scaled; it writes the row losses and the
 * gradient, those that its form names, in this order; the only output of a program is called `result`, as tfjs has it.
 */
export function hintProgram(layout: RowLayout, form: HintForm): KernelProgram {
  const writesValue = form.writes !== 'gradient';
  const writesGradient = form.writes !== 'value';
  const rowScaled = form.rowScaled && writesGradient;
  const valueName = writesGradient ? 'rowLosses' : 'result';
  const gradientName = writesValue ? 'gradient' : 'result';
  const slope = '2.0 * uniforms.factor * difference * rowFactor';
  const sum = `
    block += difference * difference;
    count++;
    if ((count & 15u) == 0u) { total += block; block = 0.0; }`;
  return layout.program({
    name: 'hint',
    reads: ['student', 'teacher', ...(rowScaled ? ['rowScale'] : [])],
    writes: [...(writesValue ? [valueName] : []), ...(writesGradient ? [gradientName] : [])],
    uniforms: { classes: 'u32', factor: 'f32', scale: 'f32' },
    declarations: specialValues,
    vector: 'f32',
    body: `
  ${writesGradient ? `let rowFactor = ${rowScaled ? 'rowScale[row]' : 'uniforms.scale'};` : ''}
  var total = 0.0;
  var block = 0.0;
  var count = 0u;
  for (var at = first; at < uniforms.classes; at += step) {
    let difference = student[origin + at] - teacher[origin + at];${writesValue ? sum : ''}
    ${writesGradient ? `${gradientName}[origin + at] = ${rowScaled ? `select(${slope}, 0.0, isZero(rowFactor))` : slope};` : ''}
  }
  ${writesValue ? `total = sumOverRow(total + block);\n  if (leader) { ${valueName}[row] = uniforms.factor * total; }` : ''}`,
  });
}
