// Who or what cost most: members, keys or models with their share, each a way to look at it alone.
import { Button, Group, Skeleton, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type UsageFilter, usageQuery } from '../../api/queries/usage.ts';
import type { SchemaUsageSum } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { csvAddress } from '../../parts/csv-address.ts';
import { TextLink } from '../../parts/links.tsx';
import { Money } from '../../parts/Money.tsx';
import { QueryState } from '../../parts/QueryState.tsx';
import { Section } from '../../parts/Section.tsx';
import { CsvLink } from './ChartSection.tsx';
import { shareOf, total } from './exact.ts';
import classes from './palette.module.css';
import { type Group as By, namesOf } from './stacks.ts';
import type { UsageSearch } from './usage-search.ts';

const FEW = 10;

const TITLES: Record<By, string> = { member: 'Members', apiKey: 'API keys', model: 'Models' };

interface TopListProps {
  readonly context: Context;
  readonly by: By;
  readonly filter: UsageFilter;
  readonly search: UsageSearch;
}

export function TopList({ context, by, filter, search }: TopListProps) {
  const [isWhole, setWhole] = useState(false);
  const asked = { ...filter, groupBy: by, ...(!isWhole && { top: FEW }) };
  const query = useQuery(usageQuery(context.accountId, asked));
  const sums = query.data?.items ?? [];
  const nameOf = namesOf(sums, by);
  const whole = total(sums.map(({ cost }) => cost));
  const hasMore = sums.some(({ others }) => others === true);
  return (
    <Section title={TITLES[by]}>
      {query.data === undefined ? (
        query.isPending ? (
          <Skeleton height={160} aria-label="Loading" />
        ) : (
          <QueryState query={query} />
        )
      ) : (
        <>
          <Table aria-label={`${TITLES[by]} by spend`} verticalSpacing={6} horizontalSpacing={0}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th ta="right">Share</Table.Th>
                <Table.Th ta="right">Spend</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {sums.map((sum) => (
                <Table.Tr key={keyOf(sum)}>
                  <Table.Td style={{ maxWidth: 0, width: '55%' }}>
                    <Name sum={sum} name={nameOf(sum)} by={by} context={context} search={search} />
                    <div
                      className={classes['bar']}
                      style={{ width: shareOf(sum.cost, whole).replace('<', '') }}
                      aria-hidden
                    />
                  </Table.Td>
                  <Table.Td ta="right" c="dimmed" className="money">
                    {shareOf(sum.cost, whole)}
                  </Table.Td>
                  <Table.Td ta="right">
                    <Money amount={sum.cost} size="sm" />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          <Group mt="sm" gap="xs">
            <CsvLink
              href={csvAddress(context.accountId, 'usage', { ...filter, groupBy: by })}
              of={TITLES[by]}
            />
            {(hasMore || isWhole) && (
              <Button size="xs" variant="subtle" onClick={() => setWhole(!isWhole)}>
                {isWhole ? `Show the first ${FEW}` : 'Show all'}
              </Button>
            )}
          </Group>
        </>
      )}
    </Section>
  );
}

const keyOf = ({ member, apiKey, model }: SchemaUsageSum) => member?.id ?? apiKey?.id ?? model ?? 'others';

interface NameProps {
  readonly sum: SchemaUsageSum;
  readonly name: string;
  readonly by: By;
  readonly context: Context;
  readonly search: UsageSearch;
}

function Name({ sum, name, by, context, search }: NameProps) {
  if (sum.others === true) return <Text size="sm">{name}</Text>;
  const only =
    by === 'model'
      ? { model: keyOf(sum) }
      : by === 'member'
        ? { memberId: keyOf(sum) }
        : { apiKeyId: keyOf(sum) };
  return (
    <TextLink
      to="/accounts/$context/usage"
      params={{ context: context.key }}
      search={{ ...search, ...only }}
      size="sm"
      truncate
      display="block"
      title={`Only ${name}`}
    >
      {name}
    </TextLink>
  );
}
