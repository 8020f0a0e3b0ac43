// A form that goes to one of the sign-in routes: its fault stands above it, and what was typed stays.
import { type UseFormInput, useForm } from '@mantine/form';
import { useState } from 'react';
import { messageOf, ProblemError } from '../api/problem.ts';

/** What people get wrong while typing, in their words. */
export const rules = {
  email: (email: string) => (/^\S+@\S+$/.test(email.trim()) ? null : 'Enter your e-mail address.'),
  newPassword: (password: string) => (password.length < 8 ? 'A password has at least 8 characters.' : null),
  filled: (says: string) => (text: string) => (text.trim() === '' ? says : null),
};

/** Mantine's form with a `send` that keeps the last fault. */
export function useAuthForm<V extends Record<string, unknown>>(
  options: UseFormInput<V>,
  work: (values: V) => Promise<void>,
) {
  const form = useForm<V>(options);
  const [fault, setFault] = useState<{ code: string; message: string }>();
  const onSubmit = form.onSubmit(async (values) => {
    setFault(undefined);
    try {
      await work(values);
    } catch (error) {
      setFault({
        code: error instanceof ProblemError ? error.code : 'unreachable',
        message: messageOf(error),
      });
    }
  });
  return { form, fault, onSubmit };
}
