/** Addresses of one visitor, however they are written. */
import { expect, test } from 'vitest'
import { networkOf, sameNetwork } from './network.ts'

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::FFFF:cb00:7107', '203.0.113.7'],
  ['0:0:0:0:0:ffff:cb00:7107', '203.0.113.7'],
  ['2001:DB8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
  ['2001:0db8:0001:0002:aaaa::1', '2001:db8:1:2::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['1::ffff:cb00:7107', '1:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['', ''],
])('"%s" counts as %s', (address, network) => expect(networkOf(address)).toBe(network))

test('addresses of one /64 are one visitor’s, and no others', () => {
  expect(sameNetwork('2001:db8:1:2:aaaa::1', '2001:DB8:1:2::2')).toBe(true)
  expect(sameNetwork('2001:db8:1:2::1', '2001:db8:1:3::1')).toBe(false)
  expect(sameNetwork('203.0.113.7', '203.0.113.8')).toBe(false)
})
