// Metrics: an operator counts charges, top-ups, webhook events and rings in what the two processes tell Prometheus.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { postAsActor, saveCard, setRule } from './support/auto-top-up-rule.ts';
import { createFundedTeam, startTestCoffer, type TestCoffer } from './support/coffer.ts';
import { until } from './support/soak.ts';
import { untilCalm } from './support/sponsor.ts';
import { eventOfCents, postUsage } from './support/traffic.ts';

let coffer: TestCoffer;

beforeAll(async () => {
  coffer = await startTestCoffer({ worker: true, sandbox: true });
});
afterAll(async () => {
  await coffer?.stop();
});

/** The counters of a process by name and labels, without those that are zero. */
async function counters(port: number | undefined): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const lines = text.split('\n').filter((line) => /^coffer_\w+_total/.test(line));
  const pairs = lines.map((line): [string, number] => {
    const at = line.lastIndexOf(' ');
    return [line.slice(0, at), Number(line.slice(at + 1))];
  });
  return new Map(pairs.filter(([, value]) => value > 0));
}

test('a crossing is counted on its way: usage, posting, charge, top-up, delivery, event', async () => {
  const { pool, url, gatewayToken, api, worker } = coffer;
  const team = await createFundedTeam(pool, 11);
  const paymentMethodId = await saveCard(coffer, team.owner);
  await setRule(pool, { accountId: team.accountId, sponsorId: team.owner.personId, paymentMethodId });
  await postAsActor(pool, team.accountId);
  await postUsage(url, gatewayToken, [eventOfCents(team.apiKeyIds[0] ?? '', 150)]);
  await untilCalm(coffer);
  await until('the event to be followed', async () =>
    (await counters(worker?.port)).has('coffer_webhook_events_total{result="processed"}'),
  );

  const ofWorker = await counters(worker?.port);
  expect(ofWorker.get('coffer_charges_total{outcome="succeeded"}')).toBe(1);
  expect(ofWorker.get('coffer_top_ups_total{mode="auto",state="paid"}')).toBe(1);
  expect(ofWorker.get('coffer_postings_total{outcome="posted"}')).toBeGreaterThanOrEqual(2);
  expect(ofWorker.get('coffer_webhook_events_total{result="failed"}')).toBeUndefined();

  const ofApi = await counters(api.port);
  expect(ofApi.get('coffer_usage_events_total{status="recorded"}')).toBe(1);
  expect(ofApi.get('coffer_webhook_deliveries_total{result="stored"}')).toBeGreaterThanOrEqual(1);
});

test('a delivery that Stripe did not sign is counted as such', async () => {
  const answer = await fetch(`${coffer.url}/webhooks/stripe`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': 't=1,v1=0' },
    body: '{}',
  });
  expect(answer.status).toBe(400);
  const ofApi = await counters(coffer.api.port);
  expect(ofApi.get('coffer_webhook_deliveries_total{result="signature-invalid"}')).toBe(1);
});

test('no label takes a value that grows with accounts, requests or payments', async () => {
  for (const port of [coffer.api.port, coffer.worker?.port]) {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith('coffer_'));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => /[0-9a-f]{8}-|"(pi|ch|evt|pm)_/.test(line))).toEqual([]);
  }
});
