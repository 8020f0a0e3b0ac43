// Erasure: name, address, sign-in and cards go for good; what was used and paid stays, under an id.
import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api } from '../../api/client.ts';
import type { SchemaMe } from '../../api/schema.d.ts';
import { dropDrafts, useDraftDialog } from '../../parts/draft.ts';
import { ConfirmByTyping } from '../../parts/form/ConfirmByTyping.tsx';
import { Section } from '../../parts/Section.tsx';
import { sessionChanged } from '../../session/one-person.ts';

const DRAFT = 'erasure';

export function Erasure({ me }: { readonly me: SchemaMe }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { isOpen, open, close } = useDraftDialog(DRAFT);
  return (
    <Section
      title="Erase me"
      says="Your name, e-mail address, sign-in and saved cards are erased, your API keys are revoked, you leave your organizations, and your personal balance is closed. It cannot be undone."
    >
      <Button color="red" variant="light" onClick={open}>
        Erase me
      </Button>
      {isOpen && (
        <ConfirmByTyping
          draft={DRAFT}
          title="Erase me"
          expected={me.email}
          action="Erase me for good"
          send={(confirm) => api.POST('/v1/me/erasure', { body: { confirm } })}
          onSent={async () => {
            dropDrafts();
            sessionChanged(queries);
            await navigate({ to: '/sign-in' });
          }}
          onClose={close}
        >
          You are signed out at once, and nobody can bring back what is erased. What was used and paid stays
          in the books, without your name.
        </ConfirmByTyping>
      )}
    </Section>
  );
}
