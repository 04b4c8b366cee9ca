import { expect, test } from 'vitest'
import { alwaysForbidden, createAddressRule } from './broker-address.ts'

test.each([
  ['169.254.169.254', 'a link-local address'],
  ['::ffff:169.254.169.254', 'a link-local address'],
  ['::ffff:a9fe:a9fe', 'a link-local address'],
  ['64:ff9b::a9fe:a9fe', 'a link-local address'],
  ['64:ff9b::169.254.1.1', 'a link-local address'],
  ['fe80::1', 'a link-local address'],
  ['fd00:ec2::254', 'an address of cloud metadata'],
  ['100.100.100.200', 'an address of cloud metadata'],
  ['64:ff9b::6464:64c8', 'an address of cloud metadata'],
  ['168.63.129.16', 'an address of cloud metadata'],
  ['fd20:ce::254', 'an address of cloud metadata'],
  ['64:ff9b::', 'no address of a host'],
  ['0.0.0.0', 'no address of a host'],
  ['::ffff:0.0.0.0', 'no address of a host'],
  ['::', 'no address of a host'],
  ['239.1.2.3', 'no address of a host'],
  ['ff02::1', 'no address of a host'],
])('%s is %s, whatever is allowed', (address, kind) => {
  const said = `${address} is ${kind}, where no broker is looked for`
  expect(alwaysForbidden(address)).toBe(said)
  expect(createAddressRule('0.0.0.0/0,::/0')(address)).toBe(said)
})

test.each(['127.0.0.1', '::1', '10.0.0.1', '169.253.255.255', '64:ff9b::10.0.0.1', '2001:db8::1', 'broker.example'])(
  '%s is not forbidden by itself',
  (host) => expect(alwaysForbidden(host)).toBeNull(),
)

test('where networks are named, only those are allowed', () => {
  const rule = createAddressRule('10.0.0.0/8, 2001:db8::/32,192.0.2.7')
  for (const address of ['10.1.2.3', '::ffff:10.0.0.1', '192.0.2.7', '2001:db8::5'])
    expect(rule(address), address).toBeNull()
  for (const address of ['11.0.0.1', '127.0.0.1', '::1', '192.0.2.8', '2001:db9::'])
    expect(rule(address), address).toBe(`${address} is in none of the networks of BROKER_NETWORKS`)
})

test.each(['10/8', 'hospital', '10.0.0.0/33', '10.0.0.0/', '1.2.3.4/8/9', '2001:db8::/129', '10.0.0.0/-1', '', ' '])(
  '"%s" is no network',
  (network) =>
    expect(() => createAddressRule(`10.0.0.0/8,${network}`)).toThrow(
      `BROKER_NETWORKS: "${network.trim()}" is no network`,
    ),
)
