import { Readable } from 'node:stream'
import { Energy, EnergyQuery } from '@iomt/contracts/rest/energy'
import { TelemetryHistory, TelemetryHistoryQuery, TotalsHistoryQuery } from '@iomt/contracts/rest/telemetry-history'
import { type TObject, Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { invalidField } from '../changes/refusal.ts'
import type { App } from '../http/app.ts'
import { tenantOf } from '../http/authentication.ts'
import { untilGone } from '../http/client-gone.ts'
import { sendJsonText } from '../http/json-text.ts'
import { answers, IdParameter } from '../http/route-documentation.ts'
import { DeviceIdParameter } from '../mqtt-devices/mqtt-device-routes.ts'
import type { TextSource } from '../readings/text-rows.ts'
import { energyAnswer } from './energy-answer.ts'
import { EXPORT_MEDIA_TYPES, formatOf } from './export-format.ts'
import { readQuestion } from './history-question.ts'
import { findTarget, type TargetKind } from './history-target.ts'
import type { KeptHistory } from './kept-history.ts'
import { resolutionOf } from './point-bins.ts'
import { readHistoryCursor, telemetryAnswer } from './telemetry-answer.ts'
import { telemetryExport } from './telemetry-export.ts'

export interface HistoryOptions {
  readonly source: TextSource
  readonly kept: () => Promise<KeptHistory>
  readonly now: () => Date
}

interface Place {
  readonly kind: TargetKind
  readonly path: string
  readonly tag: string
  /** For operation ids: `Device`. */
  readonly name: string
  readonly params: TObject
  readonly query: TObject
  readonly about: string
}

const TOTALS = `What stands for several sockets: active, apparent and reactive power and current are sums (\`min\` and \`max\` are the sums of
each socket's, so bounds of what the total was), energy is the sum of what was consumed, the power factor is real over apparent
power, temperature is that of the hottest, voltage and frequency are averages, \`relay_on\` is whether any is on. \`sockets\` says how
many have sent something in the step. \`group_by=socket\` gives each on its own.`

const PLACES: readonly Place[] = [
  {
    kind: 'device',
    path: '/mqtt/devices/:deviceId',
    tag: 'mqtt',
    name: 'Device',
    params: DeviceIdParameter,
    query: TelemetryHistoryQuery,
    about: 'A device is followed over every socket it was on.',
  },
  {
    kind: 'socket',
    path: '/sockets/:id',
    tag: 'sockets',
    name: 'Socket',
    params: IdParameter,
    query: TelemetryHistoryQuery,
    about: 'Of whatever was plugged in.',
  },
  {
    kind: 'pdu',
    path: '/pdus/:id',
    tag: 'pdus',
    name: 'Pdu',
    params: IdParameter,
    query: TotalsHistoryQuery,
    about: TOTALS,
  },
  {
    kind: 'department',
    path: '/departments/:id',
    tag: 'departments',
    name: 'Department',
    params: IdParameter,
    query: TotalsHistoryQuery,
    about: `The PDUs that the department has today, with their whole past. ${TOTALS}`,
  },
]

const STEPS = `Without \`from\`, \`to\` and \`step\`: readings as they were stored, newest first. With a range, readings, minutes, hours or days,
whichever is fine enough and keeps the answer short; \`resolution\` and \`step\` name what was chosen. Points are made from rollups
which the current minute is added to. Days and weeks (\`7d\`, from Monday) begin at midnight of \`timezone\`.

\`format=csv\` or \`ndjson\` (or \`Accept\`) streams the whole range, readings socket by socket and each in order of time; the headers
\`x-resolution\` and \`x-step\` name what was chosen. A connection that ends without a last chunk was broken: the file is not whole.`

const ENERGY = `Consumption by the sockets' counters. A counter that falls was reset, and its new value counts. What was consumed
between two readings counts in the period of the later one. \`coverage\` and \`complete\` tell where readings are missing.
At most 4 million hours of sockets are added up at once: 450 sockets' year.`

/** History and energy of devices, sockets, PDUs and departments. */
export function addHistoryRoutes(app: App, options: HistoryOptions): void {
  for (const place of PLACES) {
    addTelemetryRoute(app, place, options)
    addEnergyRoute(app, place, options)
  }
}

function addTelemetryRoute(app: App, place: Place, { source, kept, now }: HistoryOptions): void {
  const content = {
    'application/json': { schema: TelemetryHistory },
    'text/csv': { schema: Type.String() },
    'application/x-ndjson': { schema: Type.String() },
  }
  const ok = { description: 'A page, or the whole range as CSV or NDJSON', content }
  app.get(
    `${place.path}/telemetry`,
    {
      schema: {
        tags: [place.tag],
        operationId: `list${place.name}Telemetry`,
        summary: `History of a ${place.kind}: readings, or points of a step`,
        description: `${place.about}\n\n${STEPS}`,
        params: place.params,
        querystring: place.query,
        response: answers({ 200: ok } as never, 404),
      },
    },
    async (request, reply) => {
      const query = request.query as TotalsHistoryQuery
      const format = formatOf(query.format, request.headers.accept)
      const cursor = readHistoryCursor(query.cursor)
      if (cursor && format !== 'json') throw invalidField('/cursor', `is for pages, and ${format} has none`)
      const at = now()
      const stepOfCursor = cursor?.step ?? (cursor ? 'raw' : null)
      const question = await readQuestion(query, { kind: place.kind, now: at, kept, stepOfCursor })
      const target = await findTarget(source.database, place.kind, idOf(request), tenantOf(request))
      if (format === 'json') {
        return await sendJsonText(reply, await telemetryAnswer(question, { source, target, cursor, kept, now: at }))
      }
      const timeZone = question.timeZone ?? target.timeZone
      const whole = {
        ...question,
        limit: query.limit ?? null,
        ...(question.step === null ? { order: query.order ?? 'asc' } : {}),
      } as Parameters<typeof telemetryExport>[0]
      const resolution = question.step ? resolutionOf(question.step, timeZone) : 'raw'
      // Fastify reads a stream to its end for a HEAD, too, and nobody who leaves would stop it.
      const text =
        request.method === 'HEAD' ? [] : telemetryExport(whole, format, { source, target, timeZone, kept, now: at })
      reply.header('x-resolution', resolution).header('x-step', question.step?.name ?? 'raw')
      return await sendExport(reply, format, `${place.kind}-${resolution}`, text)
    },
  )
}

function sendExport(
  reply: FastifyReply,
  format: 'csv' | 'ndjson',
  name: string,
  text: AsyncIterable<string | Buffer> | Iterable<string>,
) {
  return reply
    .header('content-disposition', `attachment; filename="telemetry-${name}.${format}"`)
    .type(EXPORT_MEDIA_TYPES[format])
    .send(Readable.from(text, { objectMode: true, highWaterMark: 1 }))
}

function addEnergyRoute(app: App, place: Place, { source, kept, now }: HistoryOptions): void {
  app.get(
    `${place.path}/energy`,
    {
      schema: {
        tags: [place.tag],
        operationId: `get${place.name}Energy`,
        summary: `Energy and its cost of a ${place.kind} by hour, day or month`,
        description: `${place.about.split('\n\n')[0]}\n\n${ENERGY}`,
        params: place.params,
        querystring: EnergyQuery,
        response: answers({ 200: Energy }, 404),
      },
    },
    async (request, reply) => {
      const query = request.query as EnergyQuery
      const { database } = source
      const signal = untilGone(reply)
      const target = await findTarget(database, place.kind, idOf(request), tenantOf(request))
      return await energyAnswer(query, { database, target, kept: await kept(), now: now(), signal })
    },
  )
}

function idOf(request: FastifyRequest): string {
  const { id, deviceId } = request.params as { id?: string; deviceId?: string }
  return (id ?? deviceId) as string
}
