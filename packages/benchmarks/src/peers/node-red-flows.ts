import { INSERT_MANY, INSERT_ONE } from './peer-statement.ts'

export type NodeRedFlow = 'insert per message' | 'join 500 + unnest'

/** Messages that the join node collects, and how long it waits for them. */
const JOINED = 500
const JOIN_SECONDS = 0.1
/** A node without a place in the editor would be taken for a configuration node. */
const AT = { x: 100, y: 100 }

/** Puts the columns of a message together, in both flows alike; `place` knows which socket and device a topic is. */
const ROW = `const row = ({ topic, payload }) => {
  const place = global.get('places')[topic]
  return [new Date(), global.get('randomUUID')(), payload.timestamp, place.device, place.socket, JSON.stringify(payload),
    payload.voltage, payload.current, payload.power, payload.power_factor, payload.frequency, payload.energy,
    payload.socket_state, JSON.stringify({ machine_state: payload.machine_state }), 'device', 'node-red', 1, false]
}`

const FUNCTIONS: Readonly<Record<NodeRedFlow, string>> = {
  'insert per message': `${ROW}
await global.get('pool').query({ name: 'insert', text: ${JSON.stringify(INSERT_ONE)}, values: row(msg) })`,
  'join 500 + unnest': `${ROW}
const rows = msg.payload.map(row)
const columns = rows[0].map((_, column) => rows.map((values) => values[column]))
await global.get('pool').query({ name: 'insert', text: ${JSON.stringify(INSERT_MANY)}, values: columns })`,
}

/** The flow as Node-RED's `flows.json` holds it. */
export function nodeRedFlows(flow: NodeRedFlow, broker: { host: string; port: number }, topic: string): object[] {
  const joined = flow === 'join 500 + unnest'
  return [
    { id: 'flow-tab', type: 'tab', label: flow, disabled: false },
    {
      id: 'the-broker',
      type: 'mqtt-broker',
      broker: broker.host,
      port: String(broker.port),
      clientid: 'node-red',
      autoConnect: true,
      usetls: false,
      protocolVersion: '4',
      keepalive: '60',
      cleansession: true,
    },
    {
      id: 'in-sockets',
      z: 'flow-tab',
      ...AT,
      type: 'mqtt in',
      topic,
      qos: '1',
      datatype: 'json',
      broker: 'the-broker',
      nl: false,
      rap: true,
      rh: 0,
      inputs: 0,
      wires: [[joined ? 'join-500' : 'store-rows']],
    },
    ...(joined
      ? [
          {
            id: 'join-500',
            z: 'flow-tab',
            ...AT,
            type: 'join',
            mode: 'custom',
            build: 'array',
            property: '',
            propertyType: 'full',
            count: String(JOINED),
            timeout: String(JOIN_SECONDS),
            wires: [['store-rows']],
          },
        ]
      : []),
    {
      id: 'store-rows',
      z: 'flow-tab',
      ...AT,
      type: 'function',
      func: FUNCTIONS[flow],
      outputs: 0,
      noerr: 0,
      libs: [],
      wires: [],
    },
  ]
}
