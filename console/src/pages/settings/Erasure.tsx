// Erasure: name, address, sign-in and cards go for good; what was used and paid stays, under an id.
import { Button, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../api/client.ts';
import { messageOf } from '../../api/problem.ts';
import type { SchemaMe } from '../../api/schema.d.ts';
import { Section } from '../../parts/Section.tsx';
import { sessionChanged } from '../../session/one-person.ts';
import { FormFault } from '../sign-in/FormFault.tsx';

export function Erasure({ me }: { readonly me: SchemaMe }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const erase = useMutation({
    mutationFn: () => api.POST('/v1/me/erasure', { body: { confirm: typed.trim() } }),
    onSuccess: async () => {
      sessionChanged(queries);
      await navigate({ to: '/sign-in' });
    },
  });
  return (
    <Section
      title="Erase me"
      says="Your name, e-mail address, sign-in and saved cards are erased, your API keys are revoked, you leave your organizations, and your personal balance is closed. It cannot be undone."
    >
      <Stack gap="sm" align="flex-start">
        {erase.error !== null && <FormFault>{messageOf(erase.error)}</FormFault>}
        <TextInput
          label={`Type ${me.email} to confirm`}
          autoComplete="off"
          w="100%"
          value={typed}
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        />
        <Button
          color="red"
          variant="light"
          disabled={typed.trim().toLowerCase() !== me.email.toLowerCase()}
          loading={erase.isPending}
          onClick={() => erase.mutate()}
        >
          Erase me for good
        </Button>
      </Stack>
    </Section>
  );
}
