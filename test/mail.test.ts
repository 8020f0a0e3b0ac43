// The mail catcher: what was sent is read as sent, also after a kill.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import nodemailer from 'nodemailer';
import { z } from 'zod';

const messages = z.object({
  items: z.array(
    z.object({ id: z.string(), to: z.array(z.string()), subject: z.string(), text: z.string() }),
  ),
});
const listening = z.object({ msg: z.literal('listening'), port: z.number(), smtpPort: z.number() });

const folder = mkdtempSync(join(tmpdir(), 'coffer-mail-'));
let catcher: Catcher;

beforeAll(async () => {
  catcher = await startCatcher();
});

afterAll(async () => {
  await catcher.end('SIGTERM');
  rmSync(folder, { recursive: true });
});

test('a mail is listed for the one it was sent to', async () => {
  await send('ann@example.com', 'Credit added', 'Your organization has 25.00 USD more.');
  await send('bob@example.com', 'Something else', 'Nothing.');
  expect((await list('ANN@example.com')).map(({ subject, text }) => [subject, text.trim()])).toEqual([
    ['Credit added', 'Your organization has 25.00 USD more.'],
  ]);
});

test('an accepted mail survives a kill, and the newest comes first', async () => {
  await send('cy@example.com', 'first', 'one');
  await send('cy@example.com', 'second', 'two');
  await catcher.end('SIGKILL');
  catcher = await startCatcher();
  expect((await list('cy@example.com')).map(({ subject }) => subject)).toEqual(['second', 'first']);
});

test('a page shows a mail as text and runs nothing of it', async () => {
  await send('dan@example.com', '<script>alert(1)</script>', 'see https://example.com/x?a=1&b=2 <img src=x>');
  const [mail] = await list('dan@example.com');
  const pages = [await page('/?to=dan@example.com'), await page(`/mails/${mail?.id}`)];
  for (const html of pages) expect(html).not.toMatch(/<script|<img/);
  expect(pages[1]).toContain('href="https://example.com/x?a=1&amp;b=2"');
});

interface Catcher {
  url: string;
  smtpPort: number;
  end(signal: NodeJS.Signals): Promise<void>;
}

async function startCatcher(): Promise<Catcher> {
  const env = { ...process.env, NODE_OPTIONS: '', MAIL_DATA: join(folder, 'mail.jsonl') };
  const child = spawn(process.execPath, ['dev/mail/main.ts'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const { port, smtpPort } = listening.parse(JSON.parse(line));
    return { url: `http://127.0.0.1:${port}`, smtpPort, end: (signal) => end(child, signal) };
  }
  throw new Error('the mail catcher ended');
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  await ended;
}

async function send(to: string, subject: string, text: string): Promise<void> {
  const transport = nodemailer.createTransport({
    host: '127.0.0.1',
    port: catcher.smtpPort,
    ignoreTLS: true,
  });
  await transport.sendMail({ from: 'Coffer <coffer@example.com>', to, subject, text });
  transport.close();
}

async function list(to: string) {
  const answer = await fetch(`${catcher.url}/messages?to=${encodeURIComponent(to)}`);
  return messages.parse(await answer.json()).items;
}

async function page(path: string): Promise<string> {
  return (await fetch(`${catcher.url}${path}`)).text();
}
