// A question mark that explains: opened by a click, a key, or a finger, and closed by Escape.
import { ActionIcon } from '@mantine/core';
import { IconHelpCircle } from '@tabler/icons-react';
import { type ReactNode, Suspense } from 'react';
import { lazyPart } from './load-part.ts';
import { type ControlProps, useOpening } from './opening.ts';

export const HintNote = lazyPart(async () => (await import('./HintNote.tsx')).HintNote);

export interface HintProps {
  readonly about: string;
  readonly children: ReactNode;
}

export function Hint({ about, children }: HintProps) {
  const { isOpened, control } = useOpening(HintNote);
  if (!isOpened)
    return <HintButton about={about} aria-haspopup="dialog" aria-expanded={false} {...control} />;
  return (
    <Suspense fallback={<HintButton about={about} />}>
      <HintNote about={about}>{children}</HintNote>
    </Suspense>
  );
}

/** The question mark itself. */
export function HintButton({ about, ...control }: { readonly about: string } & ControlProps) {
  return (
    <ActionIcon variant="subtle" color="gray" size="xs" aria-label={`What does ${about} mean?`} {...control}>
      <IconHelpCircle size={15} stroke={1.6} aria-hidden />
    </ActionIcon>
  );
}
