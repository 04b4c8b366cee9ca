import type { RpcError, TestStep } from '@iomt/contracts/gateway-rpc'
import { SocketMqttTest, SocketMqttTested } from '@iomt/contracts/rest/socket-test'
import type { SocketDesiredState } from '@iomt/contracts/socket-desired-state'
import type { Vault } from '@iomt/credential-vault/vault'
import type { Database } from '@iomt/database/connect'
import { recordAudit } from '../changes/change.ts'
import { notFound, Refusal } from '../changes/refusal.ts'
import { readDesiredStates } from '../desired-state/desired-state.ts'
import type { App } from '../http/app.ts'
import { actorOf, principalOf, requireRole, tenantOf } from '../http/authentication.ts'
import { answers, BODY_REFUSALS, IdParameter } from '../http/route-documentation.ts'
import type { GatewayClient } from '../live-status/gateway-client.ts'
import { GATEWAY_REFUSALS } from '../live-status/gateway-refusals.ts'
import type { SocketResource } from '../sockets/socket-resource.ts'
import { requireSocket } from '../sockets/socket-row.ts'
import { ADVICE_ON_SUBSCRIBING, adviceOnConnecting, adviceOnSilence } from './advice.ts'
import { proposedState } from './proposed-state.ts'

const DEFAULT_WAIT = 5

export interface MqttTestOptions {
  readonly database: Database
  readonly vault: Vault
  readonly sockets: SocketResource
  readonly gateways: GatewayClient
  readonly now: () => Date
}

/** `POST /sockets/:id/mqtt-test`: would this configuration bring data? */
export function addMqttTestRoute(app: App, { database, vault, sockets, gateways, now }: MqttTestOptions): void {
  app.post(
    '/sockets/:id/mqtt-test',
    {
      config: { role: 'operator' },
      // Nothing has to be said: the saved configuration is tested.
      preValidation: async (request) => {
        request.body ??= {}
      },
      schema: {
        tags: ['sockets'],
        operationId: 'testSocketMqtt',
        summary: "Connect, subscribe and wait for data, from the gateway's network: a verdict for each step",
        description:
          'On a connection of its own, which stores nothing and leaves the one that brings the readings as it is; a socket that is ' +
          'switched off can be tested, too. The answer comes with the first live message, or `wait_seconds` after the subscription. ' +
          'With `configuration` (role admin) a broker block is tested before it is saved; that is noted in the audit log. The client id begins with `iomt-test-`.',
        params: IdParameter,
        body: SocketMqttTest,
        response: answers({ 200: SocketMqttTested }, 404, 409, ...BODY_REFUSALS),
      },
    },
    async (request): Promise<SocketMqttTested> => {
      const { id } = request.params
      const { configuration, wait_seconds: waitSeconds = DEFAULT_WAIT } = request.body
      if (configuration) requireRole(principalOf(request), 'admin')
      const { version } = await requireSocket(database, id, tenantOf(request))
      const state = configuration
        ? await proposedState(database, sockets, vault, { socketId: id, block: configuration }, actorOf(request))
        : (await readDesiredStates(database, [id])).get(id)
      // Deleted meanwhile.
      if (!state) throw notFound('socket', id)
      const broker = brokerOf(state)
      if (configuration) {
        // Before it is sent: stored secrets go out to where the request says.
        const change = {
          entity: 'socket',
          action: 'tested',
          id,
          version,
          before: null,
          after: broker,
        } as const
        await recordAudit(database, [change], actorOf(request))
      }

      const reply = await gateways.test(state.pdu_id, { state, patience: waitSeconds * 1_000 })
      if (reply === null) throw new Refusal('gateway-unavailable', 'No gateway answers; see GET /gateways.')
      if ('error' in reply) throw refusalOf(reply)
      const failed = reply.steps.find((step) => step.state === 'failed') ?? null
      return {
        socket_id: id,
        gateway: reply.gateway,
        tested_at: now().toISOString(),
        works: failed === null,
        first_failed_step: failed?.step ?? null,
        what_to_do: failed && adviceOn(failed, state),
        steps: reply.steps,
        message: reply.message,
      }
    },
  )
}

/** What is connected to. @throws Refusal `not-configured` */
function brokerOf({ broker, topic }: SocketDesiredState) {
  if (!broker || !topic) {
    const missing = broker
      ? 'mqtt_base_topic of its PDU or its mqtt_topic_suffix'
      : 'mqtt_broker_host, its own or of its PDU'
    throw new Refusal('not-configured', `The socket has no ${missing}: set it first.`)
  }
  return { mqtt_broker_host: broker.host, mqtt_broker_port: broker.port, username: broker.username, topic }
}

function refusalOf({ error: { code, detail } }: RpcError): Refusal {
  // The gateway has nothing to connect with, though host and topic are there.
  return new Refusal(code === 'not-connected' ? 'credentials-unreadable' : GATEWAY_REFUSALS[code], detail)
}

function adviceOn(failed: TestStep, { broker, topic }: SocketDesiredState): string {
  if (failed.step === 'subscribe') return ADVICE_ON_SUBSCRIBING
  if (failed.step === 'connect' || !failed.detail.startsWith('nothing came')) return adviceOnConnecting(failed.detail)
  const seldom = 'One that sends seldom needs a larger wait_seconds, or see GET /sockets/{id}/diagnosis.'
  const silent = 'Mosquitto accepts a subscription that its user may not read, and then sends nothing.'
  return `${adviceOnSilence(broker && `${broker.host}:${broker.port}`, topic)} ${seldom} ${silent}`
}
