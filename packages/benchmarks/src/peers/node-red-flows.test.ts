import { expect, test } from 'vitest'
import { nodeRedFlows } from './node-red-flows.ts'

interface FlowNode {
  id: string
  type: string
  x?: number
  wires?: string[][]
  [property: string]: unknown
}

const broker = { host: '127.0.0.1', port: 1883 }

test.each(['insert per message', 'join 500 + unnest'] as const)(
  'the flow %s leads from the broker to the table',
  (flow) => {
    const nodes = nodeRedFlows(flow, broker, 'clinic/#') as FlowNode[]
    const byId = new Map(nodes.map((node) => [node.id, node]))
    const path: string[] = []
    let node = nodes.find(({ type }) => type === 'mqtt in')
    while (node !== undefined) {
      path.push(node.type)
      // Without a place it would be taken for a configuration node.
      expect(node.x).toBeDefined()
      node = byId.get(node.wires?.[0]?.[0] ?? '')
    }
    expect(path).toEqual(flow === 'insert per message' ? ['mqtt in', 'function'] : ['mqtt in', 'join', 'function'])
  },
)

test('no property has the value of a node id, which Node-RED would take for a dependency', () => {
  const nodes = nodeRedFlows('join 500 + unnest', broker, 'clinic/#') as FlowNode[]
  const ids = new Set(nodes.map(({ id }) => id))
  for (const { id: _id, z: _z, wires: _wires, broker: _broker, ...properties } of nodes) {
    for (const value of Object.values(properties)) expect(ids.has(String(value))).toBe(false)
  }
})
