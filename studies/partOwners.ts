/** Which process works on a part of a run that several share. */
import { link, readFile } from 'node:fs/promises';

/** How a process names itself. With its start: a number comes again, in a container each time. */
export const thisProcess = `${process.pid}-${Math.round(performance.timeOrigin)}`;

/**
 * Takes a part, unless a living process has it. A claim of one that is gone is not taken away, which two might do at once: the
 * next generation of it counts, and the first to link its name has it.
 */
export async function claimOf(
  nameOf: (generation: number) => URL,
  present: URL,
): Promise<{ readonly mine: URL } | { readonly mine?: never; readonly owner: string }> {
  for (let generation = 0; ; generation++) {
    const claim = nameOf(generation);
    try {
      await link(present, claim);
      return { mine: claim };
    } catch (error) {
      if (!isError(error, 'EEXIST')) throw error;
    }
    const owner = await readFile(claim, 'utf8').catch(() => undefined);
    // Undefined where it has just been given up.
    if (owner === undefined) generation--;
    else if (isAlive(owner)) return { owner };
  }
}

/** Whether the process is there that a claim's words begin with. */
export function isAlive(owner: string): boolean {
  const number = Number.parseInt(owner, 10);
  if (number === process.pid) return owner.startsWith(`${thisProcess}-`);
  try {
    process.kill(number, 0);
    return true;
  } catch (error) {
    // Another user's may not be asked, but is there.
    return isError(error, 'EPERM');
  }
}

export function isError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
