import { Type } from '@sinclair/typebox'

/** Names with commas between them. Read by the service, which names the one that is unknown. */
export const MeasurementList = Type.String({
  minLength: 1,
  maxLength: 200,
  description: 'Only these measurements, with commas between them; default: all',
  examples: ['active_power', 'voltage,current'],
})
