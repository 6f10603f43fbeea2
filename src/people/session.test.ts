/** What is kept of a browser's own description of itself, which a stranger writes. */
import { expect, test } from 'vitest'
import { shortAgent } from './session.ts'

const chromes =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'
test.each([
  [
    'Firefox',
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'Firefox 140 · Linux',
  ],
  ['Chrome', chromes, 'Chrome 142 · Windows'],
  ['Edge, which names Chrome first', `${chromes} Edg/142.0.0.0`, 'Edge 142 · Windows'],
  ['Opera, which names Chrome first', `${chromes} OPR/125.0.0.0`, 'Opera 125 · Windows'],
  [
    'Safari',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
    'Safari 605 · macOS',
  ],
  ['curl', 'curl/8.14.1', 'curl 8'],
  ['nothing known', 'Lynx', ''],
])('%s is told in a few words', (_, agent, told) => expect(shortAgent(agent)).toBe(told))

test.each(['Edg', 'OPR/', 'EdgEdgx', 'Chromex', 'Edg/1 '])(
  'sixteen thousand signs of %s are read as fast as none [security A1]',
  words => {
    // 4.8 kB stood still for a minute once: with an expression that goes back, this would take hours.
    const before = process.cpuUsage()
    expect(shortAgent(words.repeat(Math.ceil(16_384 / words.length))).length).toBeLessThan(40)
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(2_000)
  },
)

test('nothing behind its first 256 characters is read [security A1]', () => {
  const after = (count: number) => shortAgent(`${'x'.repeat(count)} Firefox/140`)
  expect([after(200), after(256)]).toEqual(['Firefox 140', ''])
})
