// The digest of a database: one line per table, equal as long as no row that matters has come, gone or changed.
import type { Pool } from 'pg';

/** What moves by itself when somebody merely looks: column names by table; an empty list is the whole table. */
const MOVES_BY_ITSELF: Readonly<Record<string, readonly string[]>> = {
  'auth.sessions': ['updated_at', 'expires_at', 'last_seen_at'],
  'public.service_tokens': ['last_used_at'],
  'public.rate_limits': [],
};

/** Table → how many rows it has and the hash of all of them; partitions count with their table. */
export async function digest(pool: Pool): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ name: string; digest: string }>(await statementFor(pool));
  return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]));
}

const statements = new WeakMap<Pool, string>();

async function statementFor(pool: Pool): Promise<string> {
  const known = statements.get(pool);
  if (known !== undefined) return known;
  const { rows } = await pool.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname in ('public', 'auth') and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  );
  const parts = rows.flatMap(({ name }) => {
    const columns = MOVES_BY_ITSELF[name] ?? [];
    if (columns.length === 0 && name in MOVES_BY_ITSELF) return [];
    const row = columns.length === 0 ? 'r::text' : `(to_jsonb(r) - '{${columns.join(',')}}'::text[])::text`;
    return `select '${name}' as name, count(*) || ' ' || coalesce(md5(string_agg(${row}, '|' order by ${row})), '') as digest from ${name} r`;
  });
  const statement = parts.join(' union all ');
  statements.set(pool, statement);
  return statement;
}
