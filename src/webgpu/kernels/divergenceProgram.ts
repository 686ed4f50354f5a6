/**
 * The softmax-divergence family as one kernel. A row is read twice (three times where the gradient needs the row's sums):
 * first for maximum and Σ exp of both sides in one walk, then for terms and gradient. Neither probabilities nor
 * log-probabilities are ever stored.
 */
import { exponential, logarithm, specialValues } from '../arithmetic.ts';
import type { KernelProgram } from '../program.ts';
import type { RowLayout } from './rows.ts';

/** What distinguishes one loss of the family from another, in WGSL over `p q logP logQ` (and `at`, `label`). */
export interface Divergence {
  readonly name: string;
  /** Where the target distribution comes from. */
  readonly target: 'teacher' | 'labels';
  /** Statements before `terms` and `gradient`. */
  readonly prepare?: string;
  /** A pair of numbers to sum over the classes. */
  readonly terms: string;
  /** The row's loss from the `sums`. */
  readonly loss: string;
  /** The gradient in (student logits)/T, but for the factor `slope`; may use `sums`. */
  readonly gradient: string;
  /** Whether `gradient` uses `sums`. */
  readonly gradientNeedsSums: boolean;
}

/** What the kernel writes, and how rows are weighted. */
export interface DivergenceForm {
  readonly writes: 'value' | 'gradient' | 'both';
  /** Whether the gradient's factor is a tensor with a number for each row; else it is a uniform. */
  readonly rowScaled: boolean;
}

/** The kernel's uniforms beside `classes`. */
export const divergenceUniforms = {
  classes: 'u32',
  inverseTemperature: 'f32',
  factor: 'f32',
  slope: 'f32',
  parameter: 'f32',
  scale: 'f32',
} as const;

/**
 * The program. It reads `studentLogits`, `teacherLogits` or `labels`, and `rowScale` where rows are scaled; it writes the
 * row losses and the gradient, those that its form names, in this order.
 */
export function divergenceProgram(divergence: Divergence, layout: RowLayout, form: DivergenceForm): KernelProgram {
  const twoSided = divergence.target === 'teacher';
  const writesValue = form.writes !== 'gradient';
  const writesGradient = form.writes !== 'value';
  // tfjs calls the only output of a program `result`.
  const valueName = writesGradient ? 'rowLosses' : 'result';
  const gradientName = writesValue ? 'gradient' : 'result';
  const load = twoSided
    ? 'vec2f(studentLogits[origin + at], teacherLogits[origin + at]) * uniforms.inverseTemperature'
    : 'vec2f(studentLogits[origin + at] * uniforms.inverseTemperature, 0.0)';
  const element = `
    let logs = ${load} - most - logTotal;
    let logQ = logs.x;
    let logP = logs.y;
    let q = exponential(logQ);
    let p = ${twoSided ? 'exponential(logP)' : '0.0'};
    ${divergence.prepare ?? ''}`;
  const writeGradient = `
    let slope = (${divergence.gradient}) * uniforms.slope;
    ${gradientName}[origin + at] = ${form.rowScaled ? 'select(slope * rowFactor, 0.0, isZero(rowFactor))' : 'slope * rowFactor'};`;
  const together = writesGradient && !divergence.gradientNeedsSums;
  const needsSums = writesValue || divergence.gradientNeedsSums;
  const sum = `
    block += ${divergence.terms};
    count++;
    if ((count & 15u) == 0u) { sums += block; block = vec2f(0.0); }`;
  return layout.program({
    name: divergence.name,
    reads: [
      'studentLogits',
      twoSided ? 'teacherLogits' : 'labels',
      ...(form.rowScaled && writesGradient ? ['rowScale'] : []),
    ],
    writes: [...(writesValue ? [valueName] : []), ...(writesGradient ? [gradientName] : [])],
    uniforms: divergenceUniforms,
    declarations: specialValues + exponential + logarithm,
    vector: 'vec2f',
    body: `
  var most = vec2f(lowest());
  var total = vec2f(0.0);
  var recent = vec2f(0.0);
  var count = 0u;
  for (var at = first; at < uniforms.classes; at += step) {
    let x = ${load};
    ${online('x')}
    ${twoSided ? online('y') : ''}
    count++;
    if ((count & 15u) == 0u) { total += recent; recent = vec2f(0.0); }
  }
  total += recent;
  let laneMost = most;
  most = maxOverRow(most);
  total *= vec2f(exponential(laneMost.x - most.x), ${twoSided ? 'exponential(laneMost.y - most.y)' : '1.0'});
  total = sumOverRow(total);
  let logTotal = vec2f(logarithm(total.x), ${twoSided ? 'logarithm(total.y)' : '0.0'});
  ${twoSided ? '' : 'most.y = 0.0;\n  let label = labels[row];\n  let labelled = label >= 0.0 && label < f32(uniforms.classes) && label == floor(label);'}
  ${writesGradient ? `let rowFactor = ${form.rowScaled ? 'rowScale[row]' : 'uniforms.scale'};` : ''}
  var sums = vec2f(0.0);
  var block = vec2f(0.0);
  count = 0u;
  for (var at = first; at < uniforms.classes; at += step) {
    ${element}
    ${needsSums ? sum : ''}
    ${together ? writeGradient : ''}
  }
  ${needsSums ? 'sums = sumOverRow(sums + block);' : ''}
  ${writesValue ? `if (leader) { ${valueName}[row] = ${divergence.loss}; }` : ''}
  ${
    writesGradient && !together
      ? `for (var at = first; at < uniforms.classes; at += step) {
    ${element}
    ${writeGradient}
  }`
      : ''
  }`,
  });
}

/** One step of maximum and Σ exp; the sum is brought to a new maximum where there is one. */
function online(side: 'x' | 'y'): string {
  return `
    if (x.${side} > most.${side}) {
      let shrink = exponential(most.${side} - x.${side});
      total.${side} *= shrink;
      recent.${side} *= shrink;
      most.${side} = x.${side};
    }
    recent.${side} += exponential(x.${side} - most.${side});`;
}
