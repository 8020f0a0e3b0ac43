// The second step of signing in: switched on with an authenticator app and backup codes, off with the password.
import { Badge, Button, Group, PasswordInput, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Section } from '../../parts/Section.tsx';
import { authCall, hasSecondStep } from '../../session/session.ts';
import { rules, useAuthForm } from '../../session/use-auth-form.ts';
import { FormFault } from '../sign-in/FormFault.tsx';
import { EnrolApp, type Enrolment } from './EnrolApp.tsx';

const SECOND_STEP = ['me', 'second-step'];

export function TwoFactor() {
  const queries = useQueryClient();
  const isOn = useQuery({ queryKey: SECOND_STEP, queryFn: hasSecondStep });
  const [enrolment, setEnrolment] = useState<Enrolment>();
  const { form, fault, onSubmit } = useAuthForm(
    {
      initialValues: { password: '' },
      validate: { password: rules.filled('Enter the password you sign in with.') },
    },
    async (values) => {
      if (isOn.data === true) {
        await authCall('/two-factor/disable', values);
        notifications.show({ message: 'The second step is off.' });
        await queries.invalidateQueries({ queryKey: SECOND_STEP });
      } else {
        const { totpURI, backupCodes } = await authCall('/two-factor/enable', values);
        setEnrolment({
          address: String(totpURI),
          backupCodes: Array.isArray(backupCodes) ? backupCodes.map(String) : [],
        });
      }
      form.reset();
    },
  );
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
        <form onSubmit={onSubmit} noValidate>
          {fault !== undefined && <FormFault>{fault.message}</FormFault>}
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
              {...form.getInputProps('password')}
            />
            <Button type="submit" variant="default" loading={form.submitting || isOn.isPending}>
              {isOn.data === true ? 'Switch off' : 'Set up'}
            </Button>
          </Stack>
        </form>
      )}
    </Section>
  );
}
