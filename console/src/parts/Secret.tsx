// A secret that is shown this once: to be copied now, with a word on why.
import { Alert, Code, Stack, Text } from '@mantine/core';
import { Copy } from './Copy.tsx';

interface SecretProps {
  readonly secret: string | null;
  /** What it is: `key`, `token`. */
  readonly kind: string;
}

export function Secret({ secret, kind }: SecretProps) {
  if (secret === null) {
    return (
      <Alert color="yellow">
        The answer was lost on its way and came again without the secret. Rotate this {kind} to get a new one.
      </Alert>
    );
  }
  return (
    <Stack gap="xs">
      <Text size="sm">Copy it now. Only a hash is kept, so that nobody can show it again.</Text>
      <Code block style={{ wordBreak: 'break-all', whiteSpace: 'pre-wrap' }}>
        {secret}
      </Code>
      <Copy text={secret}>{`Copy the ${kind}`}</Copy>
    </Stack>
  );
}
