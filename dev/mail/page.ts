// The pages on which a person reads the caught mails: plain text, nothing from a mail is ever run or loaded.
import type { Message } from './mailbox.ts';

/** The list of mails, newest first. */
export function listPage(messages: readonly Message[], to?: string): string {
  const rows = messages.map(
    ({ id, subject, from, to: recipients, receivedAt }) =>
      `<li><a href="/mails/${escapeHtml(id)}"><strong>${escapeHtml(subject || '(no subject)')}</strong>
      <span>to ${escapeHtml(recipients.join(', '))}</span><span>from ${escapeHtml(from)}</span>
      <time datetime="${escapeHtml(receivedAt)}">${escapeHtml(readable(receivedAt))}</time></a></li>`,
  );
  const filter = to === undefined ? '' : ` to ${escapeHtml(to)} <a href="/">show all</a>`;
  const body =
    rows.length > 0 ? `<ol>${rows.join('\n')}</ol>` : '<p>No mail yet. It appears here once sent.</p>';
  return page(
    'Caught mail',
    `<h1>Caught mail</h1><p>${messages.length} mails${filter}, newest first. Nobody receives them.</p>${body}`,
  );
}

/** One mail, as text; its http(s) addresses can be followed. */
export function mailPage(message: Message): string {
  return page(
    message.subject,
    `<p><a href="/">All mail</a></p><h1>${escapeHtml(message.subject || '(no subject)')}</h1>
    <dl><dt>From</dt><dd>${escapeHtml(message.from)}</dd><dt>To</dt><dd>${escapeHtml(message.to.join(', '))}</dd>
    <dt>Received</dt><dd>${escapeHtml(readable(message.receivedAt))}</dd></dl>
    <pre>${withLinks(message.text)}</pre>`,
  );
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function withLinks(text: string): string {
  return text
    .split(/(https?:\/\/[^\s<>"']+)/)
    .map((piece, index) => {
      const safe = escapeHtml(piece);
      return index % 2 === 1 ? `<a href="${safe}" rel="noreferrer noopener">${safe}</a>` : safe;
    })
    .join('');
}

function readable(receivedAt: string): string {
  return receivedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
ol { list-style: none; padding: 0; } li { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
li a { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; padding: .6rem 0; color: inherit; text-decoration: none; }
li a:hover strong { text-decoration: underline; } li strong { grid-column: 1 / -1; } li time { grid-column: 2; }
span, time, dt { opacity: .7; } dl { display: grid; grid-template-columns: auto 1fr; gap: 0 1rem; } dd { margin: 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; border-top: 1px solid; padding-top: 1rem; }
</style></head><body>${body}</body></html>`;
}
