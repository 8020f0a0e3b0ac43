// The first minutes: from an empty account to the first request, in four steps that tick themselves off.
import { Suspense } from 'react';
import type { Context } from '../../contexts.ts';
import { useDraftDialog } from '../../parts/draft.ts';
import { lazyPart } from '../../parts/load-part.ts';
import { newKeyDraft } from '../keys/key-act.ts';
import { useProgress } from './progress.ts';

const Guide = lazyPart(async () => (await import('./Guide.tsx')).Guide);
const NewKey = lazyPart(async () => (await import('../keys/NewKey.tsx')).NewKey);

export function FirstRun({ context }: { readonly context: Context }) {
  const { progress, hide } = useProgress(context);
  const making = useDraftDialog(newKeyDraft(context.accountId));
  return (
    <>
      <Suspense>
        {progress !== undefined && (
          <Guide context={context} progress={progress} onMakeKey={making.open} onHide={hide} />
        )}
      </Suspense>
      {/* the dialog with the secret stays open although making the key has ended its step */}
      <Suspense>{making.isOpen && <NewKey context={context} onClose={making.close} />}</Suspense>
    </>
  );
}
