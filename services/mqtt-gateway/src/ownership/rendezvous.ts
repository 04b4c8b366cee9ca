/**
 * Highest random weight (Thaler and Ravishankar, 1998): each partition goes to the member whose hash with it is highest, so
 * a member that joins takes 1/N from all the others and one that leaves is inherited by all of them.
 *
 * @returns the member that should own a partition, or null without members.
 */
export function createPlacement(members: readonly string[]): (partition: number) => string | null {
  // Sorted, so that two members with equal weights (one in 2^32) look the same from everywhere.
  const candidates = [...new Set(members)].sort().map((member) => ({ member, seed: seedOf(member) }))
  return (partition) => {
    const partitionHash = mix(Math.imul(partition + 1, 0x9e3779b1))
    let owner: string | null = null
    let highest = -1
    for (const { member, seed } of candidates) {
      const weight = mix(seed ^ partitionHash)
      if (weight <= highest) continue
      highest = weight
      owner = member
    }
    return owner
  }
}

/** 32-bit FNV-1a. */
function seedOf(member: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < member.length; index += 1) {
    hash = Math.imul(hash ^ member.charCodeAt(index), 0x01000193)
  }
  return mix(hash)
}

/** "lowbias32" (Wellons, hash-prospector): every input bit changes every output bit with a probability near one half. */
function mix(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d)
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b)
  return (hash ^ (hash >>> 16)) >>> 0
}
