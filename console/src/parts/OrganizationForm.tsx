// Making an organization: its name, and what it is called in addresses, made of the name unless somebody says otherwise.
import { Button, Stack, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api, read } from '../api/client.ts';
import { meQuery } from '../api/queries.ts';
import { FormFault } from './form/FormFault.tsx';
import { nameFault, slugFault } from './form/rules.ts';
import { useForm } from './form/use-form.ts';

export function OrganizationForm() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const form = useForm({
    draft: 'organization',
    // a slug that nobody typed is left to the server
    initial: { name: '', slug: '' },
    faultsOf: ({ name, slug }) => ({
      name: nameFault(name, 'Give it a name.'),
      slug: slug === '' ? undefined : slugFault(slug),
    }),
    refusals: { 'slug-taken': 'slug' },
    send: ({ name, slug }, wish) =>
      read(
        api.POST('/v1/organizations', {
          params: { header: { 'Idempotency-Key': wish().key } },
          body: { name: name.trim(), ...(slug !== '' && { slug: slug.trim() }) },
        }),
      ),
    onSent: async (made) => {
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
      await queries.fetchQuery(meQuery);
      await navigate({ to: '/accounts/$context/billing', params: { context: made.slug } });
    },
  });
  const slug = form.values.slug || slugOf(form.values.name);
  return (
    <form {...form.props}>
      {form.rest !== undefined && <FormFault>{form.rest}</FormFault>}
      <Stack gap="sm" maw={420}>
        <TextInput label="Name" placeholder="Acme" autoComplete="organization" {...form.text('name')} />
        <TextInput
          label="Name in addresses"
          description={`Its pages are at ${window.location.host}/accounts/${slug || '…'}`}
          autoComplete="off"
          {...form.text('slug')}
          value={slug}
        />
        <Button type="submit" loading={form.isPending} style={{ alignSelf: 'flex-start' }}>
          Make the organization
        </Button>
      </Stack>
    </form>
  );
}

/** What the server will make of a name, if nobody has it yet. */
function slugOf(name: string): string {
  const plain = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '');
}
