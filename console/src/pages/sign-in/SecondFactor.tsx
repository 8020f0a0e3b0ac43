// The second step of signing in: a code of the authenticator app, or one of the backup codes.
import { Button, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { authCall } from '../../session/session.ts';
import { rules, useAuthForm } from '../../session/use-auth-form.ts';
import { SignedOutPage } from '../SignedOutPage.tsx';
import { FormFault } from './FormFault.tsx';

interface SecondFactorProps {
  readonly onDone: () => Promise<void>;
  readonly onBack: () => void;
}

export function SecondFactor({ onDone, onBack }: SecondFactorProps) {
  const [isBackup, setBackup] = useState(false);
  const { form, fault, onSubmit } = useAuthForm(
    { initialValues: { code: '' }, validate: { code: rules.filled('Enter a code.') } },
    async ({ code }) => {
      const path = isBackup ? '/two-factor/verify-backup-code' : '/two-factor/verify-totp';
      await authCall(path, { code: code.trim() });
      await onDone();
    },
  );
  return (
    <SignedOutPage
      title="Second step"
      intro={isBackup ? 'Enter one of the backup codes you kept.' : 'Enter the code that your app shows now.'}
    >
      <form onSubmit={onSubmit} noValidate>
        {fault !== undefined && <FormFault>{fault.message}</FormFault>}
        <Stack gap="sm">
          <TextInput
            label={isBackup ? 'Backup code' : 'Six digits'}
            inputMode={isBackup ? 'text' : 'numeric'}
            autoComplete="one-time-code"
            autoFocus
            {...form.getInputProps('code')}
          />
          <Button type="submit" fullWidth loading={form.submitting}>
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
