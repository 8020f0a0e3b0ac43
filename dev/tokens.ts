// `npm run tokens`: makes, lists and revokes the tokens of gateways and operators.
import { validate as isUuid } from 'uuid';
import { displayName } from '../api/names.ts';
import { SYSTEM, withActing } from '../ledger/acting.ts';
import { systemClock } from '../ledger/clock.ts';
import { createPool, type Pool } from '../ledger/database.ts';
import {
  createServiceToken,
  LONGEST_TOKEN_MS,
  listServiceTokens,
  revokeServiceToken,
  type ServiceTokenRecord,
  type ServiceTokenScope,
  serviceTokenScopes,
} from '../ledger/service-tokens.ts';
import { CommandFailed, commandLine, databaseUrlOf, homeOf, runCommand } from './command.ts';

const HELP = `
Usage: npm run tokens -- create --kind gateway|operator --name NAME [--scopes A,B] [--expires 90d]
       npm run tokens -- list
       npm run tokens -- revoke ID

Makes the tokens by which gateways report usage and operators act. The secret is printed this once; only its hash is
kept. Every process honours a revocation within a second. What was made and revoked stands in the deployment's audit.

  --kind      gateway: scopes usage (if none is named), explicit-cost (beside usage: may say itself what an event costs)
              operator: scopes read (look), money (move credit, freeze), prices (import); none named gives all
  --name      what people call it
  --scopes    separated by commas
  --expires   from now on: 90d, 12h or 30m. An operator's must expire, within 366d; a gateway's may last
  --home DIR  the home of the stack (COFFER_HOME, or .coffer); DATABASE_URL says another database`;

const UNITS_MS = { d: 86_400_000, h: 3_600_000, m: 60_000 };
const PAGE = 500;

await runCommand(HELP, async () => {
  const { values, positionals } = commandLine({
    allowPositionals: true,
    options: {
      kind: { type: 'string' },
      name: { type: 'string' },
      scopes: { type: 'string' },
      expires: { type: 'string' },
      home: { type: 'string' },
    },
  });
  const [verb, id, ...rest] = positionals;
  const work = workOf(verb, id, values);
  if (work === undefined || rest.length > 0 || (id !== undefined && verb !== 'revoke')) {
    throw new CommandFailed('Usage: npm run tokens -- create|list|revoke (--help says more)');
  }
  const pool = createPool(databaseUrlOf(homeOf(values.home)), { applicationName: 'coffer tokens', most: 1 });
  try {
    await work(pool);
    return 0;
  } finally {
    await pool.end();
  }
});

/** What a command line asks for, read before anything is connected; undefined for no such verb. */
function workOf(
  verb: string | undefined,
  id: string | undefined,
  options: { kind?: string; name?: string; scopes?: string; expires?: string },
): ((pool: Pool) => Promise<void>) | undefined {
  switch (verb) {
    case 'create': {
      const kind = kindOf(options.kind);
      const name = nameOf(options.name);
      const scopes = scopesOf(kind, options.scopes);
      const lastsMs = durationOf(kind, options.expires);
      return (pool) => create(pool, { kind, name, lastsMs, ...(scopes && { scopes }) });
    }
    case 'list':
      return list;
    case 'revoke':
      if (id === undefined || !isUuid(id)) throw new CommandFailed('revoke needs the id that list shows');
      return (pool) => revoke(pool, id);
    default:
      return undefined;
  }
}

async function create(
  pool: Pool,
  {
    lastsMs,
    ...token
  }: {
    kind: 'gateway' | 'operator';
    name: string;
    scopes?: readonly ServiceTokenScope[];
    lastsMs: number | undefined;
  },
): Promise<void> {
  const now = systemClock();
  const expiresAt = lastsMs === undefined ? undefined : new Date(now.getTime() + lastsMs);
  const { id, secret } = await withActing(pool, SYSTEM, now, (connection) =>
    createServiceToken(connection, { ...token, expiresAt, now }),
  );
  const until = expiresAt === undefined ? 'until it is revoked' : `until ${expiresAt.toISOString()}`;
  process.stderr.write(`${token.kind} token ${id} works ${until}. Its secret is shown only now:\n`);
  process.stdout.write(`${secret}\n`);
}

async function list(pool: Pool): Promise<void> {
  const now = systemClock();
  let before: string | undefined;
  let count = 0;
  do {
    const tokens = await listServiceTokens(pool, undefined, { before, limit: PAGE });
    for (const token of tokens) process.stdout.write(`${described(token, now)}\n`);
    count += tokens.length;
    before = tokens.length < PAGE ? undefined : tokens.at(-1)?.id;
  } while (before !== undefined);
  process.stderr.write(`${count} token${count === 1 ? '' : 's'}\n`);
}

async function revoke(pool: Pool, id: string): Promise<void> {
  const now = systemClock();
  const revoked = await withActing(pool, SYSTEM, now, (connection) =>
    revokeServiceToken(connection, id, now),
  );
  if (!revoked) throw new CommandFailed(`There is no token ${id} to revoke (list shows what there is).`);
  process.stdout.write(`${id} is revoked.\n`);
}

function described(token: ServiceTokenRecord, now: Date): string {
  const { id, kind, prefix, name, scopes, expiresAt, revokedAt, lastUsedAt } = token;
  const state =
    revokedAt !== undefined
      ? `revoked ${revokedAt.toISOString()}`
      : expiresAt === undefined
        ? 'lasts'
        : `${expiresAt <= now ? 'expired' : 'expires'} ${expiresAt.toISOString()}`;
  const used = lastUsedAt === undefined ? 'never used' : `used ${lastUsedAt.toISOString()}`;
  return [id, kind.padEnd(8), `${prefix}…`, scopes.join(','), state, used, name].join('  ');
}

function kindOf(text: string | undefined): 'gateway' | 'operator' {
  if (text === 'gateway' || text === 'operator') return text;
  throw new CommandFailed('--kind is gateway or operator');
}

function nameOf(text: string | undefined): string {
  const name = displayName.safeParse(text ?? '');
  if (name.success) return name.data;
  throw new CommandFailed(`--name: ${name.error.issues[0]?.message ?? 'is no name'}`);
}

function scopesOf(
  kind: 'gateway' | 'operator',
  text: string | undefined,
): readonly ServiceTokenScope[] | undefined {
  if (text === undefined) return undefined;
  const allowed: readonly ServiceTokenScope[] = serviceTokenScopes[kind];
  return [...new Set(text.split(','))].map((word) => {
    const scope = allowed.find((one) => one === word.trim());
    if (scope === undefined) {
      throw new CommandFailed(
        `--scopes: a token of the kind ${kind} has ${allowed.join(', ')}; not "${word.trim()}"`,
      );
    }
    return scope;
  });
}

function durationOf(kind: 'gateway' | 'operator', text: string | undefined): number | undefined {
  if (text === undefined) {
    if (kind === 'gateway') return undefined;
    throw new CommandFailed('--expires: an operator token expires, within 366d: say when, as 90d');
  }
  const [, number = '', unit] = /^([1-9]\d{0,5})([dhm])$/.exec(text) ?? [];
  if (unit !== 'd' && unit !== 'h' && unit !== 'm') {
    throw new CommandFailed('--expires is a number of days, hours or minutes: 90d, 12h, 30m');
  }
  const lastsMs = Number(number) * UNITS_MS[unit];
  if (lastsMs > LONGEST_TOKEN_MS && kind === 'operator') {
    throw new CommandFailed('--expires: an operator token expires within 366d');
  }
  return lastsMs;
}
