// An invitation: to what, from whom, and the two answers; whoever has no account signs up on the way.
import { Alert, Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { api, read } from '../api/client.ts';
import { messageOf } from '../api/problem.ts';
import { meQuery } from '../api/queries.ts';
import { ButtonLink } from '../parts/links.tsx';
import { When } from '../parts/When.tsx';
import { signOut } from '../session/session.ts';
import { SignedOutPage } from './SignedOutPage.tsx';

export function Invitation() {
  const { secret } = useParams({ from: '/invitations/$secret' });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const here = `/invitations/${secret}`;
  const invitation = useQuery({
    queryKey: ['invitation', secret],
    queryFn: () => read(api.GET('/v1/invitations/{secret}', { params: { path: { secret } } })),
  });
  const me = useQuery({ ...meQuery, retry: false });
  const accept = useMutation({
    mutationFn: () => read(api.POST('/v1/invitations/{secret}/accept', { params: { path: { secret } } })),
    onSuccess: async ({ organizationId }) => {
      await queries.invalidateQueries({ queryKey: meQuery.queryKey });
      const { organizations } = await queries.fetchQuery(meQuery);
      const joined = organizations.find(({ id }) => id === organizationId);
      await (joined === undefined
        ? navigate({ to: '/', replace: true })
        : navigate({ to: '/accounts/$context/billing', params: { context: joined.slug }, replace: true }));
    },
  });
  const decline = useMutation({
    mutationFn: () => api.POST('/v1/invitations/{secret}/decline', { params: { path: { secret } } }),
    onSuccess: () => navigate({ to: '/', replace: true }),
  });
  const change = useMutation({
    mutationFn: () => signOut(queries),
    onSuccess: () => navigate({ to: '/sign-in', search: { next: here } }),
  });

  if (invitation.isPending || me.isLoading) {
    return (
      <SignedOutPage title="Your invitation">
        <Skeleton height={120} aria-label="Loading" />
      </SignedOutPage>
    );
  }
  if (invitation.error !== null) {
    return (
      <SignedOutPage title="This invitation cannot be used">
        <Stack>
          <Text>{messageOf(invitation.error)}</Text>
          <ButtonLink to="/" variant="default">
            Go to your balance
          </ButtonLink>
        </Stack>
      </SignedOutPage>
    );
  }
  const { organization, role, email, invitedBy, state, expiresAt } = invitation.data;
  const isMine = me.data?.email.toLowerCase() === email.toLowerCase();
  const fault = accept.error ?? decline.error;
  return (
    <SignedOutPage title={`Join ${organization.name}`}>
      <Stack>
        <Text>
          {invitedBy.name ?? 'A member'} invites <b>{email}</b> to {organization.name} as {role}. You share
          its balance; nothing of your own account or cards becomes visible to the others.
        </Text>
        {state !== 'pending' && (
          <>
            <Alert color="yellow" role="status">
              {STATES[state]}
            </Alert>
            <ButtonLink to="/" variant="default">
              Go to your balance
            </ButtonLink>
          </>
        )}
        {fault !== null && (
          <Alert color="red" role="alert">
            {messageOf(fault)}
          </Alert>
        )}
        {state === 'pending' && me.data === undefined && (
          <Group grow>
            <ButtonLink to="/sign-up" search={{ next: here, email }}>
              Sign up
            </ButtonLink>
            <ButtonLink to="/sign-in" search={{ next: here }} variant="default">
              Sign in
            </ButtonLink>
          </Group>
        )}
        {state === 'pending' && me.data !== undefined && !isMine && (
          <>
            <Alert color="yellow">
              You are signed in as {me.data.email}. The invitation is for another address.
            </Alert>
            <Button variant="default" loading={change.isPending} onClick={() => change.mutate()}>
              Sign in as somebody else
            </Button>
            <ButtonLink to="/" variant="subtle">
              Go to your balance
            </ButtonLink>
          </>
        )}
        {state === 'pending' && isMine && (
          <Group grow>
            <Button loading={accept.isPending || accept.isSuccess} onClick={() => accept.mutate()}>
              Join
            </Button>
            <Button variant="default" loading={decline.isPending} onClick={() => decline.mutate()}>
              Decline
            </Button>
          </Group>
        )}
        {state === 'pending' && (
          <Text size="sm" c="dimmed">
            The link works once, until <When at={expiresAt} />.
          </Text>
        )}
      </Stack>
    </SignedOutPage>
  );
}

const STATES = {
  accepted: 'It was accepted already.',
  declined: 'It was declined. Ask to be invited again if you changed your mind.',
  revoked: 'It was taken back. Ask whoever invited you.',
  expired: 'It has expired. Ask to have it sent again.',
};
