// A client of the measured Temporal, for as long as some work takes.
import { Client, Connection } from '@temporalio/client';

/** Connects, does `work`, and closes the connection. */
export async function withTemporal<T>(address: string, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}
