// Sending: a write of a form, under way once at the most.
import { useMutation } from '@tanstack/react-query';
import { useRef } from 'react';

export interface Sending<V, T> {
  /** Sends, unless it is being sent already: however often and fast a button is pressed. */
  readonly send: (values: V) => void;
  readonly isPending: boolean;
  readonly error: Error | null;
  /** What was answered. */
  readonly sent: T | undefined;
  /** Forgets answer and error. */
  readonly reset: () => void;
}

/** A write that is sent one at a time; `onSent` is awaited, and belongs to it. */
export function useSend<V, T>(
  work: (values: V) => Promise<T>,
  onSent?: (sent: T, values: V) => unknown,
): Sending<V, T> {
  const isUnderWay = useRef(false);
  const { mutate, isPending, error, data, reset } = useMutation({
    mutationFn: work,
    onSuccess: (sent: T, values: V) => onSent?.(sent, values),
    onSettled: () => {
      isUnderWay.current = false;
    },
  });
  const send = (values: V) => {
    if (isUnderWay.current) return;
    isUnderWay.current = true;
    mutate(values);
  };
  return { send, isPending, error, sent: data, reset };
}
