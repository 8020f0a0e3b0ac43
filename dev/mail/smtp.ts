// The SMTP side: takes every mail from this machine and answers only once it is in the mailbox.
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { v7 as uuidv7 } from 'uuid';
import type { Mailbox } from './mailbox.ts';

const LARGEST_BYTES = 2 * 1024 * 1024;

/** Listens on 127.0.0.1; resolves with the server and the port it got. */
export async function startSmtp(
  mailbox: Mailbox,
  port: number,
): Promise<{ port: number; close(): Promise<void> }> {
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    size: LARGEST_BYTES,
    onData: (stream, session, done) => {
      simpleParser(stream).then(
        (mail) => {
          mailbox.add({
            id: uuidv7(),
            receivedAt: new Date().toISOString(),
            from: mail.from?.text ?? '',
            to: session.envelope.rcptTo.map(({ address }) => address),
            subject: mail.subject ?? '',
            text: mail.text ?? '',
          });
          done();
        },
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      );
    },
  });
  const listening = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.server.address();
      resolve(address !== null && typeof address === 'object' ? address.port : port);
    });
  });
  server.on('error', () => {}); // a client that hangs up is no reason to end
  return { port: listening, close: () => new Promise((resolve) => server.close(() => resolve())) };
}
