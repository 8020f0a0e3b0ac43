// Mails about sign-in: what better-auth wants sent goes into the outbox, with the link that its reader follows.
import { createHash, randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { Pool } from '../ledger/database.ts';

/** How long a link works; the mails say "an hour". */
const LINK_SECONDS = 3_600;
/** Where the link of a forgotten password leads, unless the caller named another page of ours. */
const RESET_PAGE = '/sign-in/new-password';
/** Where a link that confirms something leads: whatever opens a mail's links by itself must not confirm anything. */
const CONFIRM_PAGE = '/sign-in/confirm';

interface MailOptions {
  readonly pool: Pool;
  readonly baseUrl: string;
}

interface Person {
  readonly id: string;
  readonly email: string;
}

interface Asked {
  readonly user: Person;
  readonly url: string;
  readonly token: string;
}

/** The parts of better-auth's options that send mail, and say how long its links work. */
export function signInMails({ pool, baseUrl }: MailOptions) {
  const tell = (kind: string, person: Person, details: Readonly<Record<string, string>>) =>
    tellPerson(pool, kind, person, details);
  return {
    verification: {
      expiresIn: LINK_SECONDS,
      async sendVerificationEmail({ user, url, token }: Asked) {
        const link = confirmLink(baseUrl, url, token);
        if (requestType(token) === 'change-email-verification') {
          await tell('verify-new-email', user, { link, to: user.email });
        } else {
          await tell('verify-email', user, { link });
        }
      },
    },
    changeEmail: {
      async sendChangeEmailConfirmation({
        user,
        newEmail,
        url,
        token,
      }: Asked & { readonly newEmail: string }) {
        await tell('confirm-new-email', user, { link: confirmLink(baseUrl, url, token), newEmail });
      },
    },
    password: {
      resetPasswordTokenExpiresIn: LINK_SECONDS,
      async sendResetPassword({ user, url, token }: Asked) {
        const page = new URL(url).searchParams.get('callbackURL') || RESET_PAGE;
        await tell('reset-password', user, { link: resetLink(baseUrl, page, token) });
      },
      /** Whoever followed the link has shown that the address is theirs. */
      async onPasswordReset({ user }: { readonly user: Person }) {
        await pool.query(VERIFY_EMAIL, [user.id, new Date()]);
      },
      /**
       * Only the owner of an address learns that it is known. Whoever signed up first with it may have been somebody
       * else, so it is the reader of the mail who chooses the password.
       */
      async onExistingUserSignUp({ user }: { readonly user: Person }) {
        const token = await makeResetToken(pool, user.id);
        await tell('sign-up-again', user, { link: resetLink(baseUrl, RESET_PAGE, token) });
      },
    },
  };
}

const VERIFY_EMAIL = `
  update auth.people set email_verified = true, updated_at = $2::timestamptz where id = $1::uuid and not email_verified`;

/* Whoever keeps asking for mails in somebody's name, by whatever way, gets them no more than ten of a kind an hour. */
const TELL_PERSON = `
  select tell_person($1::text, $2::text, $3::uuid, null::uuid, $4::jsonb, $5::timestamptz)
  where (
    select count(*) from notices
    where person_id = $3::uuid and kind = $2::text and created_at > $5::timestamptz - interval '1 hour'
  ) < 10`;

async function tellPerson(
  pool: Pool,
  kind: string,
  { id }: Person,
  details: Readonly<Record<string, string>>,
): Promise<void> {
  const now = new Date();
  const linkUntil = inAnHour(now).toISOString();
  await pool.query(TELL_PERSON, [`${kind}:${uuidv7()}`, kind, id, { ...details, linkUntil }, now]);
}

const MAKE_TOKEN = `
  insert into auth.verifications (id, identifier, value, expires_at, created_at, updated_at)
    values ($1::uuid, $2::text, $3::text, $4::timestamptz, $5::timestamptz, $5::timestamptz)`;

/** A token to choose a password with, kept as better-auth keeps its own: by its hash. */
async function makeResetToken(pool: Pool, personId: string): Promise<string> {
  const token = randomBytes(24).toString('base64url');
  const identifier = createHash('sha256').update(`reset-password:${token}`).digest('base64url');
  const now = new Date();
  await pool.query(MAKE_TOKEN, [uuidv7(), identifier, personId, inAnHour(now), now]);
  return token;
}

function inAnHour(now: Date): Date {
  return new Date(now.getTime() + LINK_SECONDS * 1_000);
}

/** The address of our page with the button that confirms, and where that leads on; better-auth says `/` for nowhere. */
function confirmLink(baseUrl: string, link: string, token: string): string {
  const url = new URL(CONFIRM_PAGE, baseUrl);
  url.searchParams.set('token', token);
  const onTo = new URL(link).searchParams.get('callbackURL') ?? '/';
  if (onTo !== '/') url.searchParams.set('callbackURL', onTo);
  return url.href;
}

function resetLink(baseUrl: string, path: string, token: string): string {
  const url = new URL(path, baseUrl);
  url.searchParams.set('token', token);
  return url.href;
}

const claims = z.object({ requestType: z.string().optional() });

/** What one of better-auth's signed tokens is for. */
function requestType(token: string): string | undefined {
  const [, payload = ''] = token.split('.');
  return claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString())).requestType;
}
