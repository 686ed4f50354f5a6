/** Every study, in the order of the papers. */
import { domains } from './domains.ts';
import { inheritedBias } from './inheritedBias.ts';
import type { Study } from './study.ts';
import { whatTransfers } from './whatTransfers.ts';

export const studies: readonly Study[] = [domains, whatTransfers, inheritedBias];
