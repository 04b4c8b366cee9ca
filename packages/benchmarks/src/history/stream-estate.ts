import { randomUUID } from 'node:crypto'

/** An organization with a PDU, its sockets and a device on each, by the API. */
export interface StreamEstate {
  readonly organization: string
  readonly organizationId: string
  readonly pduId: string
  readonly sockets: readonly { readonly id: string; readonly number: number; readonly deviceId: string }[]
}

export async function createStreamEstate(url: string, key: string, sockets: number): Promise<StreamEstate> {
  const post = async (path: string, body: object): Promise<{ id: string; code: string }> => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (response.status !== 201) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as { id: string; code: string }
  }
  const organization = await post('/organizations', { code: `bench-${randomUUID().slice(-8)}`, name: 'Benchmark' })
  const pdu = await post('/pdus', { organization_id: organization.id, code: 'pdu', name: 'PDU' })
  const made: { id: string; number: number; deviceId: string }[] = []
  for (let number = 1; number <= sockets; number += 1) {
    const device = await post('/devices', { organization_id: organization.id, name: `Device ${number}` })
    const socket = await post(`/pdus/${pdu.id}/sockets`, { socket_number: number, device_id: device.id })
    made.push({ id: socket.id, number, deviceId: device.id })
  }
  return { organization: organization.code, organizationId: organization.id, pduId: pdu.id, sockets: made }
}
