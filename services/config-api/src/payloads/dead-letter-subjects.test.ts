import { expect, test } from 'vitest'
import { deadLetterSubjects, type SubjectCodes } from './dead-letter-subjects.ts'

const SINCE = new Date('2026-11-23T09:00:00Z')
const LONG_AGO = new Date('2026-11-01T00:00:00Z')
const SHORTLY_BEFORE = new Date('2026-11-23T08:55:00Z')
const SOCKET: SubjectCodes = {
  organization_code: 'hopt',
  organization_changed: LONG_AGO,
  department_code: 'icu',
  department_changed: LONG_AGO,
  pdu_code: 'tang3',
  pdu_changed: LONG_AGO,
  socket_number: 4,
  socket_changed: LONG_AGO,
}

const subject = (sockets: SubjectCodes[]) => deadLetterSubjects(sockets, SINCE).decode

test('codes that stood still are in the subject, those that may have changed are not', () => {
  expect(deadLetterSubjects([SOCKET], SINCE)).toEqual({
    decode: 'iomt.v1.deadletter.decode.hopt.icu.tang3.4',
    store: 'iomt.v1.deadletter.store.hopt.icu.tang3.4',
  })
  expect(subject([{ ...SOCKET, department_code: null, department_changed: null }])).toMatch(/\.hopt\._\.tang3\.4$/)
  expect(subject([{ ...SOCKET, socket_changed: SHORTLY_BEFORE }])).toMatch(/\.hopt\.icu\.tang3\.\*$/)
  expect(subject([{ ...SOCKET, department_changed: SHORTLY_BEFORE }])).toMatch(/\.hopt\.\*\.tang3\.4$/)
  expect(subject([{ ...SOCKET, organization_changed: SHORTLY_BEFORE }])).toMatch(/\.\*\.icu\.tang3\.4$/)
  // It may have been in another department as well.
  expect(subject([{ ...SOCKET, pdu_changed: SHORTLY_BEFORE }])).toMatch(/\.hopt\.\*\.\*\.4$/)
})

test('several sockets share one subject, so that no letter is read twice', () => {
  expect(subject([SOCKET, { ...SOCKET, socket_number: 5 }])).toMatch(/\.hopt\.icu\.tang3\.\*$/)
})
