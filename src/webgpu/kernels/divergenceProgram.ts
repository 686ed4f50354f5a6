/**
 * The softmax-divergence family as one kernel. A row is read twice (three times where the gradient needs the row's sums):
 * first for maximum and Σ exp of both sides in one walk, then for terms and gradient. Neither probabilities nor
 * log-probabilities are ever stored. Every walk begins where the last one ended, in what the cache still holds.
 */
import { fallingExponential, logarithm, specialValues } from '../arithmetic.ts';
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

/** Elements that a lane loads before it computes with them: enough are on their way that memory is not waited for. */
const AHEAD = 4;

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
  const element = `
      let logQ = logs.x;
      let logP = logs.y;
      let q = fallingExponential(logQ);
      let p = ${twoSided ? 'fallingExponential(logP)' : '0.0'};
      ${divergence.prepare ?? ''}`;
  const writeGradient = `
      let slope = (${divergence.gradient}) * uniforms.slope;
      ${gradientName}[origin + at] = ${form.rowScaled ? 'select(slope * rowFactor, 0.0, isZero(rowFactor))' : 'slope * rowFactor'};`;
  const together = writesGradient && !divergence.gradientNeedsSums;
  const needsSums = writesValue || divergence.gradientNeedsSums;
  const walk = (each: string, afterBlock: string, backwards: boolean): string => {
    const one = (x: string, at: string): string => `{
      let at = ${at};
      let logs = ${x} - most - logTotal;${element}${each}
    }`;
    const blocks = layout.isSparse
      ? ''
      : `
  for (var done = 0u; done < blocks; done++) {
    let block = ${backwards ? 'blocks - 1u - done' : 'done'};
    ${loadBlock('block')}
    ${positions.map((k) => one(`x${k}`, `base + ${k}u * step`)).join('\n    ')}
    ${afterBlock}
  }`;
    const rest = `
  for (var last = first + blocks * ${AHEAD}u * step; last < uniforms.classes; last += step) {
    ${one('logitsAt(origin + last)', 'last')}
  }`;
    return backwards ? rest + blocks : blocks + rest;
  };
  const firstWalk = `
  for (var block = 0u; block < blocks; block++) {
    ${loadBlock('block')}
    ${raise('max(max(x0, x1), max(x2, x3))')}
    recent += (fallingExponentials(x0 - most) + fallingExponentials(x1 - most))
      + (fallingExponentials(x2 - most) + fallingExponentials(x3 - most));
    if ((block & 3u) == 3u) { total += recent; recent = vec2f(0.0); }
  }`;
  return layout.program({
    name: divergence.name,
    reads: [
      'studentLogits',
      twoSided ? 'teacherLogits' : 'labels',
      ...(form.rowScaled && writesGradient ? ['rowScale'] : []),
    ],
    writes: [...(writesValue ? [valueName] : []), ...(writesGradient ? [gradientName] : [])],
    uniforms: divergenceUniforms,
    declarations: `${specialValues}${fallingExponential}${logarithm}
fn logitsAt(at: u32) -> vec2f {
  return vec2f(studentLogits[at], ${twoSided ? 'teacherLogits[at]' : '0.0'}) * uniforms.inverseTemperature;
}
fn fallingExponentials(x: vec2f) -> vec2f {
  return vec2f(fallingExponential(x.x), ${twoSided ? 'fallingExponential(x.y)' : '0.0'});
}`,
    vector: 'vec2f',
    body: `
  let own = select((uniforms.classes - first + step - 1u) / step, 0u, first >= uniforms.classes);
  let blocks = ${layout.isSparse ? '0u' : `own / ${AHEAD}u`};
  var most = vec2f(lowest());
  var total = vec2f(0.0);
  var recent = vec2f(0.0);
  ${layout.isSparse ? '' : firstWalk}
  for (var at = first + blocks * ${AHEAD}u * step; at < uniforms.classes; at += step) {
    let x = logitsAt(origin + at);
    ${raise('x')}
    recent += fallingExponentials(x - most);
  }
  let laneMost = most;
  most = maxOverRow(most);
  total = sumOverRow((total + recent) * fallingExponentials(laneMost - most));
  let logTotal = vec2f(logarithm(total.x), ${twoSided ? 'logarithm(total.y)' : '0.0'});
  ${twoSided ? '' : 'let label = labels[row];\n  let labelled = label >= 0.0 && label < f32(uniforms.classes) && label == floor(label);'}
  ${writesGradient ? `let rowFactor = ${form.rowScaled ? 'rowScale[row]' : 'uniforms.scale'};` : ''}
  var sums = vec2f(0.0);
  recent = vec2f(0.0);
  ${walk(
    `${needsSums ? `\n      recent += ${divergence.terms};` : ''}${together ? writeGradient : ''}`,
    needsSums ? 'if ((done & 3u) == 3u) { sums += recent; recent = vec2f(0.0); }' : '',
    true,
  )}
  ${needsSums ? 'sums = sumOverRow(sums + recent);' : ''}
  ${writesValue ? `if (leader) { ${valueName}[row] = ${divergence.loss}; }` : ''}
  ${writesGradient && !together ? walk(writeGradient, '', false) : ''}`,
  });
}

const positions: readonly number[] = Array.from({ length: AHEAD }, (_, position) => position);

/** Loads a lane's block of logits as `x0`, `x1`, …, from position `base` on. */
function loadBlock(block: string): string {
  return `let base = first + ${block} * ${AHEAD}u * step;
    ${positions.map((k) => `let x${k} = logitsAt(origin + base + ${k}u * step);`).join('\n    ')}`;
}

/** Brings the sums so far to a new maximum where there is one. */
function raise(high: string): string {
  return `let high = ${high};
    if (any(high > most)) {
      let shrink = fallingExponentials(most - max(most, high));
      total *= shrink;
      recent *= shrink;
      most = max(most, high);
    }`;
}
