// A new organization, from the profile menu.
import { Paper } from '@mantine/core';
import { OrganizationForm } from '../parts/OrganizationForm.tsx';
import { PageHeader } from '../parts/PageHeader.tsx';

export function NewOrganization() {
  return (
    <>
      <PageHeader title="New organization">
        It has a balance of its own that its members share. You become its first owner.
      </PageHeader>
      <Paper>
        <OrganizationForm />
      </Paper>
    </>
  );
}
