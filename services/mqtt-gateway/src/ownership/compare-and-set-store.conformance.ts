import { waitFor } from '@iomt/testing/wait-for'
import { expect, test } from 'vitest'
import type { CompareAndSetStore, Entry, Listing } from './compare-and-set-store.ts'

export interface Note {
  readonly text: string
}

/** Every implementation keeps these promises; each call of `create` gives a new, empty store. */
export function compareAndSetStoreConformance(create: () => Promise<CompareAndSetStore<Note>>): void {
  function follow(store: CompareAndSetStore<Note>) {
    const entries = new Map<string, Entry<Note>>()
    const listings: Listing<Note>[] = []
    const following = store.follow({
      changed({ key, value, revision }) {
        if (value) entries.set(key, { value, revision })
        else entries.delete(key)
      },
      listed(listing) {
        listings.push(listing)
        entries.clear()
        for (const [key, entry] of listing.entries) entries.set(key, entry)
      },
    })
    return { entries, listings, stop: () => following.stop() }
  }

  test('a key is written by who knows its revision, and by nobody else', async () => {
    const store = await create()
    expect(await store.read('7')).toBeNull()
    const first = (await store.write('7', { text: 'one' }, 0)) as number
    expect(await store.read('7')).toEqual({ value: { text: 'one' }, revision: first })
    expect(await store.write('7', { text: 'again' }, 0)).toBeNull()
    const second = (await store.write('7', { text: 'two' }, first)) as number
    expect(second).toBeGreaterThan(first)
    expect(await store.write('7', { text: 'late' }, first)).toBeNull()
    expect(await store.read('7')).toEqual({ value: { text: 'two' }, revision: second })
  })

  test('of 100 writers of one key exactly one wins each revision', async () => {
    const store = await create()
    let revision = 0
    for (let round = 0; round < 5; round += 1) {
      const expected = revision
      const written = await Promise.all(
        Array.from({ length: 100 }, (_, writer) => store.write('7', { text: `${round} ${writer}` }, expected)),
      )
      const winners = written.filter((result) => result !== null)
      expect(winners).toHaveLength(1)
      revision = winners[0] as number
    }
  })

  test('a key is removed by who knows its revision, and can be written again by who expects none', async () => {
    const store = await create()
    const first = (await store.write('a', { text: 'one' }, 0)) as number
    expect(await store.remove('a', first + 1)).toBe(false)
    expect(await store.remove('a', first)).toBe(true)
    expect(await store.read('a')).toBeNull()
    expect(await store.write('a', { text: 'late' }, first)).toBeNull()
    const second = (await store.write('a', { text: 'two' }, 0)) as number
    expect(second).toBeGreaterThan(first)
  })

  test('who follows is given a listing, then every change with its revision', async () => {
    const store = await create()
    const before = (await store.write('before', { text: 'one' }, 0)) as number
    await store.remove('gone', (await store.write('gone', { text: 'x' }, 0)) as number)
    const { entries, listings, stop } = follow(store)
    await waitFor(() => listings.length === 1, { what: 'the listing' })
    expect([...entries]).toEqual([['before', { value: { text: 'one' }, revision: before }]])
    const later = (await store.write('later', { text: 'two' }, 0)) as number
    await waitFor(() => entries.get('later')?.revision === later, { what: 'the write' })
    await store.remove('before', before)
    await waitFor(() => !entries.has('before'), { what: 'the removal' })
    stop()
  })

  test('an empty store is listed too', async () => {
    const store = await create()
    const { entries, listings, stop } = follow(store)
    await waitFor(() => listings.length === 1, { what: 'the listing' })
    expect(listings[0]?.incarnation).toBe(await store.incarnation())
    expect(entries.size).toBe(0)
    stop()
  })
}
