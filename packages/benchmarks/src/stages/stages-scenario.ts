import { measureContractStages } from './contract-stages.ts'
import { type DecoderStage, measureDecoderStages } from './decoder-stages.ts'
import { measureGatewayStages } from './gateway-stages.ts'
import type { StageOptions, StageResult } from './measure-stage.ts'
import { measureStoreStage, type StoreStageResult } from './store-stage.ts'

export interface StagesResult {
  /** By the stage's name, one operation a message. */
  readonly stages: Readonly<Record<string, StageResult>>
  readonly decoders: readonly DecoderStage[]
  readonly store: StoreStageResult
}

/** What each step of a message's way costs by itself, without the servers around it. */
export async function runStagesScenario(
  options: StageOptions & { storeSeconds: number },
  say: (line: string) => void,
): Promise<StagesResult> {
  say('stages: decoding, ingest, contract')
  const stages = { ...(await measureGatewayStages(options)), ...(await measureContractStages(options)) }
  for (const [name, { cpuMicroseconds }] of Object.entries(stages))
    say(`stages: ${name} ${cpuMicroseconds.toFixed(2)} µs`)
  say('stages: decoders')
  const decoders = await measureDecoderStages({ ...options, roundTime: options.roundTime / 10 })
  for (const { message, decoder, bytes, cpuMicroseconds } of decoders)
    say(`stages: ${message} (${bytes} bytes, ${decoder}) ${cpuMicroseconds.toFixed(2)} µs`)
  say(`stages: store without NATS, ${options.storeSeconds} s`)
  const store = await measureStoreStage(options.storeSeconds)
  say(
    `stages: store ${Math.round(store.rate)} rows/s, writer ${store.cpuMicroseconds.toFixed(1)} µs, Postgres ${store.postgresMicroseconds.toFixed(1)} µs`,
  )
  return { stages, decoders, store }
}
