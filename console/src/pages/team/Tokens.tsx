// Tokens of the organization's programs: to read, or to manage API keys.
import { Badge, Button, Code, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { tokensQuery } from '../../api/queries/keys.ts';
import type { SchemaOrganizationToken } from '../../api/schema.d.ts';
import { Confirm } from '../../parts/Confirm.tsx';
import { useDraftDialog } from '../../parts/draft.ts';
import { QueryState } from '../../parts/QueryState.tsx';
import { Section } from '../../parts/Section.tsx';
import { When } from '../../parts/When.tsx';
import { NewToken, newTokenDraft } from './NewToken.tsx';

export function Tokens({ organizationId }: { readonly organizationId: string }) {
  const query = useQuery(tokensQuery(organizationId));
  const making = useDraftDialog(newTokenDraft(organizationId));
  const [revoked, setRevoked] = useState<SchemaOrganizationToken>();
  const items = query.data?.items ?? [];
  return (
    <Section
      title="Tokens for programs"
      says="A program of yours reads balance and usage with one, or manages API keys. It belongs to the organization, not to whoever made it."
    >
      <QueryState query={query} lines={1} />
      {items.length > 0 && (
        <Table.ScrollContainer minWidth={520}>
          <Table className="stacked" aria-label="Tokens">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th>Last used</Table.Th>
                <Table.Th>Works</Table.Th>
                <Table.Th>
                  <span className="sr-only">Actions</span>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((token) => (
                <Table.Tr key={token.id}>
                  <Table.Td>
                    <Text size="sm" fw={550}>
                      {token.name}
                    </Text>
                    <Text size="xs" c="dimmed">
                      <Code>{token.prefix}…</Code> {token.scopes.join(', ')}
                      {token.createdBy !== null && ` · made by ${token.createdBy.name}`}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm">
                      {token.lastUsedAt === null ? 'Never used' : <When at={token.lastUsedAt} withTime />}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    {token.state === 'active' && token.expiresAt !== null ? (
                      <Text size="sm">
                        until <When at={token.expiresAt} />
                      </Text>
                    ) : (
                      <Badge color="gray" variant="light">
                        {token.state}
                      </Badge>
                    )}
                  </Table.Td>
                  <Table.Td ta="right">
                    {token.state === 'active' && (
                      <Button
                        size="compact-sm"
                        variant="subtle"
                        color="red"
                        aria-label={`Revoke ${token.name}`}
                        onClick={() => setRevoked(token)}
                      >
                        Revoke
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <Button variant="default" mt={items.length > 0 ? 'md' : 0} onClick={making.open}>
        Make a token
      </Button>
      {making.isOpen && <NewToken organizationId={organizationId} onClose={making.close} />}
      {revoked !== undefined && (
        <RevokeToken organizationId={organizationId} token={revoked} onClose={() => setRevoked(undefined)} />
      )}
    </Section>
  );
}

interface RevokeTokenProps {
  readonly organizationId: string;
  readonly token: SchemaOrganizationToken;
  readonly onClose: () => void;
}

function RevokeToken({ organizationId, token, onClose }: RevokeTokenProps) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () =>
      api.DELETE('/v1/organizations/{organizationId}/tokens/{tokenId}', {
        params: { path: { organizationId, tokenId: token.id } },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries(tokensQuery(organizationId));
      onClose();
    },
  });
  return (
    <Confirm
      title={`Revoke "${token.name}"`}
      action="Revoke for good"
      isPending={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      The program that uses it is refused within a second. It cannot be undone.
    </Confirm>
  );
}
