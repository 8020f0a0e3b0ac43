// Making an organization: its name, and what it is called in addresses, made of the name unless somebody says otherwise.
import { Alert, Button, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { api, read } from '../api/client.ts';
import { messageOf, ProblemError } from '../api/problem.ts';
import { meQuery } from '../api/queries.ts';
import { dropDraft, useDraft } from './draft.ts';

const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;

const EMPTY: { name: string; slug: string; isSlugTyped: boolean } = {
  name: '',
  slug: '',
  isSlugTyped: false,
};

export function OrganizationForm() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [draft, change] = useDraft('organization', EMPTY);
  const [isChecked, setChecked] = useState(false);
  const wish = useRef<{ content: string; key: string }>(null);
  const name = draft.name.trim();
  const slug = draft.isSlugTyped ? draft.slug.trim() : slugOf(name);

  const make = useMutation({
    mutationFn: () => {
      const body = { name, ...(draft.isSlugTyped && { slug }) };
      const content = JSON.stringify(body);
      // sent twice by a double click or after a lost reply, it is one organization
      if (wish.current?.content !== content) wish.current = { content, key: crypto.randomUUID() };
      return read(
        api.POST('/v1/organizations', { params: { header: { 'Idempotency-Key': wish.current.key } }, body }),
      );
    },
    onSuccess: async (made) => {
      dropDraft('organization');
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
      await queries.fetchQuery(meQuery);
      await navigate({ to: '/accounts/$context/billing', params: { context: made.slug } });
    },
  });
  const problem = make.error instanceof ProblemError ? make.error : undefined;
  const isTaken = problem?.code === 'slug-taken';
  const nameFault = problem?.fields.get('name') ?? (isChecked && name === '' ? 'Give it a name.' : undefined);
  const slugFault = isTaken
    ? 'Another organization is called so already. Choose another name.'
    : (problem?.fields.get('slug') ?? (isChecked && draft.isSlugTyped ? faultOf(slug) : undefined));
  const isTold = nameFault !== undefined || slugFault !== undefined;

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setChecked(true);
        const isRight = name !== '' && (!draft.isSlugTyped || faultOf(slug) === undefined);
        if (isRight && !make.isPending && !make.isSuccess) make.mutate();
      }}
    >
      <Stack gap="sm" maw={420}>
        <TextInput
          label="Name"
          placeholder="Acme"
          autoComplete="organization"
          maxLength={100}
          value={draft.name}
          error={nameFault}
          onChange={({ currentTarget }) => {
            change({ name: currentTarget.value });
            make.reset();
          }}
        />
        <TextInput
          label="Name in addresses"
          description={`Its pages are at ${window.location.host}/accounts/${slug || '…'}`}
          autoComplete="off"
          maxLength={63}
          value={slug}
          error={slugFault}
          onChange={({ currentTarget }) => {
            change({ slug: currentTarget.value, isSlugTyped: currentTarget.value !== '' });
            make.reset();
          }}
        />
        {make.error !== null && !isTold && (
          <Alert color="red" role="alert">
            {messageOf(make.error)}
          </Alert>
        )}
        <Button type="submit" loading={make.isPending || make.isSuccess} style={{ alignSelf: 'flex-start' }}>
          Make the organization
        </Button>
      </Stack>
    </form>
  );
}

const faultOf = (slug: string): string | undefined =>
  SLUG.test(slug) ? undefined : 'Use lower-case letters, digits, and single hyphens between them.';

/** What the server will make of a name, if nobody has it yet. */
function slugOf(name: string): string {
  const plain = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '');
}
