/** Whether a measure of two sets of activations is defined, and why not. */
export type ActivationStatus = 'ok' | 'constantX' | 'constantY' | 'constantBoth';

/** Which of two sets has no variance at all. */
export function activationStatus(constantX: boolean, constantY: boolean): ActivationStatus {
  if (constantX && constantY) return 'constantBoth';
  return constantX ? 'constantX' : constantY ? 'constantY' : 'ok';
}

/** A result with x and y exchanged: its status says which of them is constant. */
export function withStatusExchanged<Result extends { readonly status: string }>(result: Result): Result {
  const exchanged: Readonly<Record<string, string>> = { constantX: 'constantY', constantY: 'constantX' };
  return { ...result, status: exchanged[result.status] ?? result.status };
}
