// Sending notices: drains the outbox of mail. Sent at least once; the Message-ID is the notice's, so a second copy is known as one.
import type { Transporter } from 'nodemailer';
import type { Clock } from '../../ledger/clock.ts';
import type { Pool } from '../../ledger/database.ts';
import {
  giveUpNotice,
  markNoticeFailed,
  markNoticeSent,
  type Notice,
  takeNotices,
} from '../../ledger/notices.ts';
import { noticeText } from './notice-text.ts';

export interface NoticeOptions {
  readonly pool: Pool;
  readonly clock: Clock;
  readonly mail: Pick<Transporter, 'sendMail'>;
  readonly from: string;
  readonly baseUrl: string;
}

/** Sends the notices that are due, at most `most`, and returns how many were taken. A failure is kept and tried again. */
export async function sendNotices(options: NoticeOptions, most: number): Promise<number> {
  const { pool, clock, mail, from, baseUrl } = options;
  const notices = await takeNotices(pool, clock(), most);
  for (const notice of notices) {
    if (isTooLate(notice, clock())) {
      await giveUpNotice(pool, notice.id, 'its link works no more');
      continue;
    }
    const { subject, text } = noticeText(notice, baseUrl);
    const to = { name: notice.person.name ?? '', address: notice.person.email };
    try {
      await mail.sendMail({
        from,
        to,
        subject,
        text,
        messageId: `<${notice.id}@${new URL(baseUrl).hostname}>`,
      });
      await markNoticeSent(pool, notice.id, clock());
    } catch (error) {
      await markNoticeFailed(pool, notice.id, error instanceof Error ? error.message : String(error));
    }
  }
  return notices.length;
}

/** A link that has expired would only puzzle its reader. */
function isTooLate({ details }: Notice, now: Date): boolean {
  const until = details['linkUntil'];
  return typeof until === 'string' && Date.parse(until) <= now.getTime();
}
