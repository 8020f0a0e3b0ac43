// Mails about sign-in as they arrive: to the right address, with a link that works, which is then nowhere else.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ParsedMail, simpleParser } from 'mailparser';
import { createTransport } from 'nodemailer';
import { SMTPServer } from 'smtp-server';
import { sendNotices } from '../activities/mail/send-notices.ts';
import { startTestApi, type TestApi } from './support/api.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { browser, ORIGIN, PASSWORD, personWithPassword, signInFrom } from './support/sign-in.ts';

let database: TestDatabase;
let api: TestApi;
let server: SMTPServer;
let refusing = false;
const received: { to: string; mail: ParsedMail }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const to = session.envelope.rcptTo.map(({ address }) => address).join();
      simpleParser(stream).then((mail) => {
        if (!refusing) received.push({ to, mail });
        done(refusing ? new Error('mailbox full') : undefined);
      }, done);
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  await new Promise<void>((resolve) => server.close(resolve));
  await api.close();
  await database.drop();
});

/** Sends what waits; returns what arrived. */
async function send(now = new Date()): Promise<{ to: string; subject: string; link: string }[]> {
  const address = server.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  received.length = 0;
  const mail = createTransport({ host: '127.0.0.1', port, secure: false });
  const from = 'Coffer <coffer@example.com>';
  await sendNotices({ pool: database.pool, clock: () => now, mail, from, baseUrl: ORIGIN }, 50);
  return received.map(({ to, mail: { subject = '', text = '' } }) => ({
    to,
    subject,
    link: /^(http:\/\/localhost:8080\/\S*token=\S+)$/m.exec(text)?.[1] ?? '',
  }));
}

async function detailsOf(kind: string): Promise<unknown[]> {
  const { rows } = await database.pool.query('select details from notices where kind = $1', [kind]);
  return rows.map(({ details }) => details);
}

test('whoever signs up gets a link that signs them in, and after it was sent nobody finds it in the database', async () => {
  const email = 'mia@example.com';
  await browser(api).post('/api/auth/sign-up/email', { email, password: PASSWORD, name: 'Mia Mail' });
  const [mail] = await send();
  expect(mail).toMatchObject({ to: email, subject: 'Confirm your e-mail address' });
  expect(await detailsOf('verify-email')).toEqual([{}]);
  const tab = browser(api);
  await tab.confirm(mail?.link ?? '');
  expect((await tab.get('/v1/me')).body.email).toBe(email);
  expect(await send()).toEqual([]);
});

test('who changes their address is asked at the old one, then at the new one, and told when it is done', async () => {
  const email = 'olive@example.com';
  const newEmail = 'olive@new.example.com';
  await personWithPassword(database.pool, email);
  const tab = browser(api);
  await signInFrom(tab, email);
  await tab.post('/api/auth/change-email', { newEmail });
  const [asked] = await send();
  expect(asked?.to).toBe(email);
  expect(received[0]?.mail.text).toContain(newEmail);
  await tab.confirm(asked?.link ?? '');
  const [confirmed] = await send();
  expect(confirmed).toMatchObject({ to: newEmail, subject: 'Confirm your new e-mail address' });
  await tab.confirm(confirmed?.link ?? '');
  expect((await tab.get('/v1/me')).body.email).toBe(newEmail);
  expect([...(await detailsOf('confirm-new-email')), ...(await detailsOf('verify-new-email'))]).toEqual([
    {},
    {},
  ]);
  const [told] = await send();
  expect(told).toMatchObject({ to: email, subject: 'Your e-mail address was changed' });
});

test('a link that could not be sent within its hour is not sent any more, and gone', async () => {
  const email = 'full@example.com';
  await personWithPassword(database.pool, email);
  await browser(api).post('/api/auth/request-password-reset', { email });
  refusing = true;
  expect(await send()).toEqual([]);
  refusing = false;
  const [waiting] = await detailsOf('reset-password');
  expect(waiting).toHaveProperty('link');
  expect(await send(new Date(Date.now() + 2 * 3_600_000))).toEqual([]);
  expect(await detailsOf('reset-password')).toEqual([{}]);
});

test('every change of how somebody signs in is told to them', async () => {
  const email = 'told@example.com';
  await personWithPassword(database.pool, email);
  const tab = browser(api);
  await signInFrom(tab, email);
  await tab.post('/api/auth/change-password', {
    currentPassword: PASSWORD,
    newPassword: 'entirely different words',
  });
  expect(await send()).toEqual([{ to: email, subject: 'Your password was changed', link: '' }]);
});
