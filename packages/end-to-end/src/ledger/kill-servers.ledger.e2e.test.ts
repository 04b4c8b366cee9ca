import { testKills, twice } from './kills.ts'

testKills([
  [
    'nats-server',
    {
      faults: twice(({ nats }) => nats),
    },
  ],
  [
    'Postgres',
    {
      faults: twice(({ postgres }) => postgres),
    },
  ],
  [
    'Mosquitto with persistence on',
    {
      broker: { persistence: true, autosaveOnChanges: 1, maxInflight: 0 },
      // What a broker has acknowledged and not yet sent on is in its memory alone, and what it has sent is lost when its end
      // of the connection is reset: no consumer can save either. So it is killed with empty hands.
      faults: twice(({ broker }) => broker).map((fault) => ({ ...fault, whileQuiet: true })),
    },
  ],
])
