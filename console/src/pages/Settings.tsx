// Settings: what is a person's own, whatever organization they look at: name, address, password, second step, sessions.
import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { meQuery } from '../api/queries.ts';
import { PageHeader } from '../parts/PageHeader.tsx';
import { Erasure } from './settings/Erasure.tsx';
import { Password } from './settings/Password.tsx';
import { Profile } from './settings/Profile.tsx';
import { Sessions } from './settings/Sessions.tsx';
import { TwoFactor } from './settings/TwoFactor.tsx';

export function Settings() {
  const { data: me } = useQuery(meQuery);
  if (me === undefined) return null;
  return (
    <>
      <PageHeader title="Your settings">Yours alone; no organization sees them.</PageHeader>
      <Stack gap="lg" maw={680}>
        <Profile me={me} />
        <Password />
        <TwoFactor />
        <Sessions />
        <Erasure me={me} />
      </Stack>
    </>
  );
}
