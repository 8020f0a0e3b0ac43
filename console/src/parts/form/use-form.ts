// A form: what is typed is kept, what is wrong is told beside each field, and it is sent one at a time.
import { type ChangeEvent, type FormEvent, type RefObject, useEffect, useRef, useState } from 'react';
import { useDraft } from '../draft.ts';
import { type Faults, type Refusals, tell } from './faults.ts';
import { useSend } from './use-send.ts';
import { useWish, type Wish } from './wish.ts';

export type Values<F extends string> = Readonly<Record<F, string>>;

export interface FormSpec<F extends string, T> {
  /** Under what name it is kept, with the id of what it is about; left out, it is not kept. */
  readonly draft?: string;
  readonly initial: Values<F>;
  /** Fields that are never kept. */
  readonly secret?: readonly NoInfer<F>[];
  /** What can be told before it is sent. */
  readonly faultsOf?: (values: Values<NoInfer<F>>) => Faults<NoInfer<F>>;
  /** Which refusals are about which field, where they do not say so themselves. */
  readonly refusals?: Refusals<NoInfer<F>>;
  /** Sends it; `wish` gives the key under which it counts once. */
  readonly send: (values: Values<NoInfer<F>>, wish: () => Wish) => Promise<T>;
  /** What follows; the draft is gone by then. */
  readonly onSent?: (sent: NoInfer<T>, values: Values<NoInfer<F>>) => unknown;
  /** The draft stays when it was sent: somebody may come back to it. */
  readonly staysWhenSent?: boolean;
}

/** What a form's frame needs of it. */
export interface FormFrame {
  readonly props: {
    readonly ref: RefObject<HTMLFormElement | null>;
    readonly noValidate: true;
    readonly onSubmit: (event: FormEvent) => void;
  };
  /** What was refused and is about no field. */
  readonly rest: string | undefined;
  readonly isPending: boolean;
  /** Drops what was typed, and begins anew. */
  readonly discard: () => void;
}

export interface Form<F extends string, T> extends FormFrame {
  readonly values: Values<F>;
  readonly set: (field: F, value: string) => void;
  /** What a field has that is typed into. */
  readonly text: (field: F) => Field & { readonly onChange: (event: ChangeEvent<HTMLInputElement>) => void };
  /** What a field has that is chosen; nothing chosen is empty. */
  readonly choice: (field: F) => Field & { readonly onChange: (value: string | null) => void };
  readonly error: Error | null;
  readonly sent: T | undefined;
  readonly reset: () => void;
}

interface Field {
  readonly value: string;
  readonly error: string | undefined;
  /** Said here too, because not every kind of field says it by itself. */
  readonly 'aria-invalid': true | undefined;
  readonly onBlur: () => void;
}

/**
 * A form of text fields. A fault is shown once its field was left, and all of them when it is to be sent; then the
 * first is focused. What the server refuses stands beside the same fields until they change.
 */
export function useForm<F extends string, T>(spec: FormSpec<F, T>): Form<F, T> {
  const { draft: name, initial, secret = [], refusals } = spec;
  const draft = useDraft(name, initial, secret);
  const wishOf = useWish(name);
  const [left, setLeft] = useState<ReadonlySet<F>>(new Set());
  const [asked, setAsked] = useState(0);
  const { send, isPending, error, sent, reset } = useSend(
    (values: Values<F>) => spec.send(values, () => wishOf(without(values, secret))),
    (answer, values) => {
      if (spec.staysWhenSent !== true) draft.drop();
      setAsked(0);
      setLeft(new Set());
      return spec.onSent?.(answer, values);
    },
  );
  const ref = useRef<HTMLFormElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus moves when it was asked for, not while typing
  useEffect(() => {
    if (asked > 0) ref.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [asked, error]);

  const { values } = draft;
  const wrong = spec.faultsOf?.(values);
  const told = tell(error, fieldsOf(initial), refusals);
  const set = (field: F, value: string) => {
    if (error !== null) reset();
    draft.replace((before) => ({ ...before, [field]: value }));
  };
  const field = (of: F): Field => {
    const isShown = asked > 0 || (left.has(of) && values[of] !== '');
    const fault = (isShown ? wrong?.[of] : undefined) ?? told.beside.get(of);
    return {
      value: values[of],
      error: fault,
      'aria-invalid': fault === undefined ? undefined : true,
      onBlur: () => setLeft(new Set([...left, of])),
    };
  };
  return {
    values,
    set,
    text: (of) => ({ ...field(of), onChange: ({ currentTarget }) => set(of, currentTarget.value) }),
    choice: (of) => ({ ...field(of), onChange: (value) => set(of, value ?? '') }),
    props: {
      ref,
      noValidate: true,
      onSubmit(event) {
        event.preventDefault();
        setAsked(asked + 1);
        if (Object.values(wrong ?? {}).some((fault) => fault !== undefined)) return;
        draft.keep();
        send(values);
      },
    },
    rest: told.rest,
    isPending,
    error,
    sent,
    reset,
    discard() {
      draft.discard();
      reset();
      setAsked(0);
      setLeft(new Set());
    },
  };
}

function fieldsOf<F extends string>(values: Values<F>): F[] {
  const isField = (name: string): name is F => Object.hasOwn(values, name);
  return Object.keys(values).filter(isField);
}

/** The values that may be kept. */
function without<F extends string>(values: Values<F>, secret: readonly F[]): object {
  const left: readonly string[] = secret;
  return Object.fromEntries(Object.entries(values).filter(([field]) => !left.includes(field)));
}
