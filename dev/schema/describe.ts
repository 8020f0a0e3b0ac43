// The schema of a database as SQL that builds it again, the same text for the same schema.
import type { Client } from 'pg';
import {
  COLUMN_STORAGE,
  COMMENTS,
  ENUMS,
  FOREIGN_KEYS,
  FUNCTIONS,
  INDEXES,
  QUALIFY_NAMES,
  SCHEMAS,
  TABLES,
  TRIGGERS,
  UNKNOWN,
  VIEWS,
} from './catalogue.ts';

const HEADER = `-- The schema that the migrations lead to, for reading and for reviewing a change of it.
-- Written by \`npm run schema\`; not edited by hand. The partitions of usage_events are made at run time.

set check_function_bodies = off;`;

const SECTIONS: readonly (readonly [string, string, string])[] = [
  ['Schemas', SCHEMAS, '\n'],
  ['Types', ENUMS, '\n'],
  ['Tables', TABLES, '\n\n'],
  ['Storage of columns', COLUMN_STORAGE, '\n'],
  ['Functions', FUNCTIONS, '\n\n'],
  ['Views', VIEWS, '\n\n'],
  ['Foreign keys', FOREIGN_KEYS, '\n'],
  ['Indexes', INDEXES, '\n'],
  ['Triggers', TRIGGERS, '\n'],
  ['Comments', COMMENTS, '\n'],
];

/** Throws when the database holds something that cannot be written down here yet. */
export async function describeSchema(client: Client): Promise<string> {
  const read = async (statement: string) =>
    (await client.query<{ piece: string }>(statement)).rows.map(({ piece }) => piece);
  await client.query(QUALIFY_NAMES);
  const unknown = await read(UNKNOWN);
  if (unknown.length > 0) throw new Error(`dev/schema does not know how to write: ${unknown.join(', ')}`);
  const sections: string[] = [HEADER];
  for (const [title, statement, between] of SECTIONS) {
    const pieces = await read(statement);
    if (pieces.length > 0) sections.push(`-- ${title}\n\n${pieces.join(between)}`);
  }
  return `${sections.join('\n\n')}\n`;
}
