import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'

/** Streams of this product, and the streams under its KV buckets. */
const PRODUCT_STREAM = /^(IOMT_|KV_iomt_)/

/** Deletes what earlier runs left on a server that outlives them. */
export async function clearProductStreams(url: string): Promise<void> {
  const connection = await connect({ servers: url })
  try {
    const manager = await jetstreamManager(connection)
    for await (const name of manager.streams.names()) {
      if (PRODUCT_STREAM.test(name)) await manager.streams.delete(name)
    }
  } finally {
    await connection.close()
  }
}
