import type { Answer, ApiClient, Body } from './api-client.ts'

/** Creates over the API and answers the resource; fails loudly, so that a test's set-up needs no checks. */
export async function create(api: ApiClient, path: string, fields: object): Promise<Body> {
  return expectStatus(201, await api.post(path, fields)).body
}

export function expectStatus(status: number, answer: Answer): Answer {
  if (answer.status !== status) throw new Error(`expected ${status}, got ${answer.status}: ${answer.text}`)
  return answer
}

let count = 0

/** A code that no other test of the file uses. */
export function freshCode(prefix = 'c'): string {
  count += 1
  return `${prefix}-${count}`
}

export const BROKER = { mqtt_broker_host: 'broker.example', mqtt_broker_port: 1883 }

export interface Estate {
  readonly organization: Body
  readonly department: Body
  readonly pdu: Body
}

/** An organization with a department and a PDU with a base topic and a broker of its own. */
export async function createEstate(api: ApiClient, pduFields: object = {}): Promise<Estate> {
  const organization = await create(api, '/organizations', { code: freshCode('org'), name: 'Hospital' })
  const department = await create(api, '/departments', { organization_id: organization.id, code: 'icu', name: 'ICU' })
  const pdu = await create(api, '/pdus', {
    organization_id: organization.id,
    department_id: department.id,
    code: 'pdu-1',
    name: 'PDU 1',
    mqtt_base_topic: `${organization.code}/tang3/pkt`,
    ...BROKER,
    ...pduFields,
  })
  return { organization, department, pdu }
}
