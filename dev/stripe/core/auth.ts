// Who may call the API: test keys only, as bearer token or basic user name.
import { StripeRefusal } from './refusal.ts';

/** Passes any `sk_test_` or `rk_test_` key; 401 otherwise. */
export function requireTestKey(authorization: string | undefined): void {
  const key = keyOf(authorization);
  if (key === null || key === '') {
    throw refused(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
    );
  }
  if (!/^(sk|rk)_test_\w+$/.test(key)) throw refused(`Invalid API Key provided: ${masked(key)}`);
}

function keyOf(authorization: string | undefined): string | null {
  const [scheme, value] = (authorization ?? '').split(/\s+/, 2);
  if (scheme === undefined || value === undefined) return null;
  if (scheme.toLowerCase() === 'bearer') return value;
  if (scheme.toLowerCase() !== 'basic') return null;
  return Buffer.from(value, 'base64').toString('utf8').split(':')[0] ?? null;
}

function masked(key: string): string {
  return key.length <= 12
    ? '*'.repeat(key.length)
    : `${key.slice(0, 8)}${'*'.repeat(key.length - 12)}${key.slice(-4)}`;
}

function refused(message: string): StripeRefusal {
  return new StripeRefusal(401, { type: 'invalid_request_error', message }, { executed: false });
}
