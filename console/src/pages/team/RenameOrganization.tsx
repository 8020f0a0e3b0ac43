// Renaming an organization, for people and in addresses.
import { Button, Group, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api, read } from '../../api/client.ts';
import { meQuery } from '../../api/queries.ts';
import { FormFault } from '../../parts/form/FormFault.tsx';
import { nameFault, slugFault } from '../../parts/form/rules.ts';
import { useForm } from '../../parts/form/use-form.ts';
import type { Organization } from './organization.ts';

export function RenameOrganization({ organization }: { readonly organization: Organization }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { organizationId } = organization;
  const form = useForm({
    draft: `organization.${organizationId}`,
    initial: { name: organization.name, slug: organization.key },
    faultsOf: ({ name, slug }) => ({ name: nameFault(name), slug: slugFault(slug) }),
    refusals: { 'slug-taken': 'slug' },
    send: ({ name, slug }) =>
      read(
        api.PATCH('/v1/organizations/{organizationId}', {
          params: { path: { organizationId } },
          body: { name: name.trim(), slug: slug.trim() },
        }),
      ),
    onSent: async (renamed) => {
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
      await navigate({ to: '/accounts/$context/team', params: { context: renamed.slug }, replace: true });
      notifications.show({ message: 'The organization is renamed.' });
    },
  });
  const { name, slug } = form.values;
  const isSame = name.trim() === organization.name && slug.trim() === organization.key;
  return (
    <form {...form.props} style={{ width: '100%' }}>
      {form.rest !== undefined && <FormFault>{form.rest}</FormFault>}
      <Group align="flex-start" grow preventGrowOverflow={false}>
        <TextInput label="Name" {...form.text('name')} />
        <TextInput label="Name in addresses" {...form.text('slug')} />
      </Group>
      <Group mt="sm" gap="xs">
        <Button type="submit" variant="default" loading={form.isPending} disabled={isSame}>
          Rename
        </Button>
        {!isSame && (
          <Button variant="subtle" color="gray" onClick={form.discard}>
            Discard
          </Button>
        )}
      </Group>
    </form>
  );
}
