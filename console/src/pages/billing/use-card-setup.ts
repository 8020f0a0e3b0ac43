// Saving a card: the way to the hosted page, from which one comes back to Billing.
import { useMutation } from '@tanstack/react-query';
import { api, read } from '../../api/client.ts';
import { usePageReturn } from '../../parts/page-return.ts';

/** Leads to the page that saves a card. Nothing is charged there. */
export function useCardSetup() {
  const setup = useMutation({
    mutationFn: () =>
      read(
        api.POST('/v1/me/payment-methods', {
          params: { header: { 'Idempotency-Key': crypto.randomUUID() } },
        }),
      ),
    onSuccess: ({ setupUrl }) => {
      if (setupUrl !== null) window.location.assign(setupUrl);
    },
  });
  usePageReturn(setup.reset);
  return setup;
}
