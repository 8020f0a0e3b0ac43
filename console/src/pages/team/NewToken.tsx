// Making a token: its name, what it may do, until when, and its secret, which is shown this once.
import { Alert, Button, Checkbox, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';
import { tokensQuery } from '../../api/queries/keys.ts';
import { Secret } from '../../parts/Secret.tsx';

const LIFETIMES = ['30', '90', '180', '365'];
const SCOPES = [
  { value: 'read', label: 'Read', description: 'Balance, history, usage and exports' },
  { value: 'keys', label: 'Manage API keys', description: 'Make, rename, rotate, hand over and revoke them' },
] as const;
type Scope = (typeof SCOPES)[number]['value'];

interface NewTokenProps {
  readonly organizationId: string;
  readonly onClose: () => void;
}

export function NewToken({ organizationId, onClose }: NewTokenProps) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly Scope[]>(['read']);
  const [days, setDays] = useState('90');
  const make = useMutation({
    mutationFn: () =>
      read(
        api.POST('/v1/organizations/{organizationId}/tokens', {
          params: { path: { organizationId } },
          body: {
            name: name.trim(),
            scopes: [...scopes],
            expiresAt: new Date(Date.now() + Number(days) * 86_400_000).toISOString(),
          },
        }),
      ),
    onSuccess: () => queries.invalidateQueries(tokensQuery(organizationId)),
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={make.data === undefined ? 'Make a token' : `The token "${make.data.name}"`}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {make.data === undefined ? (
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            if (!make.isPending) make.mutate();
          }}
        >
          <Stack>
            <TextInput
              label="Name"
              placeholder="Monthly report"
              data-autofocus
              value={name}
              onChange={({ currentTarget }) => setName(currentTarget.value)}
            />
            <Checkbox.Group
              label="May"
              value={[...scopes]}
              onChange={(chosen) =>
                setScopes(SCOPES.map(({ value }) => value).filter((scope) => chosen.includes(scope)))
              }
            >
              <Stack gap="xs" mt="xs">
                {SCOPES.map(({ value, label, description }) => (
                  <Checkbox key={value} value={value} label={label} description={description} />
                ))}
              </Stack>
            </Checkbox.Group>
            <Select
              label="Works for"
              data={LIFETIMES.map((value) => ({
                value,
                label: value === '365' ? 'A year' : `${value} days`,
              }))}
              value={days}
              allowDeselect={false}
              onChange={(value) => setDays(value ?? '90')}
            />
            {make.error !== null && (
              <Alert color="red" role="alert">
                {messageOf(make.error)}
              </Alert>
            )}
            <Button
              type="submit"
              loading={make.isPending}
              disabled={name.trim() === '' || scopes.length === 0}
            >
              Make the token
            </Button>
          </Stack>
        </form>
      ) : (
        <Stack>
          <Secret secret={make.data.secret} kind="token" />
          <Button variant="default" onClick={onClose}>
            Done
          </Button>
        </Stack>
      )}
    </Modal>
  );
}
