// Mantine's controls as typed links of the router.
import {
  Anchor,
  type AnchorProps,
  Button,
  type ButtonProps,
  NavLink,
  type NavLinkProps,
} from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { ComponentPropsWithRef } from 'react';

type Anchored<P> = P & Omit<ComponentPropsWithRef<'a'>, keyof P>;

export const ButtonLink = createLink((props: Anchored<ButtonProps>) => <Button component="a" {...props} />);
export const NavigationLink = createLink((props: Anchored<NavLinkProps>) => (
  <NavLink component="a" {...props} />
));
export const TextLink = createLink((props: Anchored<AnchorProps>) => <Anchor {...props} />);
