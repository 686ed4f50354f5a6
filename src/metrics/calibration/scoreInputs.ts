/** Metrics that take either probabilities or logits: exactly one of them. */
import { kindError } from '../../check.ts';

/** The two inputs, for the frame of metrics over rows. */
export const scoreInputs = { probabilities: 'probabilities', logits: 'scores' } as const;

/** Requires exactly one of the two inputs and returns its name. */
export function checkOneScore(where: string, probabilities: unknown, logits: unknown): 'probabilities' | 'logits' {
  if ((probabilities === undefined) === (logits === undefined)) {
    const got = probabilities === undefined ? 'neither' : 'both';
    throw kindError(where, 'inputs', 'exactly one of probabilities and logits', got);
  }
  return probabilities === undefined ? 'logits' : 'probabilities';
}
