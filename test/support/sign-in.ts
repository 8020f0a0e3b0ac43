// Sign-in as a person meets it: calls of /api/auth with a browser's cookies, the mails they get, and their authenticator.
import { createHmac } from 'node:crypto';
import { hashPassword } from 'better-auth/crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Pool } from '../../ledger/database.ts';
import type { JsonAnswer, TestApi } from './api.ts';

/** Where the pages of a test's deployment are. */
export const ORIGIN = 'http://localhost:8080';

export interface Browser {
  /** Sends JSON from one of our own pages, with the cookies of earlier answers; keeps those of this one. */
  post(path: string, body?: unknown): Promise<JsonAnswer>;
  get(path: string): Promise<JsonAnswer>;
  delete(path: string): Promise<JsonAnswer>;
  /** Follows the link of a mail; a page that asks is only shown. */
  open(link: string): Promise<JsonAnswer>;
  /** Follows the link of a mail and presses the page's button; the answer is the redirect itself. */
  confirm(link: string): Promise<JsonAnswer>;
  /** What it would send as `Cookie`. */
  cookie(): string;
}

/** A browser with a jar of its own. */
export function browser(api: TestApi): Browser {
  const jar = new Map<string, string>();
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const send = async (
    method: string,
    path: string,
    body?: unknown,
    type = 'application/json',
  ): Promise<JsonAnswer> => {
    const response = await fetch(api.url + path, {
      method,
      redirect: 'manual',
      headers: {
        origin: ORIGIN,
        'sec-fetch-site': 'same-origin',
        ...(jar.size > 0 && { cookie: cookie() }),
        ...(body !== undefined && { 'content-type': type }),
      },
      ...(body !== undefined && { body: body instanceof URLSearchParams ? body : JSON.stringify(body) }),
    });
    for (const one of response.headers.getSetCookie()) keep(jar, one);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? null : jsonOf(text) };
  };
  return {
    post: (path, body = {}) => send('POST', path, body),
    get: (path) => send('GET', path),
    delete: (path) => send('DELETE', path),
    open: (link) => send('GET', link.slice(ORIGIN.length)),
    confirm: (link) => {
      const { pathname, searchParams } = new URL(link);
      return send('POST', pathname, searchParams, 'application/x-www-form-urlencoded');
    },
    cookie,
  };
}

function keep(jar: Map<string, string>, setCookie: string): void {
  const [pair = ''] = setCookie.split(';');
  const at = pair.indexOf('=');
  const name = pair.slice(0, at);
  if (/max-age=0\b/i.test(setCookie)) jar.delete(name);
  else jar.set(name, pair.slice(at + 1));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export const PASSWORD = 'correct horse battery';

const hash = hashPassword(PASSWORD);

/** A person with a confirmed address who signs in with `PASSWORD`. Returns their id. */
export async function personWithPassword(pool: Pool, email: string): Promise<string> {
  const personId = uuidv7();
  await pool.query(
    `insert into auth.people (id, name, email, email_verified, created_at, updated_at)
     values ($1, 'Somebody', $2, true, now(), now())`,
    [personId, email],
  );
  await givePassword(pool, personId);
  return personId;
}

/** Lets a person sign in with `PASSWORD`. */
export async function givePassword(pool: Pool, personId: string): Promise<void> {
  await pool.query(
    `insert into auth.credentials (id, person_id, provider_id, subject, password, created_at, updated_at)
     values ($1, $2, 'credential', $2::uuid::text, $3, now(), now())`,
    [uuidv7(), personId, await hash],
  );
}

/** Signs in with a password, as the form does. */
export function signInFrom(tab: Browser, email: string, password = PASSWORD): Promise<JsonAnswer> {
  return tab.post('/api/auth/sign-in/email', { email, password });
}

export interface Mail {
  readonly kind: string;
  readonly link: string;
}

/** The mails about sign-in that wait for or went to a person, newest first; a link only while it waits. */
export async function mailsTo(pool: Pool, email: string): Promise<Mail[]> {
  const { rows } = await pool.query<Mail>(
    `select n.kind, coalesce(n.details ->> 'link', '') as link from notices n join auth.people p on p.id = n.person_id
     where p.email = $1 order by n.created_at desc, n.id desc`,
    [email],
  );
  return rows;
}

/** The link of the newest mail of a kind. */
export async function linkIn(pool: Pool, email: string, kind: string): Promise<string> {
  const mail = (await mailsTo(pool, email)).find((one) => one.kind === kind);
  if (mail === undefined) throw new Error(`${email} got no mail of the kind ${kind}`);
  return mail.link;
}

/** The token in a link of ours. */
export function tokenIn(link: string): string {
  return new URL(link).searchParams.get('token') ?? '';
}

const PERIOD_MS = 30_000;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The code that an authenticator with this address shows now (RFC 6238). */
export function authenticatorCode(totpUri: string, atMs = Date.now()): string {
  const secret = new URL(totpUri).searchParams.get('secret') ?? '';
  const bits = [...secret].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / PERIOD_MS)));
  const hash = createHmac('sha1', key).update(counter).digest();
  const number = hash.readUInt32BE((hash.at(-1) ?? 0) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}
