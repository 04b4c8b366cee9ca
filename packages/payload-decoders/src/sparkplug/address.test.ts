import { expect, test } from 'vitest'
import { certificateTopics, sparkplugAddress } from './address.ts'

test('an address is read behind any prefix, and from nothing else', () => {
  expect(sparkplugAddress('spBv1.0/ward/DDATA/edge1/pdu1')).toEqual({
    type: 'DDATA',
    node: 'ward/edge1',
    device: 'pdu1',
  })
  expect(sparkplugAddress('bridge/spBv1.0/ward/NBIRTH/edge1')).toEqual({
    type: 'NBIRTH',
    node: 'ward/edge1',
    device: null,
  })
  for (const topic of ['spBv1.0', 'spBv1.0/STATE/host', 'xspBv1.0/ward/DDATA/edge1', 'ward/socket1']) {
    expect(sparkplugAddress(topic), topic).toBeNull()
  }
})

test('certificates of a device are its own and the death of its node; those of a node its own', () => {
  expect(certificateTopics('hospital/spBv1.0/ward/DDATA/edge1/pdu1')).toEqual([
    'hospital/spBv1.0/ward/DBIRTH/edge1/pdu1',
    'hospital/spBv1.0/ward/DDEATH/edge1/pdu1',
    'hospital/spBv1.0/ward/NDEATH/edge1',
  ])
  expect(certificateTopics('spBv1.0/ward/NDATA/edge1')).toEqual([
    'spBv1.0/ward/NBIRTH/edge1',
    'spBv1.0/ward/NDEATH/edge1',
  ])
  for (const topic of ['spBv1.0/ward/DBIRTH/edge1/pdu1', 'spBv1.0/ward/NCMD/edge1', 'ward/socket1']) {
    expect(certificateTopics(topic), topic).toEqual([])
  }
})
