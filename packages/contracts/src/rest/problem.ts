import { type Static, Type } from '@sinclair/typebox'

/** RFC 9457 problem details, the body of every answer from 400 up (`application/problem+json`). */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Stable: `/problems/{slug}`', examples: ['/problems/code-taken'] }),
    title: Type.String({ description: 'What kind of problem this is; the same for every problem of the type' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What happened here, and what to do about it' }),
    errors: Type.Array(
      Type.Object(
        {
          pointer: Type.String({ description: 'JSON Pointer into the body, or `/name` of a query or path parameter' }),
          detail: Type.String(),
        },
        { additionalProperties: false },
      ),
    ),
    request_id: Type.String({ description: 'Finds the request in the logs' }),
  },
  {
    $id: 'Problem',
    additionalProperties: false,
    examples: [
      {
        type: '/problems/socket-number-taken',
        title: 'The PDU has a socket with this number',
        status: 409,
        detail: 'Socket number 3 exists on this PDU; choose another number.',
        errors: [{ pointer: '/socket_number', detail: 'is taken' }],
        request_id: '0190a6f0-7b1e-7c55-8b8e-3f6f5a2f9d10',
      },
    ],
  },
)
export type Problem = Static<typeof Problem>
