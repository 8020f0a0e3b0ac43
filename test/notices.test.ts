// Notices: who is told what by mail, once, and what mail never tells.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTransport } from 'nodemailer';
import { SMTPServer } from 'smtp-server';
import { sendNotices } from '../activities/mail/send-notices.ts';
import type { Pool } from '../ledger/database.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { createTeam, type TestOrganization } from './support/people.ts';

let database: TestDatabase;
let pool: Pool;
let team: TestOrganization;
let server: SMTPServer;
let port: number;
let refusing = false;
const received: { to: string; text: string }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  pool = database.pool;
  team = await createTeam(pool);
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (refusing) return done(new Error('mailbox full'));
        const to = session.envelope.rcptTo.map(({ address }) => address).join();
        received.push({ to, text: Buffer.concat(chunks).toString() });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(async () => {
  await new Promise<void>((resolve) => server.close(resolve));
  await database.drop();
});

async function send(now = new Date()): Promise<{ to: string; text: string }[]> {
  received.length = 0;
  const mail = createTransport({ host: '127.0.0.1', port, secure: false });
  await sendNotices(
    { pool, clock: () => now, mail, from: 'Coffer <coffer@example.com>', baseUrl: 'http://localhost:8080' },
    20,
  );
  return [...received].sort((a, b) => a.to.localeCompare(b.to));
}

test('a pause is told to the owners and admins, once, and without the reason of the bank', async () => {
  for (let i = 0; i < 2; i += 1) {
    await pool.query(
      `select tell_stewards('pause-1', 'auto-top-up-suspended', $1, '{"reason":"hard"}', $2)`,
      [team.accountId, new Date()],
    );
  }
  const mails = await send();
  expect(mails.map(({ to }) => to)).toEqual([team.admin.email, team.owner.email].sort());
  for (const { text } of mails) {
    expect(text).toContain('Auto top-up for Acme is paused');
    expect(text).not.toMatch(/hard|stolen|fraud|4242/i);
  }
  expect(await send()).toEqual([]);
});

test('a payer is told what was charged', async () => {
  await pool.query(`select tell_person('paid-1', 'top-up-paid', $1, $2, $3, $4)`, [
    team.owner.personId,
    team.accountId,
    { mode: 'auto', amount: '20000000000', currency: 'usd' },
    new Date(),
  ]);
  const [mail] = await send();
  expect(mail?.to).toBe(team.owner.email);
  expect(mail?.text).toContain('Subject: Auto top-up: $20.00 for Acme');
});

test('a mail that cannot be sent is tried again later', async () => {
  await pool.query(`select tell_person('paid-2', 'top-up-paid', $1, $2, '{"amount":"5000000000"}', $3)`, [
    team.owner.personId,
    team.accountId,
    new Date(),
  ]);
  refusing = true;
  expect(await send()).toEqual([]);
  refusing = false;
  expect(await send()).toEqual([]);
  expect(await send(new Date(Date.now() + 60_000))).toHaveLength(1);
});
