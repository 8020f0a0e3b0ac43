// The second step of signing in: switched on with an authenticator app and backup codes, off with the password.
import { Badge, Button, Group, PasswordInput, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { FormFault } from '../../parts/form/FormFault.tsx';
import { emptyFault } from '../../parts/form/rules.ts';
import { useForm } from '../../parts/form/use-form.ts';
import { Section } from '../../parts/Section.tsx';
import { authCall, hasSecondStep } from '../../session/session.ts';
import { EnrolApp, type Enrolment } from './EnrolApp.tsx';

const SECOND_STEP = ['me', 'second-step'];

export function TwoFactor() {
  const queries = useQueryClient();
  const isOn = useQuery({ queryKey: SECOND_STEP, queryFn: hasSecondStep });
  const [enrolment, setEnrolment] = useState<Enrolment>();
  const form = useForm({
    initial: { password: '' },
    secret: ['password'],
    faultsOf: ({ password }) => ({ password: emptyFault(password, 'Enter the password you sign in with.') }),
    refusals: { 'password-wrong': 'password' },
    send: async (values) => {
      if (isOn.data !== true) return enrolmentOf(await authCall('/two-factor/enable', values));
      await authCall('/two-factor/disable', values);
      return undefined;
    },
    onSent: async (begun) => {
      form.discard();
      setEnrolment(begun);
      if (begun !== undefined) return;
      notifications.show({ message: 'The second step is off.' });
      await queries.invalidateQueries({ queryKey: SECOND_STEP });
    },
  });
  const done = async () => {
    setEnrolment(undefined);
    await queries.invalidateQueries({ queryKey: SECOND_STEP });
  };
  return (
    <Section
      title="Second step"
      says="Besides your password, a code of an app on your phone. Whoever learns your password then still cannot sign in."
    >
      {enrolment !== undefined ? (
        <EnrolApp enrolment={enrolment} onDone={done} />
      ) : (
        <form {...form.props}>
          {form.rest !== undefined && <FormFault>{form.rest}</FormFault>}
          <Stack gap="sm" align="flex-start">
            <Group gap="xs">
              <Text size="sm">It is</Text>
              <Badge color={isOn.data === true ? 'teal' : 'gray'} variant="light">
                {isOn.data === true ? 'on' : 'off'}
              </Badge>
            </Group>
            <PasswordInput
              label="Password"
              autoComplete="current-password"
              w="100%"
              {...form.text('password')}
            />
            <Button type="submit" variant="default" loading={form.isPending || isOn.isPending}>
              {isOn.data === true ? 'Switch off' : 'Set up'}
            </Button>
          </Stack>
        </form>
      )}
    </Section>
  );
}

/** What setting it up begins with, out of its answer. */
const enrolmentOf = ({ totpURI, backupCodes }: Readonly<Record<string, unknown>>): Enrolment => ({
  address: String(totpURI),
  backupCodes: Array.isArray(backupCodes) ? backupCodes.map(String) : [],
});
