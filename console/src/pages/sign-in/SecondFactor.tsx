// The second step of signing in: a code of the authenticator app, or one of the backup codes.
import { Button, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { FormFault } from '../../parts/form/FormFault.tsx';
import { emptyFault } from '../../parts/form/rules.ts';
import { useForm } from '../../parts/form/use-form.ts';
import { authCall } from '../../session/session.ts';
import { SignedOutPage } from '../SignedOutPage.tsx';

interface SecondFactorProps {
  readonly onDone: () => Promise<void>;
  readonly onBack: () => void;
}

export function SecondFactor({ onDone, onBack }: SecondFactorProps) {
  const [isBackup, setBackup] = useState(false);
  const form = useForm({
    initial: { code: '' },
    secret: ['code'],
    faultsOf: ({ code }) => ({ code: emptyFault(code, 'Enter a code.') }),
    send: ({ code }) =>
      authCall(isBackup ? '/two-factor/verify-backup-code' : '/two-factor/verify-totp', {
        code: code.trim(),
      }),
    onSent: onDone,
  });
  return (
    <SignedOutPage
      title="Second step"
      intro={isBackup ? 'Enter one of the backup codes you kept.' : 'Enter the code that your app shows now.'}
    >
      <form {...form.props}>
        {form.rest !== undefined && <FormFault>{form.rest}</FormFault>}
        <Stack gap="sm">
          <TextInput
            label={isBackup ? 'Backup code' : 'Six digits'}
            inputMode={isBackup ? 'text' : 'numeric'}
            autoComplete="one-time-code"
            autoFocus
            {...form.text('code')}
          />
          <Button type="submit" fullWidth loading={form.isPending}>
            Continue
          </Button>
          <Button variant="subtle" onClick={() => setBackup(!isBackup)}>
            {isBackup ? 'Use the app instead' : 'Use a backup code'}
          </Button>
          <Button variant="subtle" color="gray" onClick={onBack}>
            Back
          </Button>
        </Stack>
      </form>
    </SignedOutPage>
  );
}
