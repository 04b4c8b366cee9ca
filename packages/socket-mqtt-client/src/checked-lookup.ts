import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import type { AddressRule } from '@iomt/contracts/broker-address'

/**
 * Resolves a name to those of its addresses that may be reached. The addresses that are checked are those connected to: a name
 * that is resolved once more could have moved.
 */
export function checkedLookup(mayReach: AddressRule): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '')
      const reachable = addresses.filter(({ address }) => mayReach(address) === null)
      const [first] = reachable
      if (first) {
        if (options.all) callback(null, reachable)
        else callback(null, first.address, first.family)
        return
      }
      const problem = addresses[0] ? mayReach(addresses[0].address) : 'it has no address'
      callback(new Error(`${hostname}: ${problem}`), '')
    })
  }
}
