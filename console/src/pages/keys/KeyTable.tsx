// The table of keys, each with what may be done to it.
import { ActionIcon, Badge, Code, Menu, Table, Text } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import { useState } from 'react';
import type { SchemaApiKey } from '../../api/schema.d.ts';
import type { Context } from '../../contexts.ts';
import { Money } from '../../parts/Money.tsx';
import { When } from '../../parts/When.tsx';
import { isSteward } from '../../rights.ts';
import { HandOverKey } from './HandOverKey.tsx';
import { actLeftOpen, type KeyAct } from './key-act.ts';
import { RenameKey } from './RenameKey.tsx';
import { RevokeKey } from './RevokeKey.tsx';
import { RotateKey } from './RotateKey.tsx';

interface KeyTableProps {
  readonly context: Context;
  readonly keys: readonly SchemaApiKey[];
}

export function KeyTable({ context, keys }: KeyTableProps) {
  const [open, setOpen] = useState(() => actLeftOpen(keys));
  const close = () => setOpen(undefined);
  return (
    <>
      <Table.ScrollContainer minWidth={680}>
        <Table className="stacked" aria-label="API keys">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>Member</Table.Th>
              <Table.Th>Last used</Table.Th>
              <Table.Th ta="right">This month</Table.Th>
              <Table.Th w={40}>
                <span className="sr-only">Actions</span>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {keys.map((apiKey) => (
              <Table.Tr key={apiKey.id}>
                <Table.Td>
                  <Text size="sm" fw={550}>
                    {apiKey.name}
                  </Text>
                  <Text size="xs" c="dimmed">
                    <Code>{apiKey.prefix}…</Code> <Until apiKey={apiKey} />
                  </Text>
                </Table.Td>
                <Table.Td>{apiKey.member.name}</Table.Td>
                <Table.Td>
                  {apiKey.lastUsedAt === null ? (
                    <Text size="sm" c="dimmed">
                      Never
                    </Text>
                  ) : (
                    <When at={apiKey.lastUsedAt} withTime size="sm" />
                  )}
                </Table.Td>
                <Table.Td ta="right">
                  <Money amount={apiKey.spentThisMonth} />
                </Table.Td>
                <Table.Td>
                  {apiKey.state === 'active' && (
                    <KeyMenu
                      context={context}
                      name={apiKey.name}
                      onChoose={(act) => setOpen({ act, apiKey })}
                    />
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {open?.act === 'rename' && <RenameKey context={context} apiKey={open.apiKey} onClose={close} />}
      {open?.act === 'rotate' && <RotateKey context={context} apiKey={open.apiKey} onClose={close} />}
      {open?.act === 'hand-over' && <HandOverKey context={context} apiKey={open.apiKey} onClose={close} />}
      {open?.act === 'revoke' && <RevokeKey context={context} apiKey={open.apiKey} onClose={close} />}
    </>
  );
}

function Until({ apiKey }: { readonly apiKey: SchemaApiKey }) {
  if (apiKey.state === 'revoked' && apiKey.revokedAt !== null)
    return (
      <>
        revoked <When at={apiKey.revokedAt} />
      </>
    );
  if (apiKey.replacedSecretsEndAt !== null)
    return (
      <Badge size="xs" variant="light" color="yellow">
        Old secret still works
      </Badge>
    );
  if (apiKey.expiresAt === null) return null;
  return (
    <>
      {apiKey.state === 'expired' ? 'expired' : 'until'} <When at={apiKey.expiresAt} />
    </>
  );
}

interface KeyMenuProps {
  readonly context: Context;
  readonly name: string;
  readonly onChoose: (act: KeyAct) => void;
}

function KeyMenu({ context, name, onChoose }: KeyMenuProps) {
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Actions of ${name}`}>
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onChoose('rename')}>Rename</Menu.Item>
        <Menu.Item onClick={() => onChoose('rotate')}>Rotate</Menu.Item>
        {context.organizationId !== undefined && isSteward(context) && (
          <Menu.Item onClick={() => onChoose('hand-over')}>Hand to another member</Menu.Item>
        )}
        <Menu.Item color="red" onClick={() => onChoose('revoke')}>
          Revoke
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
