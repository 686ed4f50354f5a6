/** A thread of the pool. It reads TypeScript by tsx; where a project is compiled, the pool names the compiled file itself. */
import { register } from 'tsx/esm/api';

register();
export const { evaluateShard } = await import('./evaluation.ts');
