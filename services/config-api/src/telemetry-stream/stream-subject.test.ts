import { expect, test } from 'vitest'
import { catchUpSubject, type SubjectPlace } from './stream-subject.ts'

const SINCE = new Date('2026-11-23T09:00:00Z')
const LONG_AGO = new Date('2026-11-01T00:00:00Z')
const NOWHERE: SubjectPlace = {
  organizationCode: null,
  departmentCode: null,
  pduCode: null,
  socketNumber: null,
  deviceId: null,
  changedAt: LONG_AGO,
}

test('the subject is as narrow as the filter, with the codes that stood still since', () => {
  const pdu = { ...NOWHERE, organizationCode: 'hopt', pduCode: 'tang3' }
  expect(catchUpSubject(NOWHERE, SINCE)).toBe('iomt.v1.telemetry.>')
  expect(catchUpSubject({ ...NOWHERE, organizationCode: 'hopt' }, SINCE)).toBe('iomt.v1.telemetry.hopt.*.*.*.*')
  expect(catchUpSubject(pdu, SINCE)).toBe('iomt.v1.telemetry.hopt.*.tang3.*.*')
  expect(catchUpSubject({ ...pdu, departmentCode: 'icu', socketNumber: 0 }, SINCE)).toBe(
    'iomt.v1.telemetry.hopt.icu.tang3.0.*',
  )
})

test('a code that changed since, or shortly before, is left out; a device id never changes', () => {
  for (const changedAt of [new Date('2026-11-23T10:00:00Z'), new Date('2026-11-23T08:55:00Z'), null]) {
    const renamed = { ...NOWHERE, organizationCode: 'hopt', changedAt }
    expect(catchUpSubject(renamed, SINCE)).toBe('iomt.v1.telemetry.>')
    expect(catchUpSubject({ ...renamed, deviceId: 'd-1' }, SINCE)).toBe('iomt.v1.telemetry.*.*.*.*.d-1')
  }
})
