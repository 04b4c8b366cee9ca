import type { PayloadConfig } from '@iomt/contracts/payload-config'
import { createSocketDecoder } from '@iomt/payload-decoders/socket-decoder'
import { readSamples } from '@iomt/payload-decoders/testing/samples'
import { measureStage, type StageOptions } from './measure-stage.ts'
import { sampleMapping, samplePayload } from './sample-delivery.ts'

export interface DecoderStage {
  readonly message: string
  readonly decoder: string
  readonly bytes: number
  readonly cpuMicroseconds: number
}

const BATCH = 250

/** Each decoder on a message of a real device, as `auto` reads it; and the load's message by a mapping. */
export async function measureDecoderStages(options: StageOptions): Promise<DecoderStage[]> {
  const now = Date.now()
  const load = samplePayload(now)
  const messages: readonly (readonly [string, Uint8Array, string, PayloadConfig | null])[] = [
    ['load', load, 'clinic/socket1', null],
    ['load, by a mapping', load, 'clinic/socket1', sampleMapping()],
    ...readSamples().map(({ name, payload, topic }) => [name, payload, topic, channelOf(name)] as const),
  ]
  const stages: DecoderStage[] = []
  for (const [message, payload, topic, payloadConfig] of messages) {
    const decoder = createSocketDecoder({ payloadConfig, timezone: 'UTC' })
    const context = { topic, receivedAt: new Date(now) }
    const decoded = decoder.decode(payload, context)
    const { cpuMicroseconds } = await measureStage(options, BATCH, () => {
      for (let index = 0; index < BATCH; index += 1) decoder.decode(payload, context)
    })
    const name = decoded.ok === true ? decoded.reading.decoder : 'no reading'
    stages.push({ message, decoder: name, bytes: payload.length, cpuMicroseconds })
  }
  return stages
}

/** Devices of several outlets: which one the socket is. */
function channelOf(sample: string): PayloadConfig | null {
  if (/spm|mpower/.test(sample)) return { channel: 1 }
  return /powerstrip|em-status/.test(sample) ? { channel: 0 } : null
}
