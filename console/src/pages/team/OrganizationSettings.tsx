// The organization itself: its name, its name in addresses, and its end.
import { Button, Group, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, read } from '../../api/client.ts';
import { messageOf, ProblemError } from '../../api/problem.ts';
import { meQuery } from '../../api/queries.ts';
import { Confirm } from '../../parts/Confirm.tsx';
import { Section } from '../../parts/Section.tsx';
import { isSteward } from '../../rights.ts';
import type { Organization } from './organization.ts';

export function OrganizationSettings({ organization }: { readonly organization: Organization }) {
  const [isClosing, setClosing] = useState(false);
  if (!isSteward(organization)) return null;
  return (
    <Section title="Organization">
      <Stack align="flex-start">
        <Rename organization={organization} />
        {organization.role === 'owner' && (
          <Button variant="subtle" color="red" onClick={() => setClosing(true)}>
            Close the organization
          </Button>
        )}
      </Stack>
      {isClosing && <Close organization={organization} onClose={() => setClosing(false)} />}
    </Section>
  );
}

function Rename({ organization }: { readonly organization: Organization }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState(organization.name);
  const [slug, setSlug] = useState(organization.key);
  const rename = useMutation({
    mutationFn: () =>
      read(
        api.PATCH('/v1/organizations/{organizationId}', {
          params: { path: { organizationId: organization.organizationId } },
          body: { name: name.trim(), slug: slug.trim() },
        }),
      ),
    onSuccess: async (renamed) => {
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
      await navigate({ to: '/accounts/$context/team', params: { context: renamed.slug }, replace: true });
      notifications.show({ message: 'The organization is renamed.' });
    },
  });
  const fields = rename.error instanceof ProblemError ? rename.error.fields : undefined;
  const general = rename.error !== null && fields?.size === 0 ? messageOf(rename.error) : undefined;
  const isSame = name.trim() === organization.name && slug.trim() === organization.key;
  return (
    <form
      noValidate
      style={{ width: '100%' }}
      onSubmit={(event) => {
        event.preventDefault();
        rename.mutate();
      }}
    >
      <Group align="flex-start" grow preventGrowOverflow={false}>
        <TextInput
          label="Name"
          value={name}
          error={fields?.get('name') ?? general}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
        />
        <TextInput
          label="Name in addresses"
          value={slug}
          error={fields?.get('slug')}
          onChange={({ currentTarget }) => setSlug(currentTarget.value)}
        />
      </Group>
      <Button type="submit" variant="default" mt="sm" loading={rename.isPending} disabled={isSame}>
        Rename
      </Button>
    </form>
  );
}

interface CloseProps {
  readonly organization: Organization;
  readonly onClose: () => void;
}

function Close({ organization, onClose }: CloseProps) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const close = useMutation({
    mutationFn: () =>
      api.POST('/v1/organizations/{organizationId}/close', {
        params: { path: { organizationId: organization.organizationId } },
        body: { confirm: typed.trim() },
      }),
    onSuccess: async () => {
      await navigate({ to: '/accounts/$context/billing', params: { context: '@me' } });
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
    },
  });
  return (
    <Confirm
      title={`Close ${organization.name}`}
      action="Close for good"
      isPending={close.isPending}
      error={close.error}
      onConfirm={() => close.mutate()}
      onClose={onClose}
    >
      <Stack>
        <span>
          Every API key and token is revoked, auto top-up ends, all members leave, and the balance can be used
          no more. What is left of it, the operator settles with you. It cannot be undone.
        </span>
        <TextInput
          label={`Type ${organization.key} to confirm`}
          autoComplete="off"
          value={typed}
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        />
      </Stack>
    </Confirm>
  );
}
