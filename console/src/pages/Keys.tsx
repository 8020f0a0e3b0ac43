// API keys: mine, and for owners and admins everybody's, with who answers for each, its last use and its spend.
import { Button, Paper, SegmentedControl, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type KeyState, keysQuery } from '../api/queries/keys.ts';
import { useAccountContext } from '../context.ts';
import { useDraftDialog } from '../parts/draft.ts';
import { PageHeader } from '../parts/PageHeader.tsx';
import { QueryState } from '../parts/QueryState.tsx';
import { ShowMore } from '../parts/ShowMore.tsx';
import { isSteward } from '../rights.ts';
import { KeyTable } from './keys/KeyTable.tsx';
import { newKeyDraft } from './keys/key-act.ts';
import { NewKey } from './keys/NewKey.tsx';

export function Keys() {
  const context = useAccountContext();
  const [state, setState] = useState<KeyState>('active');
  const making = useDraftDialog(newKeyDraft(context.accountId));
  const query = useInfiniteQuery(keysQuery(context.accountId, state));
  const keys = query.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <>
      <PageHeader title="API keys" action={<Button onClick={making.open}>Make a key</Button>}>
        {context.organizationId === undefined
          ? 'What is used with these is paid from your personal balance.'
          : isSteward(context)
            ? `Everybody's keys that ${context.name} pays for.`
            : `Your keys that ${context.name} pays for.`}
      </PageHeader>
      <SegmentedControl
        mb="md"
        aria-label="Which keys"
        value={state}
        onChange={(next) =>
          setState(next === 'expired' ? 'expired' : next === 'revoked' ? 'revoked' : 'active')
        }
        data={[
          { value: 'active', label: 'Active' },
          { value: 'expired', label: 'Expired' },
          { value: 'revoked', label: 'Revoked' },
        ]}
      />
      <Paper>
        <QueryState query={query} />
        {query.isSuccess && keys.length === 0 && (
          <Text c="dimmed">
            {state === 'active'
              ? 'There is no key yet. Make one, give it to your program, and every request with it shows up under Transactions with your name.'
              : `No key is ${state}.`}
          </Text>
        )}
        {keys.length > 0 && <KeyTable context={context} keys={keys} />}
        <ShowMore query={query} />
      </Paper>
      {making.isOpen && <NewKey context={context} onClose={making.close} />}
    </>
  );
}
