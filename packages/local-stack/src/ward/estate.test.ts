import { expect, test } from 'vitest'
import { profileOf } from './device-profiles.ts'
import { DEPARTMENTS, makeEstate } from './estate.ts'

test('the first PDU is the one of the specification', () => {
  const [first] = makeEstate(4, 8)
  expect(first).toMatchObject({ code: 'tang3', department: 'icu', baseTopic: 'hopt/tang3/pkt', clock: 'field' })
  expect(first?.sockets[0]).toMatchObject({ number: 1, suffix: 'socket1', deviceType: 'ventilator' })
})

test('codes, topics and asset tags are unique in a large estate, and every device has a profile', () => {
  const estate = makeEstate(100, 12)
  const all = (pick: (pdu: (typeof estate)[number]) => string[]) => estate.flatMap(pick)
  const unique = (values: string[]) => expect(new Set(values).size).toBe(values.length)
  unique(all((pdu) => [pdu.code]))
  unique(all((pdu) => [pdu.baseTopic]))
  unique(all((pdu) => pdu.sockets.map(({ assetTag }) => assetTag)))
  for (const pdu of estate) expect(pdu.code).toMatch(/^[a-z0-9][a-z0-9-]{0,31}$/)
  for (const { devices } of DEPARTMENTS) for (const type of devices) expect(profileOf(type).type).toBe(type)
})

test('some sockets are empty, and a smaller estate is the beginning of a larger one', () => {
  expect(
    makeEstate(4, 8).flatMap(({ sockets }) => sockets.filter(({ deviceType }) => deviceType === null)),
  ).toHaveLength(2)
  expect(makeEstate(2, 8)).toEqual(makeEstate(4, 8).slice(0, 2))
})
