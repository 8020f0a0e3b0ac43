// The pages on which a person reads the caught mails: plain text, nothing from a mail is ever run or loaded.
import type { Message } from './mailbox.ts';

/** The list of mails, newest first. */
export function listPage(messages: readonly Message[], to?: string): string {
  const rows = messages.map(
    ({ id, subject, to: recipients, receivedAt }) =>
      `<li><a href="/mails/${escapeHtml(id)}"><strong>${escapeHtml(subject || '(no subject)')}</strong>
      <span>to ${escapeHtml(recipients.join(', '))}</span>
      <time datetime="${escapeHtml(receivedAt)}">${escapeHtml(readable(receivedAt))}</time></a></li>`,
  );
  const filter = to === undefined ? '' : ` to ${escapeHtml(to)} <a href="/">show all</a>`;
  const body =
    rows.length > 0 ? `<ol>${rows.join('\n')}</ol>` : '<p>No mail yet. It appears here once sent.</p>';
  return page(
    'Caught mail',
    `<h1>Caught mail</h1><p class="soft">${messages.length} ${messages.length === 1 ? 'mail' : 'mails'}${filter}, newest first. Nobody receives them.</p>${body}`,
  );
}

/** One mail, as text; its http(s) addresses can be followed. */
export function mailPage(message: Message): string {
  return page(
    message.subject,
    `<p><a href="/">All mail</a></p><article><h1>${escapeHtml(message.subject || '(no subject)')}</h1>
    <dl><dt>From</dt><dd>${escapeHtml(message.from)}</dd><dt>To</dt><dd>${escapeHtml(message.to.join(', '))}</dd>
    <dt>Received</dt><dd>${escapeHtml(readable(message.receivedAt))}</dd></dl>
    <pre>${withLinks(message.text)}</pre></article>`,
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
:root { color-scheme: light dark; --ink: #1d2433; --soft: #5b6579; --line: #dfe3ea; --paper: #fff; --back: #f5f6f9; --accent: #3b4fc4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf2; --soft: #a3adc0; --line: #343c4d; --paper: #1b212d; --back: #12161f; --accent: #8c9bff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 46rem; margin: 2rem auto 4rem; padding: 0 1rem; }
h1 { font-size: 1.375rem; line-height: 1.3; margin: 0 0 .5rem; text-wrap: balance; overflow-wrap: anywhere; } p { margin: 0 0 1rem; }
a { color: var(--accent); } a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
ol, article { background: var(--paper); border: 1px solid var(--line); border-radius: 12px; }
ol { list-style: none; margin: 0; padding: 0; overflow: hidden; } li + li { border-top: 1px solid var(--line); }
li a { display: grid; grid-template-columns: 1fr auto; gap: .1rem 1rem; padding: .75rem 1.25rem; color: inherit; text-decoration: none; }
li a:hover { background: var(--back); } li a:focus-visible { outline-offset: -3px; } li strong { grid-column: 1 / -1; overflow-wrap: anywhere; }
li span, li time, dt, .soft { color: var(--soft); font-size: .9375rem; } li span { overflow-wrap: anywhere; } li time { font-variant-numeric: tabular-nums; }
article { padding: 1.5rem; } dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem 1rem; margin: 0; font-size: .9375rem; } dd { margin: 0; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; border-top: 1px solid var(--line); margin: 1.25rem 0 0; padding-top: 1.25rem; }
@media (max-width: 32rem) { li a { grid-template-columns: 1fr; } }
</style></head><body><main>${body}</main></body></html>`;
}
