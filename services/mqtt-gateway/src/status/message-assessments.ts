import type { PayloadConfig } from '@iomt/contracts/payload-config'
import type { StatusAdvice } from '@iomt/contracts/socket-status'
import { createMessageAssessment, type MessageAssessment } from './message-assessment.ts'

/** The assessments of the sockets that are held here. */
export interface MessageAssessments {
  /** Made when the socket's first message comes. A configuration that changed begins a new one. */
  of(socketId: string, config: PayloadConfig | null): MessageAssessment
  assess(socketId: string): { advice: StatusAdvice[]; availability?: { online: boolean; at: string } }
  forget(socketId: string): void
  /** Forgets all sockets but these. */
  keepOnly(held: (socketId: string) => boolean): void
}

interface Held {
  readonly config: PayloadConfig | null
  readonly assessment: MessageAssessment
}

export function createMessageAssessments(): MessageAssessments {
  const bySocket = new Map<string, Held>()
  return {
    of(socketId, config) {
      const held = bySocket.get(socketId)
      if (held?.config === config) return held.assessment
      // A desired state that came anew with the same content is another object, and no change.
      if (held && JSON.stringify(held.config) === JSON.stringify(config)) {
        bySocket.set(socketId, { config, assessment: held.assessment })
        return held.assessment
      }
      const assessment = createMessageAssessment()
      const before = held?.assessment.availability
      if (before) assessment.status(before.online, new Date(before.at))
      bySocket.set(socketId, { config, assessment })
      return assessment
    },
    assess(socketId) {
      const held = bySocket.get(socketId)
      if (!held) return { advice: [] }
      const { availability } = held.assessment
      return { advice: held.assessment.advice(held.config), ...(availability ? { availability } : {}) }
    },
    forget(socketId) {
      bySocket.delete(socketId)
    },
    keepOnly(isHeld) {
      for (const socketId of bySocket.keys()) if (!isHeld(socketId)) bySocket.delete(socketId)
    },
  }
}
