/** Every study, in the order of the papers. */
import { deviations } from './deviations.ts';
import { domains } from './domains.ts';
import { inductiveBiasesMnist } from './inductiveBiasesMnist.ts';
import type { Study } from './study.ts';

export const studies: readonly Study[] = [inductiveBiasesMnist, domains, deviations];
