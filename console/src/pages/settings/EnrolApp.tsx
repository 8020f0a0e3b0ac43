// Setting the second step up: the app reads the picture, shows a code, and backup codes are kept for the day it is lost.
import { Button, Code, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { QRCodeSVG } from 'qrcode.react';
import { Copy } from '../../parts/Copy.tsx';
import { authCall } from '../../session/session.ts';
import { rules, useAuthForm } from '../../session/use-auth-form.ts';
import { FormFault } from '../sign-in/FormFault.tsx';

export interface Enrolment {
  /** The `otpauth:` address that an app reads. */
  readonly address: string;
  readonly backupCodes: readonly string[];
}

interface EnrolAppProps {
  readonly enrolment: Enrolment;
  readonly onDone: () => Promise<void>;
}

export function EnrolApp({ enrolment, onDone }: EnrolAppProps) {
  const { form, fault, onSubmit } = useAuthForm(
    { initialValues: { code: '' }, validate: { code: rules.filled('Enter the code that the app shows.') } },
    async ({ code }) => {
      await authCall('/two-factor/verify-totp', { code: code.trim() });
      notifications.show({ message: 'The second step is on.' });
      await onDone();
    },
  );
  const secret = new URL(enrolment.address).searchParams.get('secret') ?? '';
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="sm" align="flex-start">
        <Text size="sm">1. Let your authenticator app read this picture.</Text>
        <QRCodeSVG value={enrolment.address} size={176} marginSize={2} title="Picture for the app" />
        <Text size="sm">
          Or type this into it: <Code>{secret}</Code>
        </Text>
        <Text size="sm">2. Keep these backup codes; each works once, should the phone be lost.</Text>
        <SimpleGrid cols={2} spacing="xs">
          {enrolment.backupCodes.map((code) => (
            <Code key={code}>{code}</Code>
          ))}
        </SimpleGrid>
        <Copy text={enrolment.backupCodes.join('\n')} size="xs" variant="default">
          Copy the codes
        </Copy>
        {fault !== undefined && <FormFault>{fault.message}</FormFault>}
        <TextInput
          label="3. The code that the app shows now"
          inputMode="numeric"
          autoComplete="one-time-code"
          {...form.getInputProps('code')}
        />
        <Button type="submit" loading={form.submitting}>
          Switch on
        </Button>
      </Stack>
    </form>
  );
}
