import type { StreamClient } from './stream-client.ts'

/** Ends the streams of keys that are not valid any more. Who comes while that is asked has just shown a valid key. */
export async function endInvalidKeys(
  clients: Iterable<Pick<StreamClient, 'keyId' | 'drop'>>,
  validKeys: (keyIds: readonly string[]) => Promise<ReadonlySet<string>>,
): Promise<void> {
  const asked = [...clients]
  if (asked.length === 0) return
  const valid = await validKeys([...new Set(asked.map(({ keyId }) => keyId))])
  for (const client of asked) if (!valid.has(client.keyId)) client.drop('key-no-longer-valid')
}
