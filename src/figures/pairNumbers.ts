/** The numbers of each pair of a matrix of similarities, from either result that holds one. */
import { finite, finiteOrNull, outOfRange, sameLength, wrongKind } from './refusals.ts';

type Matrix<Value> = readonly (readonly Value[])[];

/** What a heat map shows of `ckaMatrix`'s result. */
export interface LayerSimilarity {
  /** Names of the rows. */
  readonly x: readonly string[];
  /** Names of the columns. */
  readonly y: readonly string[];
  readonly value: Matrix<number>;
  /** Cells of another status than `'ok'` say so. */
  readonly status?: Matrix<string>;
  readonly biased?: Matrix<number>;
  readonly debiased?: Matrix<number>;
  /** What chance gives on average in each cell; null where that is not known. */
  readonly expected?: Matrix<number | null>;
  /** How many standard deviations the value lies above what chance gives. */
  readonly z?: Matrix<number | null>;
  readonly samples: number;
}

/** What a heat map shows of `similarityMatrix`'s result. */
export interface ModelSimilarity {
  /** Names of the rows and of the columns. */
  readonly models: readonly string[];
  readonly value: Matrix<number>;
  readonly status?: Matrix<string>;
  /** Each pair's whole result, for what chance gives. */
  readonly cells?: Matrix<{
    readonly value: number;
    readonly debiased?: number;
    readonly biased?: number;
    readonly expected?: number | null;
    readonly z?: number | null;
  }>;
  readonly samples: number;
}

/** Statuses under which a similarity is a number of no meaning. */
const withoutValue = ['constantX', 'constantY', 'constantBoth', 'undefined', 'tooFewSamples', 'debiasedUndefined'];

/** What is known of one pair. */
export interface PairNumbers {
  readonly row: string;
  readonly column: string;
  readonly value: number | null;
  readonly status: string;
  readonly debiased: number | null;
  /** Whether the value is the biased one of a pair that has both. */
  readonly isBiased: boolean;
  readonly expected: number | null;
  readonly z: number | null;
}

/** Checks a matrix and gathers what belongs to each pair. */
export function pairNumbers(
  where: string,
  result: LayerSimilarity | ModelSimilarity,
  rows: readonly string[],
  columns: readonly string[],
): PairNumbers[][] {
  for (const [name, list] of Object.entries({ rows, columns })) {
    if (!Array.isArray(list)) throw wrongKind(where, name, 'a list of names', list);
    if (list.length === 0) throw outOfRange(where, name, 'a list of at least one name', list);
  }
  const matrix = <Value>(name: string, values: Matrix<Value> | undefined): Matrix<Value> | undefined => {
    if (values === undefined) return undefined;
    sameLength(where, name, values, 'the rows', rows.length);
    for (const [row, line] of values.entries())
      sameLength(where, `${name}[${row}]`, line, 'the columns', columns.length);
    return values;
  };
  const values = matrix('value', result.value);
  if (values === undefined) throw wrongKind(where, 'value', 'a matrix', values);
  const status = matrix('status', result.status);
  const fields = 'x' in result ? undefined : matrix('cells', result.cells);
  const own = 'x' in result ? result : undefined;
  const given = Object.fromEntries(
    (['biased', 'debiased', 'expected', 'z'] as const).map((name) => [name, matrix(name, own?.[name])]),
  );
  return rows.map((rowName, row) =>
    columns.map((columnName, column) => {
      const value = finite(where, `value[${row}][${column}]`, values[row]![column]!);
      const extra = (name: 'biased' | 'debiased' | 'expected' | 'z') =>
        finiteOrNull(
          where,
          `${name}[${row}][${column}]`,
          given[name]?.[row]?.[column] ?? fields?.[row]?.[column]?.[name],
        );
      const [biased, debiased, state] = [extra('biased'), extra('debiased'), status?.[row]?.[column] ?? 'ok'];
      const isBiased = biased !== null && debiased !== null && value === biased && value !== debiased;
      // Without its debiased part a biased value still stands.
      const stands = isBiased ? !state.startsWith('constant') : !withoutValue.includes(state);
      return {
        row: rowName,
        column: columnName,
        value: stands ? value : null,
        status: state,
        debiased: state === 'ok' ? debiased : null,
        isBiased,
        expected: extra('expected'),
        z: extra('z'),
      };
    }),
  );
}
