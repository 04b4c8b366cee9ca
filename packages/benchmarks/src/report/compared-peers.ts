import type { PeersResult } from '../peers/peers-scenario.ts'
import type { LoadResult } from '../pipeline/measure-load.ts'
import { totalCost } from './costs.ts'

export interface ComparedPeer {
  readonly name: string
  readonly result: LoadResult
  /** The product just before and just after it, on average. */
  readonly product: { readonly rate: number; readonly cost: number }
}

/** Each peer, the bare pipeline first, with what the product did beside it. */
export function comparedPeers({ product, bare, peers }: PeersResult): ComparedPeer[] {
  return Object.entries({ 'bare pipeline': bare, ...peers }).map(([name, result], index) => {
    const beside = product.slice(index, index + 2)
    const mean = (of: (run: LoadResult) => number) => beside.reduce((total, run) => total + of(run), 0) / beside.length
    return { name, result, product: { rate: mean(({ rate }) => rate), cost: mean(totalCost) } }
  })
}
