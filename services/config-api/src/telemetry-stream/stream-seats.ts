import { Refusal } from '../changes/refusal.ts'

export interface SeatLimits {
  /** Open streams of this process. */
  readonly total: number
  readonly perKey: number
}

/** Counts open streams from the moment they are asked for, so that many requests at once do not slip through together. */
export interface StreamSeats {
  /** @returns what gives the seat back; calling it again does nothing. @throws Refusal when there is none. */
  take(keyId: string): () => void
}

export function createStreamSeats(limits: SeatLimits): StreamSeats {
  const byKey = new Map<string, number>()
  let total = 0

  return {
    take(keyId) {
      const ofKey = byKey.get(keyId) ?? 0
      if (ofKey >= limits.perKey) {
        const detail = `This API key has ${ofKey} streams open on this server, which is as many as it may; close one first.`
        throw new Refusal('too-many-streams', detail)
      }
      if (total >= limits.total) {
        throw new Refusal('streams-exhausted', `This server has ${total} streams open, which is as many as it serves.`)
      }
      byKey.set(keyId, ofKey + 1)
      total += 1
      let taken = true
      return () => {
        if (!taken) return
        taken = false
        total -= 1
        const left = (byKey.get(keyId) ?? 1) - 1
        if (left > 0) byKey.set(keyId, left)
        else byKey.delete(keyId)
      }
    },
  }
}
