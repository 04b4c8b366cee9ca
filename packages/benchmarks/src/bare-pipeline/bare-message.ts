/** What the bare gateway puts on JetStream: the payload as it came and what the writer needs to store it. */
export interface BareMessage {
  readonly id: string
  readonly socket_id: string
  readonly device_id: string
  readonly received_at: number
  readonly raw: {
    readonly voltage: number
    readonly current: number
    readonly power: number
    readonly power_factor: number
    readonly frequency: number
    readonly energy: number
    readonly socket_state: boolean
    readonly timestamp: string
  }
}

export const SUBJECT_PREFIX = 'iomt.v1.telemetry.clinic.ward.room'
