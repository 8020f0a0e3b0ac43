// The profile menu: who I am, whose balance I look at, and the way out.
import { Avatar, Button, Menu, Text, useMantineColorScheme } from '@mantine/core';
import {
  IconBuilding,
  IconCheck,
  IconChevronDown,
  IconCreditCard,
  IconLogout,
  IconMoon,
  IconPlus,
  IconSettings,
  IconUser,
} from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { SchemaMe } from '../api/schema.d.ts';
import { type Context, contextsOf } from '../context.ts';
import { MenuLink } from '../parts/links.tsx';
import { signOut } from '../session/session.ts';

export function ProfileMenu({
  me,
  context,
}: {
  readonly me: SchemaMe;
  readonly context: Context | undefined;
}) {
  const navigate = useNavigate();
  const { toggleColorScheme } = useMantineColorScheme();
  const queries = useQueryClient();
  const leave = async () => {
    await signOut(queries);
    await navigate({ to: '/sign-in' });
  };
  return (
    <Menu position="bottom-start" width={280} shadow="md">
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          px="xs"
          leftSection={
            <Avatar size={24} radius="xl" variant="filled" name={me.name} visibleFrom="xs" aria-hidden />
          }
          rightSection={<IconChevronDown size={14} aria-hidden />}
        >
          <span className="sr-only">Profile menu: </span>
          <Text span size="sm" fw={550} truncate maw={{ base: 90, xs: 160 }}>
            {context?.name ?? 'Choose'}
          </Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--mantine-color-text)" truncate>
            {me.name}
          </Text>
          <Text size="xs" truncate>
            {me.email}
          </Text>
        </Menu.Label>
        <Menu.Divider />
        <Menu.Label>Switch to</Menu.Label>
        {contextsOf(me).map((one) => (
          <MenuLink
            key={one.key}
            to="/accounts/$context/billing"
            params={{ context: one.key }}
            aria-current={one.key === context?.key ? 'true' : undefined}
            leftSection={
              one.organizationId === undefined ? (
                <IconUser size={16} aria-hidden />
              ) : (
                <IconBuilding size={16} aria-hidden />
              )
            }
            rightSection={one.key === context?.key ? <IconCheck size={16} aria-hidden /> : null}
          >
            {one.name}
          </MenuLink>
        ))}
        <MenuLink to="/new-organization" leftSection={<IconPlus size={16} aria-hidden />}>
          New organization
        </MenuLink>
        <Menu.Divider />
        {context !== undefined && (
          <MenuLink
            to="/accounts/$context/billing"
            params={{ context: context.key }}
            leftSection={<IconCreditCard size={16} aria-hidden />}
          >
            Billing
          </MenuLink>
        )}
        <MenuLink to="/settings" leftSection={<IconSettings size={16} aria-hidden />}>
          Settings
        </MenuLink>
        <Menu.Item
          hiddenFrom="xs"
          onClick={toggleColorScheme}
          leftSection={<IconMoon size={16} aria-hidden />}
        >
          Light or dark
        </Menu.Item>
        <Menu.Item onClick={() => void leave()} leftSection={<IconLogout size={16} aria-hidden />}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
