import { BlockList, isIP } from 'node:net'

/** Why no broker is looked for at this address, or null when one may be. */
export type AddressRule = (address: string) => string | null

const FORBIDDEN: ReadonlyArray<readonly [kind: string, networks: readonly string[]]> = [
  ['a link-local address', ['169.254.0.0/16', 'fe80::/10']],
  // Where clouds give out credentials and settings, as far as that is not link-local: Alibaba, Azure, AWS (two), Google, Oracle.
  [
    'an address of cloud metadata',
    ['100.100.100.200', '168.63.129.16', 'fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254', 'fd00:c1::a9fe:a9fe'],
  ],
  // Linux takes "no address" for this host.
  ['no address of a host', ['0.0.0.0/8', '::', '224.0.0.0/4', 'ff00::/8', '255.255.255.255']],
]

const forbidden = FORBIDDEN.map(([kind, networks]) => {
  const list = listOf(networks)
  for (const network of networks) if (network.includes('.')) addTranslated(list, network)
  return [kind, list] as const
})

/** The addresses at which a translator makes an IPv4 network reachable from IPv6 (RFC 6052, 2.1). */
function addTranslated(list: BlockList, network: string): void {
  const [address, length = '32'] = network.split('/')
  list.addSubnet(`64:ff9b::${address}`, 96 + Number(length), 'ipv6')
}

/** Whatever operations staff allow: a host is chosen by a user, and our network must not be his. */
export const alwaysForbidden: AddressRule = (address) => {
  const [kind] = (isIP(address) > 0 && forbidden.find(([, list]) => isIn(list, address))) || []
  return kind === undefined ? null : `${address} is ${kind}, where no broker is looked for`
}

/**
 * @param networks such as `10.0.0.0/8,192.0.2.7`; empty: any network. Its problems do not name them: users see those.
 * @throws an error that names the network that is none.
 */
export function createAddressRule(networks: string): AddressRule {
  if (networks === '') return alwaysForbidden
  const allowed = listOf(networks.split(',').map((network) => network.trim()))
  return (address) =>
    alwaysForbidden(address) ??
    (isIn(allowed, address) ? null : `${address} is in none of the networks of BROKER_NETWORKS`)
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
        `BROKER_NETWORKS: "${network}" is no network; one is written 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7`,
      )
    list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}

/** IPv4 written as IPv6 (`::ffff:169.254.1.1`) is found, too. */
const isIn = (list: BlockList, address: string) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
