import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Answer, Body } from '../testing/api-client.ts'
import { create, createEstate } from '../testing/estate.ts'
import { type RunningConfigApi, startConfigApi } from '../testing/start-config-api.ts'
import { tableContents } from '../testing/table-contents.ts'

let running: RunningConfigApi
let document: Body
/** Ids that exist, by the kind of resource. */
let known: Record<string, string> = {}
/** Those that DELETE may take, so that the others live to the end. */
const spare: string[] = []
beforeAll(async () => {
  running = await startConfigApi({ config: { LOG_LEVEL: 'error' } })
  document = (await running.api.get('/openapi.json')).body
  const { organization, department, pdu } = await createEstate(running.api)
  const socket = await create(running.api, `/pdus/${pdu.id}/sockets`, { socket_number: 1, mqtt_topic_suffix: 's1' })
  const device = await create(running.api, '/devices', { organization_id: organization.id, name: 'Pump' })
  known = {
    organization: organization.id,
    department: department.id,
    pdu: pdu.id,
    socket: socket.id,
    device: device.id,
  }
  for (let number = 2; number <= 20; number += 1) {
    spare.push((await create(running.api, `/pdus/${pdu.id}/sockets`, { socket_number: number })).id)
    spare.push((await create(running.api, '/devices', { organization_id: organization.id, name: 'Spare' })).id)
  }
})
afterAll(() => running.stop())

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

interface Operation {
  readonly method: string
  readonly path: string
  readonly operation: Body
}

function operations(): Operation[] {
  return Object.entries(document.paths as Record<string, Body>).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => ({
      method: method.toUpperCase(),
      path,
      operation: item[method],
    })),
  )
}

/** A schema with its references followed. */
function resolve(schema: Body): Body {
  return schema?.$ref ? resolve(document.components.schemas[schema.$ref.split('/').at(-1)]) : (schema ?? {})
}

const HOSTILE_TEXTS = [
  '',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '$SYS',
  'a/+/#',
  '../..',
  "'; drop table sockets; --",
  '%00',
  'NaN',
  '1e999',
  'é'.repeat(300),
]
const hostile = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS, null, true, 0, -1, 1.5, 1e308, 2 ** 53, [], {}, { a: { b: [[[]]] } }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.jsonValue({ maxDepth: 6 }),
  fc.constantFrom('x'.repeat(70_000), '['.repeat(3)),
)

/** Mostly one that exists and is of the kind that `about`, a field or path, speaks of. */
function anId(about: string): fc.Arbitrary<string> {
  const kind = Object.keys(known).find((name) => about.startsWith(name) || about.startsWith(`/${name}s/`))
  const any = fc.oneof(fc.constantFrom(...Object.values(known)), fc.uuid())
  return kind === undefined
    ? any
    : fc.oneof({ weight: 6, arbitrary: fc.constant(known[kind] as string) }, { weight: 1, arbitrary: any })
}

/** Mostly what the schema asks for, now and then something else. */
function arbitraryOf(given: Body, about: string, depth = 0): fc.Arbitrary<unknown> {
  const schema = resolve(given)
  const fitting = fittingValue(schema, about, depth)
  return fc.oneof({ weight: 12, arbitrary: fitting }, { weight: 1, arbitrary: hostile })
}

function fittingValue(schema: Body, about: string, depth: number): fc.Arbitrary<unknown> {
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((member: Body) => arbitraryOf(member, about, depth)))
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.format === 'uuid') return anId(about)
  if (schema.format === 'date-time')
    return fc.constantFrom('2026-11-23T09:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59+14:00')
  if (schema.examples && schema.type === 'string')
    return fc.oneof(fc.constantFrom(...(schema.examples as string[])), fc.stringMatching(/^[a-z][a-z0-9-]{0,6}$/))
  switch (schema.type) {
    case 'string':
      return fc.oneof(fc.stringMatching(/^[a-z0-9]{1,8}$/), fc.constantFrom('UTC', 'Asia/Ho_Chi_Minh'))
    case 'integer':
      return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1_000, 70_000) })
    case 'number':
      return fc.double({ min: 0, max: 1_000, noNaN: true })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'object':
      return depth > 4 ? fc.constant({}) : objectOf(schema, depth)
    default:
      return fc.jsonValue({ maxDepth: 3 })
  }
}

function objectOf(schema: Body, depth: number): fc.Arbitrary<unknown> {
  const properties = schema.properties ?? {}
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [name, arbitraryOf(field, name, depth + 1)]),
  )
  const base = fc.record(fields, { requiredKeys: [] })
  const complete = fc.record(fields, { requiredKeys: (schema.required ?? []).filter((name: string) => name in fields) })
  const stray = fc.dictionary(fc.string({ maxLength: 10 }), hostile, { maxKeys: 1 })
  return fc.oneof(
    { weight: 8, arbitrary: complete },
    { weight: 1, arbitrary: base },
    { weight: 1, arbitrary: fc.tuple(complete, stray).map(([a, b]) => ({ ...(a as object), ...b })) },
  )
}

interface Sent {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: string | undefined
}

function requestTo({ method, path, operation }: Operation): fc.Arbitrary<Sent> {
  const parameters = (operation.parameters ?? []) as Body[]
  const place = (name: string) =>
    fc.record(
      Object.fromEntries(
        parameters
          .filter((parameter) => parameter.in === name)
          .map((parameter) => [
            parameter.name,
            method === 'DELETE' && name === 'path'
              ? fc.oneof(fc.constantFrom(...spare), fc.uuid(), hostile)
              : arbitraryOf(parameter.schema, parameter.name === 'id' ? path : parameter.name.replace('Id', '')),
          ]),
      ),
      { requiredKeys: name === 'path' ? undefined : [] } as object,
    )
  const schema = operation.requestBody?.content?.['application/json']?.schema
  const body = schema
    ? fc.oneof(
        { weight: 20, arbitrary: arbitraryOf(schema, '').map((value) => JSON.stringify(value)) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            '{',
            '{"a":',
            'null',
            '[]',
            '""',
            '{"__proto__":1}',
            '{"constructor":{"prototype":1}}',
            '\ufeff{}',
          ),
        },
      )
    : fc.constantFrom(undefined, undefined, '{}', 'x')
  return fc
    .record({
      path: place('path'),
      query: fc.oneof(
        { weight: 3, arbitrary: place('query') },
        { weight: 1, arbitrary: fc.dictionary(fc.string({ maxLength: 8 }), hostile, { maxKeys: 2 }) },
      ),
      body: body as fc.Arbitrary<string | undefined>,
      type: fc.oneof(
        { weight: 20, arbitrary: fc.constant('application/json') },
        {
          weight: 1,
          arbitrary: fc.constantFrom('text/plain', 'application/xml', 'x', 'application/json; charset=latin1'),
        },
      ),
      match: fc.oneof(
        { weight: 4, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constantFrom('"1"', '*', '1', 'W/"1"', '"1", "2"', '"', '"999999999999999999999"') },
      ),
    })
    .map(({ path: values, query, body: content, type, match }) => {
      const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encode(text((values as Body)[name])))
      const search = Object.entries(query)
        .map(([name, value]) => `${encode(name)}=${encode(text(value))}`)
        .join('&')
      return {
        method,
        url: search ? `${filled}?${search}` : filled,
        headers: {
          ...(content === undefined ? {} : { 'content-type': type }),
          ...(match === undefined ? {} : { 'if-match': match }),
        },
        body: method === 'GET' ? undefined : content,
      }
    })
}

const text = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
const encode = (value: string) => encodeURIComponent(value.toWellFormed().slice(0, 100)) || '_'

/** Statuses above 499 that are right: without NATS nobody can publish, nothing is streamed; a machine may be too busy. */
const EXPECTED_503 = /gateway-unavailable|socket-not-connected|nats-unavailable|problems\/overloaded/

function expectProblem(sent: Sent, { status, headers, body, text: answer }: Answer): void {
  const about = `${JSON.stringify(sent).slice(0, 500)} -> ${status} ${answer.slice(0, 500)}`
  expect(headers.get('content-type'), about).toBe('application/problem+json; charset=utf-8')
  expect(body, about).toEqual({
    type: expect.stringMatching(/^\/problems\/[a-z-]+$/),
    title: expect.any(String),
    status,
    detail: expect.any(String),
    errors: expect.any(Array),
    request_id: headers.get('x-request-id'),
  })
  for (const error of body.errors)
    expect(error, about).toEqual({ pointer: expect.any(String), detail: expect.any(String) })
  expect(answer, about).not.toMatch(/node_modules|\bat \w+ \(|select .* from|violates/i)
}

test('whatever is sent: never a 5xx, every refusal is a problem, and a refusal writes nothing', async () => {
  const all = operations().filter(({ path }) => path !== '/metrics')
  expect(all.length).toBeGreaterThan(35)
  const { pool } = running.migrated
  const statuses: Record<number, number> = {}
  const contents = async () => JSON.stringify([...(await tableContents(pool, ['api_keys']))])
  let before = await contents()
  // Built once an operation: building it for each request took 90 of 100 s.
  const anything = fc.oneof(...all.map(requestTo))
  const batches = fc.sample(fc.array(anything, { minLength: 50, maxLength: 50 }), {
    numRuns: 100,
    seed: Number(process.env['FUZZ_SEED'] ?? 20261123),
  })
  for (const batch of batches) {
    let written = false
    const send = async (sent: Sent) => {
      const answer = await running.api.send(sent.method, sent.url, {
        headers: sent.headers,
        ...(sent.body === undefined ? {} : { body: sent.body }),
      })
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
      if (answer.status >= 400) {
        const about = `${JSON.stringify(sent).slice(0, 800)} -> ${answer.text.slice(0, 500)}`
        expect(answer.status < 500 || EXPECTED_503.test(answer.text), about).toBe(true)
        expectProblem(sent, answer)
      } else if (sent.method !== 'GET') written = true
      // A command, or a configuration to try, is noted before it is sent, so also when no gateway takes it.
      if (answer.status === 503 && /\/mqtt-(publish|test)/.test(sent.url)) written = true
    }
    const lanes = [0, 1, 2, 3].map((lane) => batch.filter((_, index) => index % 4 === lane))
    await Promise.all(
      lanes.map(async (lane) => {
        for (const sent of lane) await send(sent)
      }),
    )
    const after = await contents()
    if (!written) expect(after).toBe(before)
    before = after
  }
  expect(Object.values(statuses).reduce((sum, count) => sum + count, 0)).toBe(5_000)
  // The inputs must reach both sides, or the test says nothing.
  expect(statuses[200]).toBeGreaterThan(300)
  expect(statuses[201]).toBeGreaterThan(20)
  expect(running.log()).toBe('')
}, 120_000)

test('every operation is documented: id, tag, summary, problems, and references that resolve', () => {
  const ids = operations().map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { method, path, operation } of operations()) {
    expect(operation.summary, `${method} ${path}`).toBeTruthy()
    expect(operation.tags, `${method} ${path}`).toHaveLength(1)
    if (operation.security) continue
    expect(operation.responses['401'].content['application/problem+json'].schema.$ref).toBe(
      '#/components/schemas/Problem',
    )
  }
  const references = JSON.stringify(document).match(/#\/components\/schemas\/\w+/g) ?? []
  for (const reference of references)
    expect(document.components.schemas).toHaveProperty(reference.split('/').at(-1) as string)
  expect(JSON.stringify(document)).not.toContain('x-component')
  expect(document.openapi).toBe('3.1.0')
})
