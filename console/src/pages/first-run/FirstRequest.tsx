// The first request: what normally happens by itself, and a line for the terminal that lets one see it now.
import { Code, Group, Loader, Stack, Text } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../../api/client.ts';
import type { SchemaApiKey } from '../../api/schema.d.ts';
import { Copy } from '../../parts/Copy.tsx';

const pricesQuery = queryOptions({
  queryKey: ['prices'],
  queryFn: () => read(api.GET('/v1/prices')),
  staleTime: 300_000,
});

export function FirstRequest({ apiKey }: { readonly apiKey: SchemaApiKey | undefined }) {
  const { data: prices } = useQuery(pricesQuery);
  const [request] = useState(() => ({
    id: `first-request-${crypto.randomUUID().slice(0, 8)}`,
    occurredAt: new Date().toISOString(),
  }));
  const model = prices?.items[0]?.model ?? 'a-model';
  const command = curlOf({ ...request, apiKeyId: apiKey?.id ?? 'the id of your key', model });
  return (
    <Stack gap="sm" align="flex-start">
      <Text size="sm">
        Use your key with the provider's API as usual. Its gateway reports every request to Coffer; there is
        nothing more for you to do, and the first one shows up here within a second.
      </Text>
      <Text size="sm">
        To see it before you have a program, say what the gateway would say. It takes the gateway's token,
        which whoever runs this deployment has.
      </Text>
      <Code block w="100%" tabIndex={0} role="region" aria-label="The command">
        {command}
      </Code>
      <Group>
        <Copy text={command} size="xs" variant="default">
          Copy the command
        </Copy>
        <Group gap={6} role="status">
          <Loader size={14} type="dots" aria-hidden />
          <Text size="sm" c="dimmed">
            Waiting for the first request
          </Text>
        </Group>
      </Group>
    </Stack>
  );
}

/** The usage of one small request, as a gateway reports it; run twice it counts once, because nothing of it changes. */
function curlOf(request: { id: string; occurredAt: string; apiKeyId: string; model: string }): string {
  const event = JSON.stringify({ ...request, inputTokens: 1_200, outputTokens: 300 }, null, 2);
  return [
    `curl ${window.location.origin}/v1/usage \\`,
    '  -H "Authorization: Bearer $COFFER_GATEWAY_TOKEN" \\',
    '  -H "Content-Type: application/json" \\',
    `  -d '${event}'`,
  ].join('\n');
}
