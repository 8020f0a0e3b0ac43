// `.coffer/demo.json`: what a first request needs of a running stack, readable by its owner alone.
import { join } from 'node:path';
import { z } from 'zod';
import { homeFile } from './home-file.ts';

const person = z.object({
  email: z.string(),
  password: z.string(),
  personId: z.string(),
  accountId: z.string(),
});
const apiKey = z.object({ id: z.string(), secret: z.string() });

export const demoFileShape = z.object({
  baseUrl: z.string(),
  temporalUiUrl: z.string(),
  temporalAddress: z.string(),
  sandboxUrl: z.string(),
  mailUrl: z.string(),
  databaseUrl: z.string(),
  stripeSecretKey: z.string(),
  gatewayToken: z.string(),
  operatorToken: z.string(),
  people: z.object({ owner: person, admin: person, member: person, outsider: person }),
  organization: z.object({
    id: z.string(),
    accountId: z.string(),
    apiKeys: z.object({ owner: apiKey, admin: apiKey, member: apiKey }),
  }),
});

export type DemoFile = z.infer<typeof demoFileShape>;

/** The file of this home, for whoever writes it. */
export function openDemoFile(home: string) {
  return homeFile<DemoFile>(join(home, 'demo.json'), demoFileShape, 0o600);
}

/** What it says; nothing when there is none. */
export function readDemoFile(home: string): DemoFile | undefined {
  return openDemoFile(home).read();
}
