// Everything that a database's catalogue says about its schema, read apart from how dev/schema writes it down.
import type { Pool } from 'pg';

const OURS = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;
const KEPT = `${OURS} and not c.relispartition and c.relname !~ '^migrations'`;

const READINGS: Readonly<Record<string, string>> = {
  schemas: `select nspname, nspacl::text from pg_namespace n where ${OURS}`,
  relations: `
    select c.oid::regclass::text, relkind, relpersistence, reloptions, relrowsecurity, relforcerowsecurity, relreplident,
      relacl::text, a.amname, pg_get_partkeydef(c.oid), case when relkind = 'v' then pg_get_viewdef(c.oid) end
    from pg_class c join pg_namespace n on n.oid = relnamespace left join pg_am a on a.oid = relam where ${KEPT}`,
  columns: `
    select attrelid::regclass::text, row_number() over (partition by attrelid order by attnum), attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
      attgenerated, attstorage, attcompression, attstattarget, attoptions, attcollation::regcollation::text,
      pg_get_expr(adbin, adrelid)
    from pg_attribute join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = relnamespace
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where ${KEPT} and attnum > 0 and not attisdropped`,
  // without parentheses: `a between 1 and 2 and b` is read back as one flat conjunction
  constraints: `
    select conrelid::regclass::text, conname, contype, condeferrable, condeferred, convalidated, conislocal,
      connoinherit, translate(pg_get_constraintdef(k.oid), '()', '')
    from pg_constraint k join pg_class c on c.oid = conrelid join pg_namespace n on n.oid = relnamespace where ${KEPT}`,
  indexes: `
    select i.indexrelid::regclass::text, indisunique, indisprimary, indisvalid, indnullsnotdistinct, indisclustered,
      indisreplident, pg_get_indexdef(i.indexrelid)
    from pg_index i join pg_class c on c.oid = indrelid join pg_namespace n on n.oid = relnamespace where ${KEPT}`,
  functions: `
    select p.oid::regprocedure::text, pg_get_functiondef(p.oid), proacl::text
    from pg_proc p join pg_namespace n on n.oid = pronamespace where ${OURS} and prokind in ('f', 'p')`,
  triggers: `
    select tgrelid::regclass::text, tgname, tgenabled, tgdeferrable, tginitdeferred, pg_get_triggerdef(t.oid)
    from pg_trigger t join pg_class c on c.oid = tgrelid join pg_namespace n on n.oid = relnamespace
    where ${KEPT} and not tgisinternal`,
  types: `
    select t.oid::regtype::text, typtype, typnotnull, typdefault,
      (select array_agg(enumlabel order by enumsortorder) from pg_enum where enumtypid = t.oid)
    from pg_type t join pg_namespace n on n.oid = typnamespace left join pg_class c on c.oid = typrelid
    where ${OURS} and typelem = 0 and coalesce(not relispartition and relname !~ '^migrations', true)`,
  sequences: `
    select c.oid::regclass::text, seqtypid::regtype::text, seqstart, seqincrement, seqmin, seqmax, seqcycle, seqcache
    from pg_sequence join pg_class c on c.oid = seqrelid join pg_namespace n on n.oid = relnamespace where ${KEPT}`,
  rules: `
    select c.oid::regclass::text, rulename, pg_get_ruledef(r.oid)
    from pg_rewrite r join pg_class c on c.oid = ev_class join pg_namespace n on n.oid = relnamespace where ${KEPT}`,
  policies: 'select polrelid::regclass::text, polname, polcmd from pg_policy',
  statistics: 'select stxname, pg_get_statisticsobjdef(oid) from pg_statistic_ext',
  comments: `
    select classoid::regclass::text, pg_describe_object(classoid, objoid, objsubid), description
    from pg_description where objoid >= 16384`,
  extensions: 'select extname, extversion from pg_extension',
};

/** One entry per kind of thing, each a sorted list of rows as text: two equal schemas read the same. */
export async function readCatalogue(pool: Pool): Promise<Record<string, string[]>> {
  const client = await pool.connect();
  try {
    await client.query(`select set_config('search_path', '', false)`);
    const read: Record<string, string[]> = {};
    for (const [kind, statement] of Object.entries(READINGS)) {
      const { rows } = await client.query({ text: statement, rowMode: 'array' });
      read[kind] = rows.map((row) => JSON.stringify(row)).sort();
    }
    return read;
  } finally {
    client.release(true);
  }
}
