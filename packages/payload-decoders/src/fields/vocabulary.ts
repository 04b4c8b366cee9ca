import type { NumericMeasurement } from '@iomt/contracts/measurements'
import type { PhaseName } from '../decoded-payload.ts'
import type { Unit } from '../units.ts'

/** One word of a key, by what it adds to the meaning. */
export type Atom =
  /** A quantity by its name. */
  | { readonly kind: 'quantity'; readonly measurement: NumericMeasurement; readonly exact: boolean }
  /** `power` without saying which. */
  | { readonly kind: 'power' }
  /** `consumption`: watts or kilowatt hours, only a unit tells. */
  | { readonly kind: 'consumption' }
  | { readonly kind: 'relay'; readonly strong: boolean }
  | { readonly kind: 'clock'; readonly rank: number }
  | { readonly kind: 'aspect'; readonly aspect: Aspect; readonly name: string }
  | { readonly kind: 'phase'; readonly phase: PhaseName | 'line' | 'neutral' }
  /** A single letter from electrical engineering: counts only beside others of its kind. */
  | { readonly kind: 'letter'; readonly measurement: NumericMeasurement; readonly phase: PhaseName | null }
  /** A single letter behind a word: a unit or a phase. */
  | { readonly kind: 'suffix'; readonly letter: string }
  | { readonly kind: 'unit'; readonly unit: Unit }
  | { readonly kind: 'number'; readonly text: string }
  /** outlet, port, channel: what a number behind it counts. */
  | { readonly kind: 'outlet' }
  /** Adds nothing: value, measured, instantaneous. */
  | { readonly kind: 'neutral' }
  | { readonly kind: 'unknown' }

export type Aspect = 'total' | 'active' | 'reactive' | 'apparent' | 'import' | 'export' | 'period' | 'average'

const quantities: ReadonlyArray<readonly [NumericMeasurement, string]> = [
  [
    'voltage',
    'voltage volt volts spannung netzspannung tension voltaje tensione tensao spanning napiecie dienap urms vrms rmsvoltage voltagerms mainsvoltage',
  ],
  [
    'current',
    'current curr amperage ampere amperes amp amps strom stromstaerke stromstärke courant intensite intensité corriente intensidad corrente stroom prad dongdien irms rmscurrent currentrms',
  ],
  [
    'active_power',
    'activepower apower actpower poweractive wirkleistung realpower powerreal truepower puissanceactive potenciaactiva potenzaattiva wattage congsuattacdung',
  ],
  [
    'apparent_power',
    'apparentpower aprtpower powerapparent scheinleistung puissanceapparente potenciaaparente potenzaapparente schijnbaarvermogen',
  ],
  [
    'reactive_power',
    'reactivepower reactpower powerreactive blindleistung puissancereactive puissanceréactive potenciareactiva potenzareattiva',
  ],
  [
    'power_factor',
    'powerfactor pf factor cosphi cosfi cosφ leistungsfaktor facteurdepuissance facteurpuissance factordepotencia factorpotencia fattoredipotenza hesocongsuat pwrfactor powerfact',
  ],
  ['frequency', 'frequency freq frequenz netzfrequenz frequence fréquence frecuencia frequenza frequentie tanso'],
  [
    'energy',
    'energy energie énergie energia energía wirkenergie activeenergy actenergy energyactive aenergy diennang nangluong',
  ],
  ['temperature', 'temperature temp temperatur temperatura température nhietdo tc'],
]

const words = (text: string): string[] => text.split(' ')

const POWER = words('power pwr leistung puissance potencia potenza potência vermogen moc congsuat')
const CONSUMPTION = words('consumption powerconsumption consumed verbrauch consommation consumo usage')
const RELAY = words(
  'relay relays relais rele relayon relaystate relaystatus switch switches switchstate switchstatus socketstate socketon outletstate outletstatus plugstate ison onoff outputstate portstate deviceon on',
)
const WEAK_RELAY = words('state status output')
/** By how much they say that they are the time of measuring. */
const CLOCKS: ReadonlyArray<readonly [number, string]> = [
  [3, 'timestamp measuredat measurementtime sampledat sampletime recordedat measuretime zeitstempel horodatage'],
  [
    2,
    'time ts datetime devicetime eventtime utctime timeutc utc unixtime unixtimestamp epoch epochms timestampms epochtime localtime',
  ],
  [1, 'lastseen lastupdate lastupdated lastchanged updatedat createdat publishedat sentat'],
]
const ASPECTS: ReadonlyArray<readonly [Aspect, string]> = [
  ['total', 'total sum tot gesamt overall summe totale all combined'],
  ['active', 'active act'],
  ['reactive', 'reactive react'],
  ['apparent', 'apparent aprt'],
  ['import', 'import imported forward fwd bezug positive pos drawn'],
  [
    'export',
    'export exported returned return ret reverse reversed produced production generated generation feed feedin einspeisung negative neg injected',
  ],
  [
    'period',
    'today yesterday day daily hour hourly lasthour month monthly thismonth year yearly week weekly period interval delta increment session heute gestern tag monat jahr lastweek lastmonth t1 t2 t3 t4 tariff tariff1 tariff2 tariff3 tariff4 tarif tarif1 tarif2 rate1 rate2 ht nt hp hc',
  ],
  ['average', 'avg average mean mittel mittelwert'],
]
const NEUTRAL = words(
  'value val reading instant instantaneous now present measured measurement measurements actual ac mains grid rms meter main live load electrical electric electricity line aktuell momentan data metrics sensor sensors telemetry values realtime emeter',
)
const OUTLETS = words('outlet socket port channel ch plug gang out circuit outlets sockets ports channels')
const PHASES: ReadonlyArray<readonly [PhaseName, string]> = [
  ['l1', 'l1 phase1 ph1 phasea pha phasel1 l1n phaser line1'],
  ['l2', 'l2 phase2 ph2 phaseb phb phasel2 l2n phases line2'],
  ['l3', 'l3 phase3 ph3 phasec phc phasel3 l3n phaset line3'],
]
const LINE_TO_LINE = words('ab bc ca l12 l23 l31 l1l2 l2l3 l3l1 lineab linebc lineca linetoline ll')
const NEUTRAL_LINE = words('n neutral neutralline')

/** Single letters by themselves, like `U` or `f`. */
export const LETTERS: ReadonlyMap<string, NumericMeasurement> = new Map([
  ['u', 'voltage'],
  ['v', 'voltage'],
  ['i', 'current'],
  ['a', 'current'],
  ['p', 'active_power'],
  ['w', 'active_power'],
  ['s', 'apparent_power'],
  ['q', 'reactive_power'],
  ['f', 'frequency'],
])

/** Words without separators in lower case -> what they add. */
export const WORDS: ReadonlyMap<string, Atom> = new Map<string, Atom>([
  ...NEUTRAL.map((word): [string, Atom] => [word, { kind: 'neutral' }]),
  // States of the field system that are none of the relay.
  ...['sensorstate', 'machinestate'].map((word): [string, Atom] => [word, { kind: 'unknown' }]),
  ...quantities.flatMap(([measurement, names]) =>
    words(names).map((word): [string, Atom] => [
      word,
      { kind: 'quantity', measurement, exact: word === measurement.replace('_', '') },
    ]),
  ),
  ...POWER.map((word): [string, Atom] => [word, { kind: 'power' }]),
  ...CONSUMPTION.map((word): [string, Atom] => [word, { kind: 'consumption' }]),
  ...RELAY.map((word): [string, Atom] => [word, { kind: 'relay', strong: true }]),
  ...WEAK_RELAY.map((word): [string, Atom] => [word, { kind: 'relay', strong: false }]),
  ...CLOCKS.flatMap(([rank, names]) => words(names).map((word): [string, Atom] => [word, { kind: 'clock', rank }])),
  ...ASPECTS.flatMap(([aspect, names]) =>
    words(names).map((word): [string, Atom] => [word, { kind: 'aspect', aspect, name: word }]),
  ),
  ...PHASES.flatMap(([phase, names]) => words(names).map((word): [string, Atom] => [word, { kind: 'phase', phase }])),
  ...LINE_TO_LINE.map((word): [string, Atom] => [word, { kind: 'phase', phase: 'line' }]),
  ...NEUTRAL_LINE.map((word): [string, Atom] => [word, { kind: 'phase', phase: 'neutral' }]),
])

/** Words after which a number counts outlets. */
export const OUTLET_WORDS: ReadonlySet<string> = new Set(OUTLETS)

/**
 * Objects under these keys hold no measurements of the mains: radio, battery, limits, settings, statistics. Compared with
 * every word of a key.
 */
export const FOREIGN_WORDS: ReadonlySet<string> = new Set(
  words(
    'wifi wlan radio lora tx rx txinfo rxinfo rssi snr battery batt bat dc config configuration cfg settings setting limit limits threshold thresholds alarm alarms warning warnings min max minimum maximum peak desired requested command wanted preset default defaults calibration history harmonics thd firmware cloud mqtt network net ip version update ota counts nominal rated target setpoint schedule timer demand gps location tags uptime memory heap cpu esp32 system_info ext_power leakage residual eth ethernet',
  ),
)
