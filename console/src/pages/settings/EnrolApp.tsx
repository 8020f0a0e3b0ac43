// Setting the second step up: the app reads the picture, shows a code, and backup codes are kept for the day it is lost.
import { Button, Code, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { QRCodeSVG } from 'qrcode.react';
import { Copy } from '../../parts/Copy.tsx';
import { FormFault } from '../../parts/form/FormFault.tsx';
import { emptyFault } from '../../parts/form/rules.ts';
import { useForm } from '../../parts/form/use-form.ts';
import { authCall } from '../../session/session.ts';

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
  const form = useForm({
    initial: { code: '' },
    secret: ['code'],
    faultsOf: ({ code }) => ({ code: emptyFault(code, 'Enter the code that the app shows.') }),
    send: ({ code }) => authCall('/two-factor/verify-totp', { code: code.trim() }),
    onSent: () => {
      notifications.show({ message: 'The second step is on.' });
      return onDone();
    },
  });
  const secret = new URL(enrolment.address).searchParams.get('secret') ?? '';
  return (
    <form {...form.props}>
      <Stack gap="sm" align="flex-start">
        <Text size="sm">1. Let your authenticator app read this picture.</Text>
        <QRCodeSVG value={enrolment.address} size={176} marginSize={2} title="Picture for the app" />
        <Text size="sm">
          Or type this into it: <Code style={{ overflowWrap: 'anywhere' }}>{secret}</Code>
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
        {form.rest !== undefined && <FormFault>{form.rest}</FormFault>}
        <TextInput
          label="3. The code that the app shows now"
          inputMode="numeric"
          autoComplete="one-time-code"
          {...form.text('code')}
        />
        <Button type="submit" loading={form.isPending}>
          Switch on
        </Button>
      </Stack>
    </form>
  );
}
