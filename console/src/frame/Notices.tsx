// The place of short notices; it is loaded after the page, and what is said before that waits for it.
import { Suspense, useEffect, useState } from 'react';
import { lazyPart } from '../parts/load-part.ts';
import { whenIdle } from '../parts/opening.ts';

const NoticeStack = lazyPart(async () => (await import('./NoticeStack.tsx')).NoticeStack);

export function Notices() {
  const [isTime, setTime] = useState(false);
  useEffect(() => whenIdle(() => setTime(true)), []);
  return <Suspense>{isTime && <NoticeStack />}</Suspense>;
}
