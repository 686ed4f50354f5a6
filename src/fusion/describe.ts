/** A plan as text, for whoever works on the compiler. Nothing imports it but tests and people. */
import type { Plan } from './plan.ts';
import type { Value } from './values.ts';

/** One line for each value, then one for each phase. */
export function describePlan({ values, phases, targets }: Plan): string {
  const name = (value: Value): string => `%${value.id}`;
  const lines = values.map((value) => {
    const { operation, operands, access, number, slot, form, space, level, buffer, transposition } = value;
    const from = operands.map((operand, at) => `${name(operand)}${access[at] === 'same' ? '' : `:${access[at]}`}`);
    const of = operation === 'constant' ? (number ?? `parameter ${slot}`) : from.join(', ');
    const where = form === 'free' ? '' : ` ${form}${space ? ` of space ${space.id}` : ''}, phase ${level}`;
    const lying = transposition
      ? ` lying [${transposition.batch}, ${transposition.columns}, ${transposition.rows}]`
      : '';
    return `${name(value)} = ${operation}(${of})${lying}${where}${buffer >= 0 ? `, buffer ${buffer}` : ''}`;
  });
  const walks = phases.map(({ level, space, stages, rowStores, rowReductions }) => {
    const list = (title: string, own: readonly Value[]): string =>
      own.length > 0 ? `${title} ${own.map(name).join(' ')}` : '';
    const parts = stages.map(({ reductions, columnReductions, stores, keeps }) =>
      [list('reduce', reductions), list('columns', columnReductions), list('store', stores), list('keep', keeps)]
        .filter((text) => text !== '')
        .join(', '),
    );
    const rows = [list('store', rowStores), list('reduce', rowReductions)].filter((text) => text !== '').join(', ');
    return `phase ${level}, space ${space.id} [${space.rows}, ${space.columns}]: ${[...parts, `rows: ${rows}`].join(' | ')}`;
  });
  return [...lines, ...walks, `results: ${targets.map(name).join(' ')}`].join('\n');
}
