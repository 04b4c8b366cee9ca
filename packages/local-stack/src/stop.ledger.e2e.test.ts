import { createLedger, type LedgerEntry } from '@iomt/testing/ledger'
import { waitFor } from '@iomt/testing/wait-for'
import { connectAsync } from 'mqtt'
import { afterAll, expect, test } from 'vitest'
import { createTestStacks, queryRows } from './testing/started-stack.ts'

const stacks = createTestStacks()
afterAll(() => stacks.remove())

/** No reading of the simulated ward has this voltage. */
const VOLTAGE = 99
const STORED = `select 'socket1' as key, energy::int as sequence from device_data_logs where voltage = ${VOLTAGE}`

test('what the broker acknowledged before and during a Ctrl-C is stored', async () => {
  const flags = ['--pdus', '1', '--sockets-per-pdu', '1', '--interval', '1000']
  const first = await stacks.start(flags)
  const { mqtt_url, database_url } = await stacks.running(first)
  const ledger = createLedger()
  const device = await connectAsync(mqtt_url, { reconnectPeriod: 200, clientId: 'device' })
  device.on('error', () => undefined)
  let sequence = 0
  const publishing = setInterval(() => {
    const number = sequence++
    const payload = JSON.stringify({ voltage: VOLTAGE, energy: number })
    if (!device.connected) return
    device.publish('hopt/tang3/pkt/socket1', payload, { qos: 1 }, (error) => {
      if (!error) ledger.acknowledged('socket1', number)
    })
  }, 20)
  await waitFor(async () => (await queryRows(database_url, STORED)).length > 50, { what: 'readings of the device' })
  first.child.kill('SIGINT')
  expect(await first.exited).toBe(0)
  clearInterval(publishing)
  await device.endAsync(true)

  const second = await stacks.start([...flags, '--no-simulator'])
  const again = await stacks.running(second)
  const stored = await queryRows<LedgerEntry>(again.database_url, STORED)
  second.child.kill('SIGINT')
  expect(await second.exited).toBe(0)
  expect(ledger.size).toBeGreaterThan(50)
  expect(ledger.compare(stored)).toMatchObject({ lost: [], duplicated: [] })
})
