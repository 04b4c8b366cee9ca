import { expect, test } from 'vitest'
import { type CpuProfile, topFunctions } from './top-functions.ts'

const frame = (functionName: string, url = '', lineNumber = -1) => ({ functionName, url, lineNumber })
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)') },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('decode', 'file:///somewhere/packages/payload-decoders/src/decode.ts', 16) },
    { id: 4, callFrame: frame('', 'file:///somewhere/node_modules/.pnpm/mqtt@5/node_modules/mqtt/lib/client.js', 9) },
    // The same function called from elsewhere.
    { id: 5, callFrame: frame('decode', 'file:///somewhere/packages/payload-decoders/src/decode.ts', 16) },
  ],
  samples: [2, 3, 4, 5, 3, 2],
  timeDeltas: [9_000, 1_000, 2_000, 3_000, 2_000, 9_000],
}

test('self times of a function are added up over its callers, and idling does not count', () => {
  expect(topFunctions(profile, 5)).toEqual([
    { name: 'decode (packages/payload-decoders/src/decode.ts:17)', selfTime: 6, share: 0.75 },
    { name: '(anonymous) (mqtt/lib/client.js:10)', selfTime: 2, share: 0.25 },
  ])
})

test('only as many as asked for', () => {
  expect(topFunctions(profile, 1)).toHaveLength(1)
})
