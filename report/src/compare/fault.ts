/** Errors of what was given: one sentence that names the place, the row and what was found there. */

/** Says where something comes from: `labels` gives `compareModels: labels`, or `y.npy: labels`. */
export type Place = (field: string) => string;

/** A file as a place. */
export function inFile(file: string): Place {
  return (field) => `${file}: ${field}`;
}

const code = 'ERR_REPORT_INPUT';

/** An error of what was given; the command ends with status 2 for it. */
export function inputError(message: string, cause?: unknown): RangeError {
  return Object.assign(new RangeError(message, cause === undefined ? undefined : { cause }), { code });
}

/** Whether an error tells of what was given. */
export function isInputError(error: unknown): error is RangeError {
  return error instanceof RangeError && (error as { readonly code?: unknown }).code === code;
}

/** An error of a row. Rows count from 0, as NumPy's do. */
export function rowError(place: Place, field: string, expected: string, got: unknown, row: number): RangeError {
  return inputError(`${place(field)} must be ${expected}, got ${String(got)} in row ${row} (rows count from 0).`);
}
