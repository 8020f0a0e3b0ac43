// Plays the demo story on the running stack, as `npm run demo` does: a process of its own that talks to the terminal.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Resolves with whether the story came to its good end; `signal` breaks it off. */
export function playStory(home: string, signal: AbortSignal): Promise<boolean> {
  const teller = spawn(process.execPath, [fileURLToPath(new URL('demo.ts', import.meta.url))], {
    env: { ...process.env, COFFER_HOME: home },
    stdio: ['ignore', 'inherit', 'inherit'],
    signal,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve) => {
    teller.once('error', () => resolve(false));
    teller.once('exit', (code) => resolve(code === 0));
  });
}
