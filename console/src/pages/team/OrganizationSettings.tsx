// The organization itself: its name, its name in addresses, and its end.
import { Button, Stack } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api } from '../../api/client.ts';
import { meQuery } from '../../api/queries.ts';
import { useDraftDialog } from '../../parts/draft.ts';
import { ConfirmByTyping } from '../../parts/form/ConfirmByTyping.tsx';
import { Section } from '../../parts/Section.tsx';
import { isSteward } from '../../rights.ts';
import type { Organization } from './organization.ts';
import { RenameOrganization } from './RenameOrganization.tsx';

export function OrganizationSettings({ organization }: { readonly organization: Organization }) {
  const closing = useDraftDialog(closingDraft(organization));
  if (!isSteward(organization)) return null;
  return (
    <Section title="Organization">
      <Stack align="flex-start">
        <RenameOrganization organization={organization} />
        {organization.role === 'owner' && (
          <Button variant="light" color="red" onClick={closing.open}>
            Close the organization
          </Button>
        )}
      </Stack>
      {closing.isOpen && organization.role === 'owner' && (
        <Close organization={organization} onClose={closing.close} />
      )}
    </Section>
  );
}

const closingDraft = ({ organizationId }: Organization) => `close.${organizationId}`;

interface CloseProps {
  readonly organization: Organization;
  readonly onClose: () => void;
}

function Close({ organization, onClose }: CloseProps) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { organizationId } = organization;
  return (
    <ConfirmByTyping
      draft={closingDraft(organization)}
      title={`Close ${organization.name}`}
      expected={organization.key}
      action="Close for good"
      send={(confirm) =>
        api.POST('/v1/organizations/{organizationId}/close', {
          params: { path: { organizationId } },
          body: { confirm },
        })
      }
      onSent={async () => {
        await navigate({ to: '/accounts/$context/billing', params: { context: '@me' } });
        await queries.invalidateQueries({ queryKey: meQuery.queryKey });
      }}
      onClose={onClose}
    >
      Every API key and token is revoked, auto top-up ends, all members leave, and the balance can be used no
      more. What is left of it, the operator settles with you. It cannot be undone.
    </ConfirmByTyping>
  );
}
