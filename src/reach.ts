/** What a scope keeps: the walk through its result, the same for every backend. */

/**
 * The tensors that a value reaches through arrays and records, each once. A list of its own in place of recursion: a result
 * may be nested more deeply than the stack is, or contain itself.
 */
export function tensorsIn<T>(value: unknown, isTensor: (value: unknown) => value is T): Set<T> {
  const found = new Set<T>();
  const visited = new Set<object>();
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (isTensor(next)) found.add(next);
    else if (typeof next === 'object' && next !== null && !ArrayBuffer.isView(next) && !visited.has(next)) {
      visited.add(next);
      for (const part of Object.values(next)) open.push(part);
    }
  }
  return found;
}
