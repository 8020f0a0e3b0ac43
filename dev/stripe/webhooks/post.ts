// Sending one signed event to one endpoint.
import http from 'node:http';
import https from 'node:https';
import Stripe from 'stripe';

const TIMEOUT_MS = 10_000;
const agents = {
  'http:': new http.Agent({ keepAlive: true, maxSockets: 8 }),
  'https:': new https.Agent({ keepAlive: true, maxSockets: 8 }),
};

export interface SignedPost {
  url: string;
  secret: string;
  payload: string;
  /** Seconds since the epoch that the signature names. */
  timestamp: number;
}

/** Posts the payload with a `Stripe-Signature`; yields the status, or what went wrong, never throws. */
export function postSigned(post: SignedPost): Promise<{ ok: boolean; result: string }> {
  const signature = Stripe.webhooks.generateTestHeaderString({
    payload: post.payload,
    secret: post.secret,
    timestamp: post.timestamp,
  });
  const url = new URL(post.url);
  const isSecure = url.protocol === 'https:';
  return new Promise((resolve) => {
    const request = (isSecure ? https : http).request(url, {
      method: 'POST',
      agent: isSecure ? agents['https:'] : agents['http:'],
      timeout: TIMEOUT_MS,
      headers: {
        'Content-Type': 'application/json; charset=utf-8',
        'Content-Length': Buffer.byteLength(post.payload),
        'Stripe-Signature': signature,
        'User-Agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      },
    });
    request.on('response', (response) => {
      const status = response.statusCode ?? 0;
      response.resume();
      response.on('end', () => resolve({ ok: status >= 200 && status < 300, result: String(status) }));
      response.on('error', (error) => resolve({ ok: false, result: error.message }));
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error) => resolve({ ok: false, result: error.message }));
    request.end(post.payload);
  });
}

/** Lets idle connections to endpoints go. */
export function closeConnections(): void {
  agents['http:'].destroy();
  agents['https:'].destroy();
}
