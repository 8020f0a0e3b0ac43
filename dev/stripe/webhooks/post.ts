// Sending one signed event to one endpoint.
import http from 'node:http';
import https from 'node:https';
import Stripe from 'stripe';

const TIMEOUT_MS = 10_000;

interface SignedPost {
  url: string;
  secret: string;
  payload: string;
  /** Seconds since the epoch that the signature names. */
  timestamp: number;
}

export interface Postman {
  /** Posts the payload with a `Stripe-Signature`; yields the status, or what went wrong, never throws. */
  post(letter: SignedPost): Promise<{ ok: boolean; result: string }>;
  /** Cuts every connection, also those in use. */
  close(): void;
}

/** A postman with connections of its own. */
export function hirePostman(atOnce: number): Postman {
  const plain = new http.Agent({ keepAlive: true, maxSockets: atOnce });
  const secure = new https.Agent({ keepAlive: true, maxSockets: atOnce });
  return {
    post: (letter) =>
      new Promise((resolve) => {
        const request = requestFor(letter, plain, secure);
        request.on('response', (response) => {
          const status = response.statusCode ?? 0;
          response.resume();
          response.on('end', () => resolve({ ok: status >= 200 && status < 300, result: String(status) }));
          response.on('error', (error) => resolve({ ok: false, result: error.message }));
        });
        request.on('timeout', () => request.destroy(new Error('timeout')));
        request.on('error', (error) => resolve({ ok: false, result: error.message }));
        request.end(letter.payload);
      }),
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

function requestFor(letter: SignedPost, plain: http.Agent, secure: https.Agent): http.ClientRequest {
  const { payload, secret, timestamp } = letter;
  const url = new URL(letter.url);
  const isSecure = url.protocol === 'https:';
  return (isSecure ? https : http).request(url, {
    method: 'POST',
    agent: isSecure ? secure : plain,
    timeout: TIMEOUT_MS,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(payload),
      'Stripe-Signature': Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp }),
      'User-Agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
    },
  });
}
