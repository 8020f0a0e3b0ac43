// Billing: the balance and what it is made of, adding credit, auto top-up, who paid what, and my own cards.

import { Alert, Button, Paper, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Suspense, useEffect } from 'react';
import { accountQuery, paymentMethodsQuery } from '../api/queries.ts';
import { useAccountContext } from '../context.ts';
import { dropDraft, forgetWish, readDraft } from '../parts/draft.ts';
import { lazyPart } from '../parts/load-part.ts';
import { PageHeader } from '../parts/PageHeader.tsx';
import { QueryState } from '../parts/QueryState.tsx';
import { AutoTopUp } from './billing/AutoTopUp.tsx';
import { addCreditDraft } from './billing/add-credit-draft.ts';
import { BalanceCard } from './billing/BalanceCard.tsx';
import { PaymentMethods } from './billing/PaymentMethods.tsx';
import { ruleDraftName } from './billing/rule-form.ts';
import { TopUps } from './billing/TopUps.tsx';
import type { BillingSearch } from './billing-search.ts';
import { FirstRun } from './first-run/FirstRun.tsx';

const AddCredit = lazyPart(async () => (await import('./billing/AddCredit.tsx')).AddCredit);
const Contributions = lazyPart(async () => (await import('./billing/Contributions.tsx')).Contributions);
const TopUpBanner = lazyPart(async () => (await import('./billing/TopUpBanner.tsx')).TopUpBanner);
const TopUpDetails = lazyPart(async () => (await import('./billing/TopUpDetails.tsx')).TopUpDetails);

/** About so much room it takes, so that little moves when it comes. */
const CONTRIBUTIONS_HEIGHT = 240;

export function Billing() {
  const context = useAccountContext();
  const { accountId } = context;
  const search = useSearch({ from: '/signed-in/accounts/$context/billing' });
  const navigate = useNavigate();
  const account = useQuery(accountQuery(accountId));
  const isOpen = account.data?.state !== 'frozen' && account.data?.state !== 'closed';
  const show = (next: BillingSearch) =>
    void navigate({
      to: '/accounts/$context/billing',
      params: { context: context.key },
      search: next,
      resetScroll: false,
    });
  useReturn(accountId, search, show);

  return (
    <>
      <PageHeader
        title="Billing"
        action={
          <Button onClick={() => show({ add: true })} disabled={!isOpen}>
            + Add Credit to Balance
          </Button>
        }
      >
        {context.organizationId === undefined
          ? 'Your personal balance. Nobody else sees it.'
          : `The balance that everybody in ${context.name} shares.`}
      </PageHeader>
      <Suspense>
        {search.topUp !== undefined && (
          <TopUpBanner
            context={context}
            topUpId={search.topUp}
            wasCancelled={search.cancelled === true}
            onAgain={() => show({ add: true })}
            onClose={() => show({})}
          />
        )}
      </Suspense>
      {search.cardSaved !== undefined && <CardBanner isSaved={search.cardSaved} onClose={() => show({})} />}
      <FirstRun context={context} />
      <Stack gap="lg">
        {account.data === undefined ? (
          <Paper>
            <QueryState query={account} />
          </Paper>
        ) : (
          <BalanceCard account={account.data} context={context} />
        )}
        <AutoTopUp
          context={context}
          isOpen={isOpen}
          isEditing={search.auto === true}
          onEdit={(isEditing) => show(isEditing ? { auto: true } : {})}
        />
        <TopUps accountId={accountId} onOpen={(topUpId) => show({ show: topUpId })} />
        {context.organizationId !== undefined && (
          <Suspense fallback={<Paper h={CONTRIBUTIONS_HEIGHT} />}>
            <Contributions accountId={accountId} />
          </Suspense>
        )}
        <PaymentMethods context={context} />
      </Stack>
      <Suspense>
        {search.add === true && isOpen && <AddCredit context={context} onClose={() => show({})} />}
        {search.show !== undefined && (
          <TopUpDetails accountId={accountId} topUpId={search.show} onClose={() => show({})} />
        )}
      </Suspense>
    </>
  );
}

/** Back from a hosted page: a card that was saved there is read anew, and who was setting up auto top-up goes on where they were. */
function useReturn(
  accountId: string,
  { cardSaved, auto, topUp, cancelled }: BillingSearch,
  show: (next: BillingSearch) => void,
): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (topUp === undefined) return;
    // who did not pay finds the amount again, and begins a payment of its own with it
    if (cancelled === true) forgetWish(addCreditDraft(accountId));
    else dropDraft(addCreditDraft(accountId));
  }, [topUp, cancelled, accountId]);
  useEffect(() => {
    if (cardSaved === undefined) return;
    void queries.invalidateQueries(paymentMethodsQuery);
    const draft = readDraft(ruleDraftName(accountId), { waitsForCard: false });
    if (draft?.waitsForCard === true && auto === undefined) show({ cardSaved, auto: true });
  });
}

function CardBanner({ isSaved, onClose }: { readonly isSaved: boolean; readonly onClose: () => void }) {
  return (
    <Alert
      mb="lg"
      color={isSaved ? 'teal' : 'gray'}
      title={isSaved ? 'Your card is saved' : 'No card was saved'}
      role="status"
      withCloseButton
      closeButtonLabel="Close"
      onClose={onClose}
    >
      {isSaved
        ? 'Nothing was charged. You can use it for auto top-up now.'
        : 'Nothing was charged. You can try again at any time.'}
    </Alert>
  );
}
