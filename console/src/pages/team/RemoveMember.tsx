// Removing a member: what becomes of the keys that are in use, so that production does not die with a leaver.
import { Alert, Select, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { api, read } from '../../api/client.ts';
import { membersQuery } from '../../api/queries/keys.ts';
import type { SchemaMember } from '../../api/schema.d.ts';
import { Confirm } from '../../parts/Confirm.tsx';
import { useDraft } from '../../parts/draft.ts';
import { useSend } from '../../parts/form/use-send.ts';
import { When } from '../../parts/When.tsx';
import type { Organization } from './organization.ts';

interface RemoveMemberProps {
  readonly organization: Organization;
  readonly member: SchemaMember;
  readonly onClose: () => void;
}

const REVOKE = '';

const NO_HEIRS: { readonly heirs: Readonly<Record<string, string>> } = { heirs: {} };

/** The draft of the form that removes a member. */
export const removalDraft = ({ organizationId }: Organization, memberId: string) =>
  `remove-member.${organizationId}.${memberId}`;

export function RemoveMember({ organization, member, onClose }: RemoveMemberProps) {
  const queries = useQueryClient();
  const { organizationId } = organization;
  const path = { organizationId, memberId: member.id };
  const detail = useQuery({
    // not below `members`: once they are removed there is nothing to ask about
    queryKey: ['leaver', organizationId, member.id],
    queryFn: () =>
      read(api.GET('/v1/organizations/{organizationId}/members/{memberId}', { params: { path } })),
    staleTime: 0,
  });
  const members = useQuery(membersQuery(organizationId));
  const draft = useDraft(removalDraft(organization, member.id), NO_HEIRS);
  const { heirs } = draft.values;
  const remove = useSend(
    () => {
      const handOver = Object.entries(heirs).flatMap(([apiKeyId, heir]) =>
        heir === REVOKE ? [] : [`${apiKeyId}:${heir}`],
      );
      return api.DELETE('/v1/organizations/{organizationId}/members/{memberId}', {
        params: { path, query: handOver.length === 0 ? {} : { handOver } },
      });
    },
    async () => {
      draft.drop();
      await queries.invalidateQueries({ queryKey: ['members', organizationId] });
      await queries.invalidateQueries({ queryKey: ['api-keys', organization.accountId] });
      onClose();
    },
  );
  const choices = [
    { value: REVOKE, label: 'Revoke it' },
    ...(members.data?.items ?? [])
      .filter(({ id }) => id !== member.id)
      .map(({ id, name }) => ({ value: id, label: `Hand to ${name}` })),
  ];
  const keysInUse = detail.data?.keysInUse ?? [];
  return (
    <Confirm
      title={`Remove ${member.name}`}
      action={`Remove ${member.name}`}
      isPending={remove.isPending}
      error={remove.error ?? detail.error}
      onConfirm={() => {
        draft.keep();
        remove.send(undefined);
      }}
      onClose={() => {
        draft.discard();
        onClose();
      }}
    >
      <Stack>
        <Text size="sm">
          {member.name} sees nothing of {organization.name} any more. What they used and paid stays in the
          history under their name.
        </Text>
        {detail.data?.sponsorsAutoTopUp === true && (
          <Alert color="yellow">
            Auto top-up uses their card and pauses. Another owner or admin can set it anew.
          </Alert>
        )}
        {detail.isPending && <Skeleton height={60} aria-label="Loading" />}
        {keysInUse.length > 0 && (
          <Text size="sm" fw={550}>
            Keys used within the last day. Every other key of theirs is revoked.
          </Text>
        )}
        {keysInUse.map(({ id, name, lastUsedAt }) => (
          <Select
            key={id}
            label={name}
            description={
              <>
                Last used <When at={lastUsedAt} withTime />
              </>
            }
            data={choices}
            allowDeselect={false}
            value={heirs[id] ?? REVOKE}
            onChange={(heir) => draft.change({ heirs: { ...heirs, [id]: heir ?? REVOKE } })}
          />
        ))}
        {detail.data !== undefined && keysInUse.length === 0 && (
          <Text size="sm">None of their keys was used within the last day; all are revoked.</Text>
        )}
      </Stack>
    </Confirm>
  );
}
