// Settings that are lists in one variable: proxies that are believed, origins that may call, bounds that differ.
import { isIP } from 'node:net';
import { z } from 'zod';
import { type RateLimit, type RateLimitName, rateLimitNames } from './rate-limits.ts';

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

const NETWORK_NAMES = new Set(['loopback', 'linklocal', 'uniquelocal']);

/** Addresses or networks of proxies. A number of hops is not taken: whoever reaches the port itself could lie about it. */
export const addresses = list.refine((items) => items.every(isNetwork), {
  error:
    'must be addresses, networks like 10.0.0.0/8, loopback, linklocal or uniquelocal, separated by commas',
});

function isNetwork(item: string): boolean {
  if (NETWORK_NAMES.has(item)) return true;
  const [address = '', bits, ...more] = item.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  if (most < 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
}

/** Origins, each spelled out as a browser sends it. */
export const origins = list.refine(
  (items) => items.every((item) => URL.canParse(item) && new URL(item).origin === item),
  {
    error: 'must be origins like https://app.example.com, separated by commas, without paths or wildcards',
  },
);

const changed = /^([a-z-]+)=(\d{1,9})\/(\d{1,7})$/;

/** `sign-in=20/900,top-ups=100/3600`: times per seconds, for the limits whose bound is to be another. */
export const changedRateLimits = list.transform((items, context) => {
  const changes: Partial<Record<RateLimitName, RateLimit>> = {};
  for (const item of items) {
    const [, name, times = 0, seconds = 0] = changed.exec(item) ?? [];
    const known = rateLimitNames().find((one) => one === name);
    if (known === undefined || Number(times) < 1 || Number(seconds) < 1) {
      const error = `must be like sign-in=20/900, separated by commas; the names are ${rateLimitNames().join(', ')}`;
      context.addIssue({ code: 'custom', message: error });
      return z.NEVER;
    }
    changes[known] = { times: Number(times), seconds: Number(seconds) };
  }
  return changes;
});
