import { compileMessage } from '@iomt/contracts/compile-message'
import { TelemetryMessage } from '@iomt/contracts/telemetry-message'
import { createTelemetryDecoder } from '@iomt/telemetry-writer/telemetry-decoder'
import { encodedMessages } from './gateway-stages.ts'
import { measureStage, type StageOptions, type StageResult } from './measure-stage.ts'

const BATCH = 250

/** The telemetry message as JSON: writing, reading, checking, and what the writer does with a delivered one. */
export async function measureContractStages(options: StageOptions): Promise<Record<string, StageResult>> {
  const encoded = encodedMessages(BATCH, Date.now())
  const messages = encoded.map((bytes) => JSON.parse(bytes.toString()) as TelemetryMessage)
  const contract = compileMessage(TelemetryMessage)
  const decode = createTelemetryDecoder()
  let bytes = 0
  const stringify = await measureStage(options, BATCH, () => {
    for (const message of messages) bytes += JSON.stringify(message).length
  })
  const parse = await measureStage(options, BATCH, () => {
    for (const message of encoded) bytes += (JSON.parse(message.toString()) as TelemetryMessage).topic.length
  })
  if (bytes === 0) throw new Error('nothing was written')
  const check = await measureStage(options, BATCH, () => {
    for (const message of messages) if (!contract.check(message)) throw new Error('ingest breaks the contract')
  })
  const writer = await measureStage(options, BATCH, () => {
    for (const message of encoded) if (!('value' in decode(message))) throw new Error('ingest breaks the contract')
  })
  return {
    'contract: JSON.stringify': stringify,
    'contract: JSON.parse': parse,
    'contract: check': check,
    'writer: bytes to checked reading': writer,
  }
}
