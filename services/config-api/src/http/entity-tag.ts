import { Refusal } from '../changes/refusal.ts'
import type { ExpectedVersions } from '../resources/change-resource.ts'

const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/

/** `ETag` of a row version. */
export function entityTag(version: number): string {
  return `"${version}"`
}

/**
 * The versions that an `If-Match` header allows; null without one or with `*`. Weak tags never match (RFC 9110 13.1.1
 * wants the strong comparison), tags that are no version of ours simply match nothing.
 *
 * @throws Refusal `invalid-if-match` when it is neither `*` nor a list of entity tags.
 */
export function expectedVersions(header: string | undefined): ExpectedVersions {
  if (header === undefined || header.trim() === '*') return null
  return header.split(',').flatMap((part) => {
    const match = ENTITY_TAG.exec(part.trim())
    if (!match) {
      throw new Refusal(
        'invalid-if-match',
        'If-Match must be the ETag of the resource, for example "3" with its quotes.',
        [{ pointer: '/if-match', detail: 'is neither * nor a list of entity tags' }],
      )
    }
    const [, weak, tag] = match
    return weak === undefined && /^\d+$/.test(tag as string) ? [Number(tag)] : []
  })
}
