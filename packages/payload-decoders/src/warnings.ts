const MEANINGS: Readonly<Record<string, (measurement: string) => string>> = {
  invalid: (name) => `${name} is no number and was left out`,
  implausible: (name) => `${name} cannot be right; see extra if it is missing from the measurements`,
  'unit-ambiguous': (name) =>
    `the unit of ${name} cannot be known, so it was left out: say it in payload_config.mapping (unit), or enter the PDU's rated voltage and maximum current`,
  ambiguous: (name) =>
    `the message has several values for ${name}, so none was taken: choose one in payload_config.mapping`,
  'not-split-by-channel': (name) =>
    `${name} is of the whole device, and this socket is one of several (payload_config.channel): it was left out`,
  missing: (name) => `${name} is expected (payload_config.expected) and not in the message`,
}

const SINGLE: Readonly<Record<string, string>> = {
  'clock-invalid': "the device's clock cannot be right; the time of receipt counts",
  skewed:
    'power, voltage, current and power factor do not fit each other: they were probably measured at different moments',
  unmapped: 'the values have no names: set payload_config.mapping',
  'birth-missing': 'metrics with an alias only: the BIRTH message that names them has not been seen',
  'phases-assumed':
    "three values were taken as phases: enter the PDU's phases in its specifications, or set payload_config.channel",
  'marked-invalid': 'the device itself marks values as invalid; they were left out',
}

/** A doubt of `quality` in words, with what to do about it. */
export function warningOf(doubt: string): string {
  const [kind = '', measurement = ''] = doubt.split(':')
  return SINGLE[doubt] ?? MEANINGS[kind]?.(measurement) ?? doubt
}
