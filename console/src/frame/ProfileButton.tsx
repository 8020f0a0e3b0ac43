// The button of the profile menu: in which context one is.
import { Avatar, Button, Text } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { Suspense } from 'react';
import type { SchemaMe } from '../api/schema.d.ts';
import type { Context } from '../contexts.ts';
import { lazyPart } from '../parts/load-part.ts';
import { type ControlProps, useOpening } from '../parts/opening.ts';

export const ProfileMenu = lazyPart(async () => (await import('./ProfileMenu.tsx')).ProfileMenu);

export interface ProfileProps {
  readonly me: SchemaMe;
  readonly context: Context | undefined;
}

export function ProfileButton(profile: ProfileProps) {
  const { isOpened, control } = useOpening(ProfileMenu);
  if (!isOpened) return <ShownProfile {...profile} aria-haspopup="menu" aria-expanded={false} {...control} />;
  return (
    <Suspense fallback={<ShownProfile {...profile} />}>
      <ProfileMenu {...profile} />
    </Suspense>
  );
}

/** The button itself. */
export function ShownProfile({ me, context, ...control }: ProfileProps & ControlProps) {
  return (
    <Button
      variant="subtle"
      color="gray"
      px="xs"
      leftSection={
        <Avatar size={24} radius="xl" variant="filled" name={me.name} visibleFrom="xs" aria-hidden />
      }
      rightSection={<IconChevronDown size={14} aria-hidden />}
      {...control}
    >
      <span className="sr-only">Profile menu: </span>
      <Text span size="sm" fw={550} truncate maw={{ base: 90, xs: 160 }}>
        {context?.name ?? 'Choose'}
      </Text>
    </Button>
  );
}
