// The profile menu: who I am, whose balance I look at, and the way out.
import { Menu, type MenuItemProps, Text, useMantineColorScheme } from '@mantine/core';
import {
  IconBuilding,
  IconCheck,
  IconCreditCard,
  IconLogout,
  IconMoon,
  IconPlus,
  IconSettings,
  IconUser,
} from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { createLink, useNavigate } from '@tanstack/react-router';
import { type ComponentPropsWithRef, useEffect, useState } from 'react';
import { contextsOf } from '../contexts.ts';
import { signOut } from '../session/session.ts';
import { type ProfileProps, ShownProfile } from './ProfileButton.tsx';

export function ProfileMenu({ me, context }: ProfileProps) {
  const [isOpen, setOpen] = useState(false);
  // it opens once its button has the focus, so that the focus goes back there
  useEffect(() => setOpen(true), []);
  const navigate = useNavigate();
  const { toggleColorScheme } = useMantineColorScheme();
  const queries = useQueryClient();
  const leave = async () => {
    await signOut(queries);
    await navigate({ to: '/sign-in' });
  };
  return (
    <Menu opened={isOpen} onChange={setOpen} position="bottom-start" width={280} shadow="md">
      <Menu.Target>
        <ShownProfile me={me} context={context} autoFocus />
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

type LinkProps = MenuItemProps & Omit<ComponentPropsWithRef<'a'>, keyof MenuItemProps>;

const MenuLink = createLink((props: LinkProps) => <Menu.Item component="a" {...props} />);
