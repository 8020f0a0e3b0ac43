// Every line of the access matrix, in the order of the OpenAPI document.

import type { Line } from './line.ts';
import { accountLines } from './lines-accounts.ts';
import { keyLines } from './lines-keys.ts';
import { machineLines } from './lines-machines.ts';
import { operatorLines } from './lines-operators.ts';
import { organizationLines } from './lines-organizations.ts';

export const lines: readonly Line[] = [
  ...accountLines,
  ...organizationLines,
  ...keyLines,
  ...operatorLines,
  ...machineLines,
];
