// A small JSON file in the stack's home: written whole or not at all, read as nothing when it is not what it must be.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { z } from 'zod';

export interface HomeFile<T> {
  read(): T | undefined;
  write(value: T): void;
  remove(): void;
}

/** A file of that shape; with mode 0600 only we may read it. */
export function homeFile<T>(file: string, shape: z.ZodType<T>, mode = 0o644): HomeFile<T> {
  return {
    read: () => {
      try {
        return shape.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
      } catch {
        return undefined;
      }
    },
    write: (value) => {
      const unfinished = `${file}.${process.pid}`;
      writeFileSync(unfinished, `${JSON.stringify(value, null, 2)}\n`, { mode });
      renameSync(unfinished, file);
    },
    remove: () => rmSync(file, { force: true }),
  };
}
