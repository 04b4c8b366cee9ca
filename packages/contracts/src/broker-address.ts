import { BlockList, isIP } from 'node:net'

/** Why no broker is looked for at this address, or null when one may be. */
export type AddressRule = (address: string) => string | null

const FORBIDDEN: ReadonlyArray<readonly [kind: string, networks: readonly string[]]> = [
  // The last: as a translator to IPv4 would reach it (RFC 6052).
  ['a link-local address', ['169.254.0.0/16', 'fe80::/10', '64:ff9b::a9fe:0/112']],
  // Where clouds give out credentials; most are link-local, these are not.
  ['an address of cloud metadata', ['fd00:ec2::254/128', '100.100.100.200/32']],
  // Linux takes "no address" for this host.
  ['no address of a host', ['0.0.0.0/8', '::/128', '224.0.0.0/4', 'ff00::/8', '255.255.255.255/32']],
]

const forbidden = FORBIDDEN.map(([kind, networks]) => [kind, listOf(networks)] as const)

/** Whatever operations staff allow: a host is chosen by a user, and our network must not be his. */
export const alwaysForbidden: AddressRule = (address) => {
  const [kind] = (isIP(address) > 0 && forbidden.find(([, list]) => isIn(list, address))) || []
  return kind === undefined ? null : `${address} is ${kind}, where no broker is looked for`
}

/**
 * @param networks such as `10.0.0.0/8,192.0.2.7`; empty: any network.
 * @throws an error that names the network that is none.
 */
export function createAddressRule(networks: string): AddressRule {
  const names = networks.split(',').flatMap((name) => name.trim() || [])
  if (names.length === 0) return alwaysForbidden
  const allowed = listOf(names)
  return (address) =>
    alwaysForbidden(address) ??
    (isIn(allowed, address) ? null : `${address} is in none of the networks of BROKER_NETWORKS (${names.join(', ')})`)
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [, address = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(network) ?? []
    const family = isIP(address)
    const most = family === 4 ? 32 : 128
    const bits = Number(length ?? most)
    if (family === 0 || bits > most)
      throw new Error(
        `BROKER_NETWORKS: ${network} is no network; one is written 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7`,
      )
    list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}

/** IPv4 written as IPv6 (`::ffff:169.254.1.1`) is found, too. */
const isIn = (list: BlockList, address: string) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
