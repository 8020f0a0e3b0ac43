// The API as people use it: every call is made by somebody, by their id or with a token of theirs.
import type { Auth } from '../../api/auth.ts';
import type { Clock } from '../../ledger/clock.ts';
import { type JsonAnswer, startTestApi } from './api.ts';
import type { TestDatabase } from './database.ts';
import { createTestAuth, signIn } from './people.ts';

export interface PeopleApi {
  readonly auth: Auth;
  /** Sends a request; `as` is a person's id or a whole token, `headers` come on top. */
  call(
    method: string,
    path: string,
    more?: { as?: string; body?: unknown; headers?: Record<string, string> },
  ): Promise<JsonAnswer>;
  close(): Promise<void>;
}

/** Starts the API on a free port. */
export async function startPeopleApi(database: TestDatabase, clock?: Clock): Promise<PeopleApi> {
  const api = await startTestApi(database, clock && { clock });
  const auth = createTestAuth(database.pool);
  return {
    auth,
    async call(method, path, { as, body, headers = {} } = {}) {
      const isToken = as === undefined || as.includes('.') || as.startsWith('cof_');
      const token = isToken ? as : await signIn(auth, as);
      const response = await api.call(method, path, { token, body, headers });
      return { status: response.status, headers: response.headers, body: parsed(await response.text()) };
    },
    close: () => api.close(),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
