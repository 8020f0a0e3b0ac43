// The index page: what this is, and what happened lately.
import type { Row } from '../core/store.ts';
import type { World } from '../core/world.ts';
import { type Html, html } from './html.ts';
import { money, type PageReply, pageReply, when } from './layout.ts';

/** The page at `/`. */
export function showIndex(world: World): PageReply {
  const charges = world.charges
    .list({ limit: 15 })
    .map(({ body }) => [
      when(body.created),
      money(body.amount, body.currency),
      body.status === 'failed' ? `failed: ${body.outcome?.reason ?? ''}` : body.status,
      body.description ?? '',
      body.id,
    ]);
  const events = world.store
    .rows(
      `select json_extract(o.body, '$.type') as type, o.created, o.id, d.state, d.attempts, d.last_result
       from objects o left join deliveries d on d.event_id = o.id
       where o.type = 'event' order by o.seq desc, d.id desc limit 25`,
    )
    .map((row) => [when(Number(row['created'])), String(row['type']), deliveryWords(row), String(row['id'])]);
  const requests = world.store
    .rows('select * from requests order by received_at desc limit 15')
    .map((row) => [
      when(Number(row['received_at']) / 1000),
      `${row['method']} ${row['path']}`,
      String(row['status'] ?? 'no reply'),
      String(row['fault'] ?? ''),
    ]);
  return pageReply(
    200,
    'Stripe sandbox',
    html`<section class="card"><h1>Stripe sandbox</h1>
      <p class="soft">A local stand-in for the part of Stripe that Coffer uses. Call it with any <code>sk_test_</code>
      key at <code>${world.baseUrl}</code>. Its clock reads ${when(world.clock.now())}.</p></section>
      ${table('Payments', ['Time', 'Amount', 'Status', 'For', 'Charge'], charges)}
      ${table('Events', ['Time', 'Type', 'Delivery', 'Event'], events)}
      ${table('Requests', ['Time', 'Request', 'Status', 'Fault'], requests)}`,
    'wide',
  );
}

function deliveryWords(row: Row): string {
  if (row['state'] === null) return 'no endpoint';
  return `${row['state']} (${row['attempts']}) ${row['last_result'] ?? ''}`;
}

function table(title: string, columns: string[], rows: string[][]): Html {
  if (rows.length === 0)
    return html`<section class="card"><h2>${title}</h2><p class="soft">None yet.</p></section>`;
  return html`<section class="card"><h2>${title}</h2><div class="scroll"><table>
    <thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>`)}</tbody></table></div></section>`;
}

/** Times and amounts stay on one line. */
function cell(text: string): Html {
  const isShort = text.length <= 24 && /\d/.test(text);
  return html`<td class="${isShort ? 'tight' : ''}">${text}</td>`;
}
