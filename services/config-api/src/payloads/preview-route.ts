import { PayloadPreview, PayloadPreviewResult } from '@iomt/contracts/rest/payload-preview'
import type { Database } from '@iomt/database/connect'
import { previewPayload } from '@iomt/payload-decoders/preview'
import { DEFAULT_MAX_PAYLOAD_BYTES } from '@iomt/payload-decoders/socket-decoder'
import { invalidField } from '../changes/refusal.ts'
import type { App } from '../http/app.ts'
import { tenantOf } from '../http/authentication.ts'
import { answers, BODY_REFUSALS } from '../http/route-documentation.ts'
import { requirePdu } from '../pdus/require-pdu.ts'
import { effectivePayloadConfig } from './effective-payload-config.ts'
import { messageBytes } from './message-bytes.ts'
import { checkPayloadConfig, readProfile } from './payload-config-check.ts'

/** `POST /payloads/preview` */
export function addPreviewRoute(app: App, database: Database): void {
  app.post(
    '/payloads/preview',
    {
      config: { role: 'viewer' },
      schema: {
        tags: ['payloads'],
        operationId: 'previewPayload',
        summary: 'What a message means with a payload_config; stores nothing',
        description:
          'A `profile` is that of the organization of the PDU, or of the API key. Decoders that learn from earlier messages know none here.',
        body: PayloadPreview,
        response: answers({ 200: PayloadPreviewResult }, 404, ...BODY_REFUSALS),
      },
    },
    async (request) => {
      const { body } = request
      const payload = messageBytes(body, DEFAULT_MAX_PAYLOAD_BYTES)
      const tenant = tenantOf(request)
      const pdu = body.pdu_id === undefined ? null : await requirePdu(database, body.pdu_id, tenant, '/pdu_id')
      const config = body.payload_config ?? null
      checkPayloadConfig(config)
      let shared: Record<string, unknown> | null = null
      if (config?.profile !== undefined) {
        const organizationId = pdu?.organization_id ?? tenant
        if (organizationId === null) throw invalidField('/pdu_id', 'is required to know whose profile is meant')
        shared = await readProfile(database, organizationId, config.profile)
        checkPayloadConfig(effectivePayloadConfig(config, shared))
      }
      const { mapping_problems: _, ...answer } = previewPayload({
        payload,
        topic: body.topic ?? '',
        ...(body.relative_topic === undefined ? {} : { relativeTopic: body.relative_topic }),
        payloadConfig: effectivePayloadConfig(config, shared),
        timezone: pdu?.timezone ?? 'UTC',
        specifications: pdu?.specifications,
        receivedAt: new Date(),
      })
      const { reading, explanation, warnings } = answer
      return {
        ...answer,
        reading: reading && {
          ...reading,
          phases: reading.phases && { ...reading.phases },
          quality: [...reading.quality],
        },
        explanation: [...explanation],
        warnings: [...warnings],
      }
    },
  )
}
