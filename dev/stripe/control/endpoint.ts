// The endpoint that the sandbox itself is told to deliver to, beside those made through the API.
import { newId } from '../core/ids.ts';
import type { World } from '../core/world.ts';
import { buildWebhookEndpoint } from '../objects/webhook-endpoint.ts';

const SETTING = 'own_endpoint';

/** Sets where events go; without a secret the one before stays, or a new one is made. Waiting deliveries go to the new URL. */
export function setEndpoint(
  world: World,
  given: { url: string; secret?: string | undefined; enabledEvents?: string[] | undefined },
): { url: string; secret: string } {
  const before = world.webhookEndpoints.find(world.store.setting(SETTING) ?? '');
  const secret = given.secret ?? before?.hidden.secret ?? newId('whsec', 32);
  if (before === undefined) {
    const fields = {
      url: given.url,
      enabledEvents: given.enabledEvents ?? ['*'],
      description: 'set by the sandbox',
    };
    const endpoint = buildWebhookEndpoint(fields, world.clock.now());
    world.webhookEndpoints.insert(endpoint, { secret });
    world.store.saveSetting(SETTING, endpoint.id);
  } else {
    const enabledEvents = given.enabledEvents ?? before.body.enabled_events;
    world.webhookEndpoints.save(
      { ...before.body, url: given.url, enabled_events: enabledEvents },
      { secret },
    );
  }
  return { url: given.url, secret };
}
