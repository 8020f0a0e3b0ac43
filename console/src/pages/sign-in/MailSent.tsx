// After a mail went out: where to look, and how to get another one.
import { Alert, Button, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { messageOf } from '../../api/problem.ts';
import { TextLink } from '../../parts/links.tsx';
import { SignedOutPage } from '../SignedOutPage.tsx';

interface MailSentProps {
  readonly title: string;
  readonly address: string;
  readonly says: string;
  readonly again: () => Promise<unknown>;
}

export function MailSent({ title, address, says, again }: MailSentProps) {
  const resend = useMutation({ mutationFn: again });
  return (
    <SignedOutPage title={title}>
      <Stack gap="sm">
        <Text>
          If <b>{address}</b> is an address that can be used here, a mail is on its way to it. {says}
        </Text>
        {resend.isSuccess && (
          <Alert role="status">Sent again. It may take a minute, or be among the spam.</Alert>
        )}
        {resend.error !== null && (
          <Alert color="red" role="alert">
            {messageOf(resend.error)}
          </Alert>
        )}
        <Button variant="default" loading={resend.isPending} onClick={() => resend.mutate()}>
          Send it again
        </Button>
        <TextLink to="/sign-in" size="sm" ta="center">
          Back to sign-in
        </TextLink>
      </Stack>
    </SignedOutPage>
  );
}
