import { setTimeout as sleep } from 'node:timers/promises'
import { startMosquitto } from '@iomt/testing/mosquitto'
import { startPostgres } from '@iomt/testing/postgres-server'
import pg from 'pg'
import { startLoadProcess } from '../load/load-process.ts'
import { startTogether, stoppedBy, withStarted } from '../measure/start-together.ts'
import type { NamedProcesses } from '../measure/usage-meter.ts'
import { describeEstate, estateOf } from '../pipeline/estate.ts'
import { type LoadResult, measureLoad } from '../pipeline/measure-load.ts'
import { POSTGRES_SETTINGS } from '../pipeline/postgres-settings.ts'
import { migrateWithPartitions } from '../pipeline/prepared-tables.ts'

export interface PeerEnvironment {
  readonly broker: { readonly host: string; readonly port: number }
  readonly databaseUrl: string
  /** Which socket and device a topic is. */
  readonly places: Readonly<Record<string, { socket: string; device: string }>>
  /** Filter for all of them. */
  readonly topic: string
}

export interface Peer {
  /** By name: the peer and the servers that it brought. */
  readonly processes: NamedProcesses
  output(): string
  stop(): Promise<void>
}

/** Starts a peer; resolves once it is connected to the broker. */
export type StartPeer = (environment: PeerEnvironment) => Promise<Peer>

/** A peer has its subscription this long after its connection. */
const SUBSCRIBED_AFTER = 1_000
/** Milliseconds without a new row after which a peer's missing rows are lost: it has nothing to bring them back from. */
const LOST_AFTER = 3_000

/** The load of the pipeline into the pipeline's table, stored by something else. */
export async function measurePeer(
  start: StartPeer,
  options: { sockets: number; seconds: number; warmUp: number },
): Promise<LoadResult> {
  return await withStarted(async (started) => {
    const [broker, postgres] = await startTogether([
      stoppedBy(started, startMosquitto({ logPackets: false })),
      stoppedBy(started, startPostgres({ settings: POSTGRES_SETTINGS })),
    ])
    let peer: Peer | undefined
    started.defer(async () => await peer?.stop())
    const pool = started.adopt(
      new pg.Pool({ connectionString: postgres.url, max: 2, application_name: 'benchmark' }),
      (connections) => connections.end(),
    )
    // A Postgres that ends is told by the query that needs it.
    pool.on('error', () => {})
    const load = started.adopt(startLoadProcess(), (process) => process.stop())
    try {
      await migrateWithPartitions(postgres.url)
      const estate = estateOf(describeEstate(broker.url, options.sockets))
      const places = estate
        .flat()
        .map(({ topic, socketId, deviceId }) => [topic, { socket: socketId, device: deviceId }] as const)
      peer = await start({
        broker,
        databaseUrl: postgres.url,
        places: Object.fromEntries(places),
        topic: 'clinic/#',
      })
      const own = peer.processes
      await load.connect(
        broker.host,
        broker.port,
        estate.map((pdu) => pdu.map(({ topic }) => topic)),
      )
      await sleep(SUBSCRIBED_AFTER)
      const processes = () => ({ mosquitto: broker.pid, ...own, postgres: postgres.pid })
      return await measureLoad(
        { estate, load, pool, observer: undefined, processes, lostAfter: LOST_AFTER },
        { rate: null, seconds: options.seconds, warmUp: options.warmUp },
      )
    } catch (error) {
      throw new Error(
        `${error instanceof Error ? error.message : String(error)}\n${peer?.output().slice(-2_000) ?? ''}`,
        {
          cause: error,
        },
      )
    }
  })
}
