// A mailed link that confirms an address: a button, because programs that look at mails open links, and then the way on.
import { Button, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { messageOf } from '../api/problem.ts';
import { FormFault } from '../parts/form/FormFault.tsx';
import { ButtonLink } from '../parts/links.tsx';
import { localPath } from '../session/local-path.ts';
import { sessionChanged } from '../session/one-person.ts';
import { confirmAddress } from '../session/session.ts';
import { SignedOutPage } from './SignedOutPage.tsx';

export function ConfirmAddress() {
  const search = useSearch({ from: '/sign-in/confirm' });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const confirm = useMutation({
    mutationFn: () => confirmAddress(search),
    onSuccess: async (isConfirmed) => {
      if (!isConfirmed) return;
      sessionChanged(queries);
      await navigate({ href: localPath(search.callbackURL) ?? '/', replace: true });
    },
  });
  if (search.token === undefined || confirm.data === false) return <LinkInvalid />;
  return (
    <SignedOutPage title="Is this your e-mail address?">
      <Stack>
        <Text>
          Confirm it, as the mail says. If you did not expect that mail, close this page: nothing happens
          then.
        </Text>
        {confirm.error !== null && <FormFault>{messageOf(confirm.error)}</FormFault>}
        <Button loading={confirm.isPending || confirm.isSuccess} onClick={() => confirm.mutate()}>
          Confirm
        </Button>
      </Stack>
    </SignedOutPage>
  );
}

function LinkInvalid() {
  return (
    <SignedOutPage title="This link works no more">
      <Stack>
        <Text>
          It was used already, is older than an hour, or is incomplete. Nothing was changed. Sign in: if your
          address still has to be confirmed, a new link is mailed to you.
        </Text>
        <ButtonLink to="/sign-in">Sign in</ButtonLink>
      </Stack>
    </SignedOutPage>
  );
}

/** Where a confirmation ends that leads no further. */
export function Confirmed() {
  return (
    <SignedOutPage title="Thank you, that is confirmed">
      <Stack>
        <Text>If this was about a new address, it gets a mail with a link of its own now.</Text>
        <ButtonLink to="/">Go to your balance</ButtonLink>
      </Stack>
    </SignedOutPage>
  );
}
