// The form of auto top-up: the terms, whose card, what it would have charged lately; then a last look before it counts.
import { Modal } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read } from '../../api/client.ts';
import { autoTopUpQuery, paymentMethodsQuery } from '../../api/queries.ts';
import type { SchemaAutoTopUp, SchemaAutoTopUpTerms } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { useDraft } from '../../parts/draft.ts';
import { useFocusBack } from '../../parts/focus-back.ts';
import { useSend } from '../../parts/form/use-send.ts';
import { ConfirmRule } from './ConfirmRule.tsx';
import { RuleFields } from './RuleFields.tsx';
import { draftOf, KEEP, type RuleDraft, ruleDraftName, termsOf } from './rule-form.ts';

interface AutoTopUpFormProps {
  readonly context: Context;
  readonly rule: SchemaAutoTopUp | null;
  readonly myId: string;
  readonly onClose: () => void;
}

export function AutoTopUpForm({ context, rule, myId, onClose }: AutoTopUpFormProps) {
  useFocusBack();
  const { accountId } = context;
  const queries = useQueryClient();
  const { data: cards } = useQuery(paymentMethodsQuery);
  const { values: kept, change, drop, keep } = useDraft(ruleDraftName(accountId), draftOf(rule, myId));
  const [agreed, setAgreed] = useState<SchemaAutoTopUp>();
  const draft = withNewCard(kept, cards?.items[0]?.id);

  const put = (terms: SchemaAutoTopUpTerms, preview: 'true' | 'false') =>
    read(
      api.PUT('/v1/accounts/{accountId}/auto-top-up', {
        params: { path: { accountId }, query: { preview } },
        body: { ...terms, ...(draft.card !== KEEP && { paymentMethodId: draft.card }) },
      }),
    );
  const review = useSend((terms: SchemaAutoTopUpTerms) => put(terms, 'true'), setAgreed);
  const store = useSend(
    (terms: SchemaAutoTopUpTerms) => put(terms, 'false'),
    async () => {
      drop();
      await queries.invalidateQueries(autoTopUpQuery(accountId));
      onClose();
    },
  );
  const terms = termsOf(draft, rule);
  const close = () => {
    drop();
    onClose();
  };

  return (
    <Modal
      // each step is a sheet of its own: it begins at its top, and the focus with it
      key={agreed === undefined ? 'terms' : 'consent'}
      opened
      onClose={close}
      title={agreed === undefined ? 'Auto top-up' : 'Check and agree'}
      size="lg"
      closeOnClickOutside={false}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {agreed === undefined || terms === undefined ? (
        <RuleFields
          context={context}
          rule={rule}
          myId={myId}
          draft={draft}
          cards={cards?.items ?? []}
          review={review}
          onChange={(changed) => {
            if (review.error !== null) review.reset();
            change({ waitsForCard: false, card: draft.card, ...changed });
          }}
          onReview={(checked) => {
            keep();
            review.send(checked);
          }}
        />
      ) : (
        <ConfirmRule
          context={context}
          preview={agreed}
          card={cards?.items.find(({ id }) => id === draft.card)}
          isOn={rule?.state === 'enabled'}
          store={store}
          onBack={() => {
            store.reset();
            setAgreed(undefined);
          }}
          onAgree={() => store.send(terms)}
        />
      )}
    </Modal>
  );
}

/** Back from saving a card: the newest one is the one that was saved. */
function withNewCard(draft: RuleDraft, newest: string | undefined): RuleDraft {
  return draft.waitsForCard && newest !== undefined ? { ...draft, card: newest } : draft;
}
