import { createHash } from 'node:crypto'
import type { RpcError } from '@iomt/contracts/gateway-rpc'
import { SocketPublish, SocketPublished } from '@iomt/contracts/rest/socket-mqtt'
import type { Database } from '@iomt/database/connect'
import { recordAudit } from '../changes/change.ts'
import { Refusal } from '../changes/refusal.ts'
import type { App } from '../http/app.ts'
import { actorOf, tenantOf } from '../http/authentication.ts'
import { answers, BODY_REFUSALS, IdParameter } from '../http/route-documentation.ts'
import type { GatewayClient } from '../live-status/gateway-client.ts'
import { GATEWAY_REFUSALS } from '../live-status/gateway-refusals.ts'
import { statusWithoutGateway } from '../live-status/offline-status.ts'
import { messageBytes } from '../payloads/message-bytes.ts'
import { requireSocket } from './socket-row.ts'

/** Under the 1 MiB `max_payload` of a NATS server, as base64 and with the request around it. */
const MAX_PAYLOAD_BYTES = 700 * 1024
/** Of a payload in the audit log: commands are short. */
const NOTED_BYTES = 1_024

/** `POST /sockets/:id/mqtt-publish` */
export function addPublishRoute(app: App, database: Database, gateways: GatewayClient): void {
  app.post(
    '/sockets/:id/mqtt-publish',
    {
      config: { role: 'operator' },
      schema: {
        tags: ['sockets'],
        operationId: 'publishToSocket',
        summary: "Publish to the socket's topic, through the gateway that owns it",
        description:
          'At QoS 1 and 2 the answer comes after the broker has acknowledged. When it has not within 5 s, or its connection ' +
          'ended first, the answer is 504 `publish-unconfirmed`: the message may have been sent, so read the state of the ' +
          'socket before you send it again. After a 502 or 503 the broker has not taken it. The audit log has every command.',
        params: IdParameter,
        body: SocketPublish,
        response: answers({ 200: SocketPublished }, 404, 409, 502, 504, ...BODY_REFUSALS),
      },
    },
    async (request) => {
      const { id } = request.params
      const payload = messageBytes(request.body, MAX_PAYLOAD_BYTES)
      const row = await requireSocket(database, id, tenantOf(request))
      const blocked = statusWithoutGateway(row)
      if (blocked) throw new Refusal('socket-not-connected', `The socket is ${blocked.status}: ${blocked.reason}.`)

      const { qos, retain } = request.body
      const options = { ...(qos === undefined ? {} : { qos }), ...(retain === undefined ? {} : { retain }) }
      // Before it is sent: a command can switch a medical device off, and nothing may be sent that is not noted.
      const after = { ...options, ...noted(payload) }
      const command = { entity: 'socket', action: 'published', id, version: row.version, before: null, after } as const
      await recordAudit(database, [command], actorOf(request))
      const reply = await gateways.publish(row.pdu_id, {
        socket_id: row.id,
        payload_base64: payload.toString('base64'),
        ...options,
      })
      if (reply === null) {
        throw new Refusal('gateway-unavailable', 'No gateway answers for the socket; see GET /sockets/:id/mqtt-status.')
      }
      if ('error' in reply) throw refusalOf(reply)
      return reply
    },
  )
}

/** What the audit log keeps of a payload. */
function noted(payload: Buffer) {
  return {
    payload_base64: payload.subarray(0, NOTED_BYTES).toString('base64'),
    payload_bytes: payload.length,
    payload_sha256: createHash('sha256').update(payload).digest('hex'),
  }
}

function refusalOf({ error: { code, detail } }: RpcError): Refusal {
  if (code !== 'publish-unconfirmed') return new Refusal(GATEWAY_REFUSALS[code], detail)
  // A relay that is switched twice is where it was: the client must not simply send it again.
  const advice = "it may have been sent; read the socket's state before you send it again."
  return new Refusal(GATEWAY_REFUSALS[code], `Not confirmed (${detail}): ${advice}`)
}
