// The draft of adding credit: it stays until somebody is back from its payment page.

/** Its name among the drafts of the tab. */
export const addCreditDraft = (accountId: string) => `add-credit.${accountId}`;
