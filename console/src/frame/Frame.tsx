// The frame around every page of a signed-in person: where they are, whose balance it is, and what it is right now.
import {
  ActionIcon,
  Alert,
  Anchor,
  AppShell,
  Burger,
  Group,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconChartBar,
  IconCreditCard,
  IconHistory,
  IconKey,
  IconListCheck,
  IconMoon,
  IconReceipt,
  IconSun,
  IconUsers,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useRef } from 'react';
import { meQuery } from '../api/queries.ts';
import { useContext } from '../context.ts';
import { type Context, rememberContext } from '../contexts.ts';
import { useLiveAccount } from '../live/live.ts';
import { NotYourRole, NotYours } from '../pages/Failures.tsx';
import { Brand } from '../parts/Brand.tsx';
import { HintNote } from '../parts/Hint.tsx';
import { NavigationLink } from '../parts/links.tsx';
import { whenIdle } from '../parts/opening.ts';
import { isSteward } from '../rights.ts';
import { BalanceButton, BalanceNote } from './BalanceButton.tsx';
import { ProfileButton, ProfileMenu } from './ProfileButton.tsx';
import { WaitingInvitations } from './WaitingInvitations.tsx';

const PAGES = [
  { to: '/accounts/$context/billing', label: 'Billing', icon: IconCreditCard, isFor: () => true },
  { to: '/accounts/$context/transactions', label: 'Transactions', icon: IconHistory, isFor: () => true },
  { to: '/accounts/$context/statement', label: 'Statement', icon: IconReceipt, isFor: () => true },
  { to: '/accounts/$context/usage', label: 'Usage', icon: IconChartBar, isFor: () => true },
  { to: '/accounts/$context/keys', label: 'API keys', icon: IconKey, isFor: () => true },
  {
    to: '/accounts/$context/team',
    label: 'Team',
    icon: IconUsers,
    isFor: ({ organizationId }: Context) => organizationId !== undefined,
  },
  { to: '/accounts/$context/audit', label: 'Audit', icon: IconListCheck, isFor: isSteward },
] as const;

/** What its buttons open, so that the first press finds it there. */
function preloadNotes(): void {
  for (const part of [ProfileMenu, BalanceNote, HintNote]) part.preload();
}

export function Frame() {
  const { data: me } = useQuery(meQuery);
  const context = useContext();
  const live = useLiveAccount(context?.accountId);
  const [isOpen, { toggle, close }] = useDisclosure();
  const burger = useRef<HTMLButtonElement>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    if (context !== undefined) rememberContext(context.key);
  }, [context]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu of a narrow screen closes on every move
  useEffect(close, [pathname]);
  useEffect(() => whenIdle(preloadNotes), []);
  if (me === undefined) return null;
  const closeByKey = ({ key }: KeyboardEvent) => {
    if (key !== 'Escape' || !isOpen) return;
    close();
    burger.current?.focus();
  };
  const isAt = (to: string, { key }: Context) => pathname.startsWith(to.replace('$context', key));

  return (
    <AppShell
      header={{ height: 60 }}
      navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !isOpen } }}
      padding={{ base: 'md', md: 'xl' }}
    >
      <a href="#main" className="skip-link">
        Skip to the page
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              ref={burger}
              aria-expanded={isOpen}
              onKeyDown={closeByKey}
              opened={isOpen}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={isOpen ? 'Close the menu' : 'Open the menu'}
            />
            <Anchor component={Link} to="/" visibleFrom="xs" underline="never">
              <Brand />
            </Anchor>
            <ProfileButton me={me} context={context} />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <SchemeToggle />
            {context !== undefined && <BalanceButton context={context} />}
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Pages" data-closed={!isOpen || undefined} onKeyDown={closeByKey}>
        {context !== undefined &&
          PAGES.filter(({ isFor }) => isFor(context)).map(({ to, label, icon: Icon }) => (
            <NavigationLink
              key={to}
              to={to}
              params={{ context: context.key }}
              label={label}
              leftSection={<Icon size={18} stroke={1.6} aria-hidden />}
              active={isAt(to, context)}
            />
          ))}
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        {live === 'lost' && (
          <Alert color="yellow" mb="md" role="status" title="Not live at the moment">
            The connection was lost; what you see may be out of date. It comes back by itself.
          </Alert>
        )}
        <WaitingInvitations />
        {context === undefined ? (
          <NotYours />
        ) : PAGES.some(({ to, isFor }) => isFor === isSteward && isAt(to, context) && !isFor(context)) ? (
          <NotYourRole />
        ) : (
          <Outlet key={context.key} />
        )}
      </AppShell.Main>
    </AppShell>
  );
}

function SchemeToggle() {
  const { toggleColorScheme } = useMantineColorScheme();
  const colorScheme = useComputedColorScheme();
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      visibleFrom="xs"
      onClick={toggleColorScheme}
      title="Light or dark"
      aria-label="Switch between light and dark"
    >
      {colorScheme === 'dark' ? <IconSun size={18} aria-hidden /> : <IconMoon size={18} aria-hidden />}
    </ActionIcon>
  );
}
