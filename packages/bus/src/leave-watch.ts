import type { PushConsumer } from '@nats-io/jetstream'

/** Ends a watch or a listing. The client leaves its consumer at the server for five minutes; a listing every 10 s would leave thirty. */
export async function leaveWatch(entries: { stop(): void }): Promise<void> {
  entries.stop()
  const { _data: consumer } = entries as unknown as { readonly _data?: PushConsumer }
  await consumer?.delete().catch(() => undefined)
}
