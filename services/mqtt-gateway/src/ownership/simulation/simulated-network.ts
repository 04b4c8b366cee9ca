import type { CompareAndSetStore, StoreObserver } from '../compare-and-set-store.ts'
import { RELIST } from '../lease-timing.ts'
import type { SimulatedProcess, SimulatedTime } from './simulated-time.ts'

/** What the network does to messages at the moment. */
export interface NetworkWeather {
  /** Chance that a request, an answer or a watch event is lost. */
  loss: number
  /** Chance that it takes up to five seconds. */
  slow: number
}

/** A process's way to a store in simulated time. */
export interface SimulatedLink {
  /** Nothing passes: what is sent is lost, or arrives once the link is whole again. */
  cut(): void
  heal(): void
  through<Value>(store: CompareAndSetStore<Value>, timeout: number): CompareAndSetStore<Value>
}

export function createSimulatedLink(
  time: SimulatedTime,
  process: SimulatedProcess,
  weather: NetworkWeather,
): SimulatedLink {
  let isCut = false
  let held: Array<() => void> = []
  const onHeal: Array<() => void> = []
  const lost = () => time.random() < weather.loss
  const latency = () => (time.random() < weather.slow ? time.random() * 5_000 : 1 + time.random() * 20)

  function request<Answer>(timeout: number, apply: () => Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      process.clock.after(timeout, () => reject(new Error('timeout')))
      const serve = () => {
        apply().then((answer) => {
          // Done, and yet the caller may never hear of it.
          if (!isCut && !lost()) process.deliver(latency(), () => resolve(answer))
        }, reject)
      }
      if (lost()) return
      if (!isCut) time.after(latency(), serve)
      else if (time.random() < 0.5) held.push(serve)
    })
  }

  function follow<Value>(store: CompareAndSetStore<Value>, observer: StoreObserver<Value>) {
    // One connection: what is not lost arrives in order.
    const channel: Array<() => void> = []
    let lastArrival = 0
    let generation = 0
    let stopped = false
    let unsubscribe = () => {}
    const send = (mine: number, task: () => void) => {
      if (isCut || !process.alive) return
      const arrival = Math.max(time.now() + latency(), lastArrival)
      lastArrival = arrival
      channel.push(() => {
        if (!stopped && mine === generation) task()
      })
      process.deliver(arrival - time.now(), () => channel.shift()?.())
    }
    const list = () => {
      unsubscribe()
      generation += 1
      const mine = generation
      const following = store.follow({
        listed: (listing) => send(mine, () => observer.listed(listing)),
        changed: (change) => {
          if (!lost()) send(mine, () => observer.changed(change))
        },
      })
      unsubscribe = () => following.stop()
    }
    const relist = () => {
      if (stopped) return
      list()
      process.clock.after(RELIST, relist)
    }
    relist()
    onHeal.push(() => {
      if (!stopped) list()
    })
    return {
      stop() {
        stopped = true
        unsubscribe()
      },
    }
  }

  return {
    cut() {
      isCut = true
    },
    heal() {
      if (!isCut) return
      isCut = false
      const late = held
      held = []
      for (const serve of late) time.after(latency(), serve)
      if (process.alive) for (const reconnected of onHeal) process.deliver(latency(), reconnected)
    },
    through: (store, timeout) => ({
      read: (key) => request(timeout, () => store.read(key)),
      write: (key, value, expected) => request(timeout, () => store.write(key, value, expected)),
      remove: (key, expected) => request(timeout, () => store.remove(key, expected)),
      incarnation: () => request(timeout, () => store.incarnation()),
      follow: (observer) => follow(store, observer),
    }),
  }
}
