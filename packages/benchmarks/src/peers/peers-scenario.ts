import { startBarePipeline } from '../bare-pipeline/bare-pipeline.ts'
import type { LoadResult } from '../pipeline/measure-load.ts'
import { describe, runPipelineScenario } from '../pipeline/pipeline-scenario.ts'
import { measurePeer, type StartPeer } from './measure-peer.ts'
import { startNodeRed } from './node-red.ts'
import { installedNodeRed, installNodeRed, NODE_RED_VERSION } from './node-red-install.ts'
import { findPython, startPythonPeer } from './python-peer.ts'

export interface PeersResult {
  /** The product at its maximum, as long as each of the others: before the first of them, and after each in their order. */
  readonly product: readonly LoadResult[]
  /** The product's own way with nothing guaranteed, {@link startBarePipeline}. */
  readonly bare: LoadResult
  /** By the peer's name. */
  readonly peers: Readonly<Record<string, LoadResult>>
  /** Why a peer is missing. */
  readonly missing: readonly string[]
}

export interface PeersOptions {
  readonly sockets: number
  readonly seconds: number
  readonly warmUp: number
  /** False: only what is installed already. */
  readonly install: boolean
  readonly say: (line: string) => void
}

/**
 * The same load, stored by what people use instead. A machine that others share has other speeds within minutes: so the
 * product runs between any two of them.
 */
export async function runPeersScenario(options: PeersOptions): Promise<PeersResult> {
  const { say } = options
  const { starters, missing } = await availablePeers(options)
  for (const sentence of missing) say(`peers: ${sentence}`)
  const measure = async (name: string, start: StartPeer) => {
    say(`peers: ${name}, ${options.seconds} s`)
    const result = await measurePeer(start, options)
    say(`peers: ${describe(result)}`)
    return result
  }
  const product: LoadResult[] = []
  const measureProduct = async () => {
    const { maximum } = await runPipelineScenario({ ...options, gateways: 1, writers: 1, rate: null, shares: [] })
    product.push(maximum)
  }
  await measureProduct()
  const bare = await measure('the same way with nothing guaranteed', startBarePipeline)
  await measureProduct()
  const peers: Record<string, LoadResult> = {}
  for (const [name, start] of starters) {
    peers[name] = await measure(name, start)
    await measureProduct()
  }
  return { product, bare, peers, missing }
}

async function availablePeers({ install, say }: PeersOptions) {
  const starters: [name: string, start: StartPeer][] = []
  const missing: string[] = []
  try {
    if (!installedNodeRed() && install) say(`peers: installing Node-RED ${NODE_RED_VERSION}`)
    if (installedNodeRed() || install) {
      await installNodeRed()
      starters.push(
        [`Node-RED ${NODE_RED_VERSION}, insert per message`, startNodeRed('insert per message')],
        [`Node-RED ${NODE_RED_VERSION}, join 500 + unnest`, startNodeRed('join 500 + unnest')],
      )
    } else {
      missing.push('Node-RED is not installed yet; a full run installs it.')
    }
  } catch (error) {
    missing.push(`${error instanceof Error ? error.message : String(error)}.`)
  }
  const python = await findPython()
  if (python) starters.push(['Python, paho + execute_values(500)', startPythonPeer(python)])
  else missing.push('No Python with paho-mqtt and psycopg2 (Debian: python3-paho-mqtt, python3-psycopg2).')
  return { starters, missing }
}
