// What a form was refused with, above its fields and read out at once.
import { Alert } from '@mantine/core';
import type { ReactNode } from 'react';

export function FormFault({ children }: { readonly children: ReactNode }) {
  return (
    <Alert color="red" mb="md" role="alert">
      {children}
    </Alert>
  );
}
