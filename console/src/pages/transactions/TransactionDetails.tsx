// One line of the history in full: what was used or paid, by whom, and where it stands in the statement.
import { CopyButton, Drawer, Group, Stack, Table, Text, UnstyledButton } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { lineQuery } from '../../api/queries/history.ts';
import type { SchemaTransaction } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { ButtonLink } from '../../parts/links.tsx';
import { Money } from '../../parts/Money.tsx';
import { QueryState } from '../../parts/QueryState.tsx';
import { When } from '../../parts/When.tsx';
import { lineNames } from './line-text.ts';

interface TransactionDetailsProps {
  readonly context: Context;
  /** Of the line that is open. */
  readonly id: string | undefined;
  /** That line, if the list has it already. */
  readonly known: SchemaTransaction | undefined;
  readonly onClose: () => void;
}

export function TransactionDetails({ context, id, known, onClose }: TransactionDetailsProps) {
  const query = useQuery({
    ...lineQuery(context.accountId, id ?? ''),
    enabled: id !== undefined && known === undefined,
  });
  const line = id === undefined ? undefined : (known ?? query.data);
  return (
    <Drawer
      opened={id !== undefined}
      onClose={onClose}
      position="right"
      size="md"
      title={line === undefined ? 'Transaction' : lineNames[line.type]}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {line === undefined && <QueryState query={query} lines={6} />}
      {line !== undefined && (
        <Stack gap="md">
          <Money amount={line.amount} exact signed size="xl" fw={650} />
          <Table variant="vertical" highlightOnHover={false} aria-label="Details">
            <Table.Tbody>
              {factsOf(line).map(([name, fact]) => (
                <Table.Tr key={name}>
                  <Table.Th w="40%">{name}</Table.Th>
                  <Table.Td>{fact}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          {line.type === 'top-up' && line.topUpId !== undefined && (
            <ButtonLink
              to="/accounts/$context/billing"
              params={{ context: context.key }}
              search={{ show: line.topUpId }}
              variant="default"
            >
              How it was paid
            </ButtonLink>
          )}
        </Stack>
      )}
    </Drawer>
  );
}

const COUNT = new Intl.NumberFormat('en-US');

function factsOf(line: SchemaTransaction): [string, ReactNode][] {
  if (line.type === 'usage') {
    return [
      ['Request', <Copied key="id" text={line.usageEventId} />],
      ['Model', line.model],
      ['Member', line.member.name ?? 'Former member'],
      ['API key', line.apiKey.name ?? line.apiKey.id],
      ['Occurred', <When key="at" at={line.occurredAt} withTime />],
      ['Recorded', <When key="recorded" at={line.recordedAt} withTime />],
      ['Input tokens', COUNT.format(line.inputTokens)],
      ['of them cached', COUNT.format(line.cachedInputTokens)],
      ['written to cache', COUNT.format(line.cacheWriteTokens)],
      ['Output tokens', COUNT.format(line.outputTokens)],
      ['Service tier', line.serviceTier],
      ...(line.batchId === null
        ? []
        : [['Batch', <Copied key="batch" text={line.batchId} />] as [string, ReactNode]]),
      ['Entry', `#${line.entrySeq} of the statement`],
    ];
  }
  return [
    ['When', <When key="at" at={line.occurredAt} withTime />],
    ...(line.payer === undefined
      ? []
      : [['Paid by', line.payer.name ?? 'Former member'] as [string, ReactNode]]),
    ...(line.mode === undefined
      ? []
      : [['How', line.mode === 'auto' ? 'Auto top-up' : 'By hand'] as [string, ReactNode]]),
    ...(line.reason === undefined ? [] : [['Reason', line.reason] as [string, ReactNode]]),
    ['Entry', `#${line.entrySeq} of the statement`],
  ];
}

function Copied({ text }: { readonly text: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <UnstyledButton onClick={copy} aria-label={copied ? 'Copied' : `Copy ${text}`}>
          <Group gap={6} wrap="nowrap">
            <Text size="sm" ff="monospace" style={{ wordBreak: 'break-all' }}>
              {text}
            </Text>
            {copied ? (
              <IconCheck size={14} style={{ flex: 'none' }} aria-hidden />
            ) : (
              <IconCopy size={14} style={{ flex: 'none' }} aria-hidden />
            )}
          </Group>
        </UnstyledButton>
      )}
    </CopyButton>
  );
}
