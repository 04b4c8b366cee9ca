import { expect, test } from 'vitest'
import { asyncApiDocument } from './async-api.ts'
import { compileSchema } from './compile-schema.ts'
import { STREAMS } from './streams.ts'
import { configSubject, deadLetterSubject, rebalanceSubject, statusSubject, telemetrySubject } from './subjects.ts'
import { TelemetryMessage } from './telemetry-message.ts'

interface Document {
  readonly channels: Record<
    string,
    {
      address: string
      parameters: Record<string, { description: string; enum?: string[] }>
      'x-jetstream-stream': string
    }
  >
  readonly components: { readonly messages: Record<string, { readonly examples?: readonly { payload: unknown }[] }> }
}

const document = asyncApiDocument('1.2.3') as unknown as Document
const PLACE = { organization_code: 'hopt', department_code: 'icu', pdu_code: 'tang3', socket_number: 7 }
const VALUES: Record<string, string> = {
  ...{ organization: 'hopt', department: 'icu', pdu: 'tang3', socket_number: '7', device_id: 'd' },
  ...{ stage: 'store', entity: 'pdu', action: 'updated', id: 'i', gateway: 'g' },
}

test('each channel’s address is what is published on, each of its parameters is described', () => {
  const addresses: Record<string, string> = {}
  for (const [name, { address, parameters }] of Object.entries(document.channels)) {
    addresses[name] = address.replaceAll(/\{(\w+)\}/g, (_, parameter: string) => VALUES[parameter] as string)
    for (const parameter of Object.values(parameters)) expect(parameter.description, name).toMatch(/./)
  }
  expect(addresses).toEqual({
    telemetry: telemetrySubject(PLACE, 'd'),
    status: statusSubject(PLACE),
    deadletter: deadLetterSubject('store', PLACE),
    config: configSubject('pdu', 'updated', 'i'),
    rebalance: rebalanceSubject('g'),
  })
})

test('what a token may be comes from the messages', () => {
  expect(document.channels['deadletter']?.parameters['stage']?.enum).toEqual(['decode', 'store'])
  expect(document.channels['config']?.parameters['action']?.enum).toEqual(['created', 'updated', 'deleted'])
})

test('every stream that others may read has a channel', () => {
  const streams = Object.values(document.channels).map((it) => it['x-jetstream-stream'])
  expect(streams).toEqual(expect.arrayContaining(STREAMS.map(({ name }) => name)))
})

test('no message promises to stay without further fields', () => {
  expect(JSON.stringify(document)).not.toContain('"additionalProperties":false')
})

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path as string)
  expect(references.length).toBeGreaterThan(15)
  for (const reference of references) {
    const found = reference
      .split('/')
      .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document)
    expect(found, reference).toBeDefined()
  }
})

test('the example is a message that the services would take', () => {
  const example = document.components.messages['TelemetryMessage']?.examples?.[0]
  expect(example).toBeDefined()
  expect(compileSchema(TelemetryMessage).violations(example?.payload, 5)).toEqual([])
})
