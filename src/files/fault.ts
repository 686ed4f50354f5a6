/**
 * What an error about a file says: the function, the file, the tensor and the byte, in the library's one sentence,
 * `functionName: subject at byte N of file, tensor 'name', must be X, got Y.`
 */

/** Where a fault is: the function that was called, the file as its user names it, and the tensor if it is known. */
export interface Place {
  readonly where: string;
  readonly file: string;
  readonly tensor?: string;
}

/** Makes the error for what lies at a byte of a header: the header's start and its place are known to it. */
export type Refuse = (subject: string, at: number, expected: string, got: string | number) => RangeError;

/** A name out of a file, safe to print: shortened, on one line, control characters escaped. */
export function quote(name: string): string {
  const shown = JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name).slice(1, -1);
  return `'${shown.replaceAll('\\"', '"')}'`;
}

function sentence(
  { where, file, tensor }: Place,
  subject: string,
  at: number,
  expected: string,
  got: string | number,
  hint?: string,
): string {
  const owner = tensor === undefined ? '' : `, tensor ${quote(tensor)},`;
  return `${where}: ${subject} at byte ${at} of ${file}${owner} must be ${expected}, got ${got}.${hint ? ` ${hint}` : ''}`;
}

/** The error for bytes that a sound file would not hold. */
export function damaged(
  place: Place,
  subject: string,
  at: number,
  expected: string,
  got: string | number,
  hint?: string,
): RangeError {
  return new RangeError(sentence(place, subject, at, expected, got, hint));
}

/** The error for a sound file of a kind that is not read. */
export function unsupported(
  place: Place,
  subject: string,
  at: number,
  expected: string,
  got: string,
  hint?: string,
): TypeError {
  return new TypeError(sentence(place, subject, at, expected, got, hint));
}

/** The error for what another part of the platform reports: it goes along as the cause. */
export function unreadable(
  place: Place,
  subject: string,
  at: number,
  expected: string,
  cause: unknown,
  hint?: string,
): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Error(sentence(place, subject, at, expected, `'${why}'`, hint), { cause });
}

/** `damaged`, for positions that count from the start of a header. */
export function refuseIn(place: Place, start: number): Refuse {
  return (subject, at, expected, got) => damaged(place, subject, start + at, expected, got);
}
