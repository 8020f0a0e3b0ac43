// The team of an organization: members and their roles, invitations, tokens of its programs, and its name.
import { Button, Stack } from '@mantine/core';
import { useAccountContext } from '../context.ts';
import { useDraftDialog } from '../parts/draft.ts';
import { PageHeader } from '../parts/PageHeader.tsx';
import { isSteward } from '../rights.ts';
import { NotFound } from './Failures.tsx';
import { Invitations } from './team/Invitations.tsx';
import { Invite, inviteDraft } from './team/Invite.tsx';
import { Members } from './team/Members.tsx';
import { OrganizationSettings } from './team/OrganizationSettings.tsx';
import { Tokens } from './team/Tokens.tsx';

export function Team() {
  const context = useAccountContext();
  const { organizationId } = context;
  const inviting = useDraftDialog(inviteDraft(organizationId ?? ''));
  if (organizationId === undefined) return <NotFound />;
  const organization = { ...context, organizationId };
  return (
    <>
      <PageHeader
        title="Team"
        action={isSteward(context) && <Button onClick={inviting.open}>Invite somebody</Button>}
      >
        {`Who shares the balance of ${context.name}.`}
      </PageHeader>
      <Stack gap="lg">
        <Members organization={organization} />
        {isSteward(context) && <Invitations organization={organization} />}
        {isSteward(context) && <Tokens organizationId={organizationId} />}
        <OrganizationSettings organization={organization} />
      </Stack>
      {inviting.isOpen && isSteward(context) && (
        <Invite organization={organization} onClose={inviting.close} />
      )}
    </>
  );
}
