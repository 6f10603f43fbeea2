/**
 * Bitcoin accounts at the command line: what may be paid to, what is refused before it is stored, and what
 * the approver is shown.
 */
import { expect, test } from 'vitest'
import { openTerminal } from '../../../test/testbed/terminal.ts'
import { wallet } from '../../../test/testbed/wallet.ts'
import { systemClock, systemRandom } from '../../base/clock.ts'
import { takeAddress } from '../../chain/chain.ts'
import { derive } from '../../rails/bitcoin/descriptor.ts'
import { openDb, sql } from '../../db/db.ts'

const { env, repasse } = openTerminal()
const ours = wallet('wpkh', 'regtest', 1)
const payee = wallet('wpkh', 'regtest', 2)
const taproot = wallet('tr', 'regtest', 3)
const address = derive(payee.account, 'receive', 7).address
const regtest = { BITCOIN_NETWORK: 'regtest', BITCOIN_DESCRIPTOR: ours.account.text }
const say = (words: string[], more: Record<string, string> = regtest) => repasse(words, more)
const add = (name: string, ...words: string[]) => [
  'account',
  'add',
  '--kind',
  'bitcoin',
  '--name',
  name,
  '--by',
  'maker',
  ...words,
]

test('an address is added, shown with its kind, and approved by another, who is told where it pays to', async () => {
  expect((await say(add('plain', '--address', address.toUpperCase()))).out).toContain(
    'account plain awaits approval',
  )
  const shown = JSON.parse((await say(['account', 'show', 'plain', '--json'])).out) as unknown
  expect(shown).toMatchObject({
    kind: 'bitcoin',
    holder: '',
    destination: address,
    firstAddress: address,
    state: 'awaiting',
  })
  const approved = await say(['account', 'approve', 'plain', '--by', 'checker'])
  expect([approved.code, approved.out]).toEqual([
    0,
    `account plain is approved by checker\naddress  ${address}\n`,
  ])
  expect((await say(add('twin', '--address', address))).err).toContain(
    'the same bitcoin account is known as plain already',
  )
})

test.each([
  ['wpkh', payee],
  ['tr', taproot],
])(
  'a %s descriptor is kept with its checksum, and its first address is derived for the approver to compare',
  async (kind, { account }) => {
    const first = derive(account, 'receive', 0).address
    expect((await say(add(kind, '--descriptor', account.text, '--holder', 'Payee Ltda'))).code).toBe(0)
    const { out } = await say(['account', 'show', kind])
    expect(out).toContain(`descriptor     ${account.text}`)
    expect(out).toContain(`first address  ${first}, number 0: compare it`)
    expect((await say(['account', 'list'])).out).toMatch(
      new RegExp(`${kind} +awaiting +bitcoin +Payee Ltda .*first: ${first}`),
    )
    expect((await say(['account', 'approve', kind, '--by', 'checker', '--json'])).out).toContain(
      `"firstAddress": "${first}"`,
    )
  },
)

test('an account of another network is not approved, and the list says nothing false of it', async () => {
  await say(add('elsewhere', '--address', derive(payee.account, 'receive', 8).address))
  const mainnet = { BITCOIN_NETWORK: 'mainnet' }
  const { code, err } = await say(['account', 'approve', 'elsewhere', '--by', 'checker'], mainnet)
  expect([code, err]).toEqual([
    2,
    expect.stringMatching(/cannot be approved: .*is an address of regtest, and BITCOIN_NETWORK is mainnet/),
  ])
  expect((await say(['account', 'show', 'elsewhere'], mainnet)).out).toMatch(
    /address .*, not checked: .*an address of regtest/,
  )
  expect((await say(['account', 'approve', 'elsewhere', '--by', 'checker'], {})).err).toContain(
    'BITCOIN_NETWORK is not set',
  )
  expect((await say(['account', 'list'], {})).code).toBe(0)
})

test('limits are objected to at once, and one person proposes what another approves to clear it', async () => {
  const limits = (...words: string[]) => say(['limits', ...words])
  expect((await limits('object', '--asset', 'BRL', '--why', 'x', '--by', 'dora')).err).toContain(
    'no limit of all payouts in BRL was ever set',
  )
  await limits('set', '--asset', 'BRL', '--per-day', '500.00', '--why', 'as decided', '--by', 'maker')
  const objected = await limits('object', '--asset', 'BRL', '--why', 'not decided', '--by', 'dora')
  expect([objected.code, objected.out]).toEqual([0, 'dora objects to the limits of all payouts in BRL\n'])
  expect((await limits('show')).out).toContain(
    'dora objects to the limits of all payouts in BRL, so the strictest',
  )
  expect((await say(['status'])).out).toContain('dora objects to the limits of BRL')
  const raise = await limits('set', '--asset', 'BRL', '--per-day', 'none', '--why', 'more', '--by', 'maker')
  expect([raise.code, raise.err]).toEqual([
    2,
    expect.stringContaining('so nobody raises them until two people have cleared that'),
  ])
  const { out } = await limits('clear', '--asset', 'BRL', '--why', 'it was', '--by', 'bruno')
  const proposal = /pro_\w+/.exec(out)![0]
  expect(JSON.parse((await limits('show', '--json')).out)).toMatchObject({
    objections: [{ account: null, asset: 'BRL', by: 'dora' }],
  })
  const node = { ...regtest, BITCOIN_RPC_URL: 'http://u:p@127.0.0.1:9' }
  expect(await say(['proposal', 'approve', proposal, '--by', 'carla'], node)).toMatchObject({
    code: 0,
    err: '',
  })
  expect(JSON.parse((await limits('show', '--json')).out)).toMatchObject({ objections: [] })
})

test('an account is objected to at once, and one person proposes what another approves to clear it', async () => {
  const doubted = derive(payee.account, 'receive', 9).address
  await say(add('doubted', '--address', doubted))
  const objected = await say(['account', 'object', 'doubted', '--why', 'who is that', '--by', 'ana'])
  expect([objected.code, objected.out]).toEqual([0, 'ana objects to account doubted\n'])
  expect((await say(['account', 'show', 'doubted'])).out).toMatch(/objection +ana: who is that/)
  expect((await say(['status'])).out).toContain('ana objects to account doubted, so nothing is paid there')
  expect((await say(['account', 'clear', 'doubted', '--why', 'mine', '--by', 'maker'])).err).toContain(
    'maker added account "doubted"',
  )
  const proposed = await say([
    'account',
    'clear',
    'doubted',
    '--why',
    'she called the payee',
    '--by',
    'bruno',
    '--json',
  ])
  const { proposal } = JSON.parse(proposed.out) as { proposal: string }
  // No node is asked for it.
  const approve = (by: string) =>
    say(['proposal', 'approve', proposal, '--by', by], {
      ...regtest,
      BITCOIN_RPC_URL: 'http://u:p@127.0.0.1:9',
    })
  expect((await approve('bruno')).err).toContain('bruno made')
  expect(await approve('carla')).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse((await say(['account', 'show', 'doubted', '--json'])).out)).toMatchObject({
    objection: null,
  })
  const closing = await say(['account', 'close', 'doubted', '--why', 'not ours', '--by', 'maker'])
  expect(closing.code).toBe(0)
  const again = await say(['account', 'object', 'doubted', '--why', 'late', '--by', 'ana'])
  expect([again.code, again.err]).toEqual([2, expect.stringContaining('is closed: nothing is paid there')])
})

const unchecked = payee.account.text.replace(/#.*/, '')
const sum = payee.account.text.slice(-8)
const xpub = /tpub\w+/.exec(payee.account.text)![0]
const mainnetDescriptor = wallet('wpkh', 'mainnet', 2).account.text
const wif = 'L1aW4aubDFB7yfras2S1mN3bqg9nwySY8nkoLmJebSLD5BWv3ENZ'
const words = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about'
const privateText = payee.privateText('receive')

test.each([
  ['an address of mainnet', 'bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu', 'BITCOIN_NETWORK is regtest'],
  [
    'a mistyped address',
    `${address.slice(0, -1)}${address.endsWith('q') ? 'p' : 'q'}`,
    'has a wrong checksum',
  ],
  ['no address at all', 'Main ChainActor 1', 'is no Bitcoin address: expected one of regtest, like bcrt1'],
  ['an empty text', '', '--address'],
  ['a descriptor without checksum', unchecked, `add #${sum} to its end`],
  [
    'a descriptor with another checksum',
    `${unchecked}#${sum.startsWith('q') ? 'p' : 'q'}${sum.slice(1)}`,
    `#${sum} would be right`,
  ],
  ['a descriptor of mainnet', mainnetDescriptor, 'regtest'],
  [
    'an xpub of another depth',
    payee.key('receive', 0).neutered().toBase58(),
    'has depth 5, and an account’s has 3',
  ],
  ['our own descriptor', ours.account.text, 'is of our own account (BITCOIN_DESCRIPTOR)'],
  ['our own account key alone', /tpub\w+/.exec(ours.account.text)![0], 'is of our own account'],
  ['an address of ours', derive(ours.account, 'receive', 41).address, 'is of our own account'],
  ['a change address of ours', derive(ours.account, 'change', 3).address, 'is of our own account'],
])('%s is refused by name with what would be right, and nothing is added', async (_, text, right) => {
  const { code, out, err } = await say(add('bad', '--address', text))
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain('--address')
  expect(err).toContain(right)
  expect((await say(['account', 'show', 'bad'])).code).toBe(2)
})

test('an address far beyond, which was handed out to a payer, is known from the database', async () => {
  const db = await openDb(env.DATABASE_URL, { clock: systemClock, random: systemRandom })
  const given = await db.tx(async tx => {
    await tx.run(sql`update chain_branches set next_index = 5000 where branch = 'receive'`)
    return takeAddress(tx, { derive: (branch, index) => derive(ours.account, branch, index) }, 'receive')
  })
  await db.close()
  expect(given.number).toBe(5000)
  expect((await say(add('bad', '--address', given.address))).err).toContain('is of our own account')
})

test.each([
  ['--address', 'a descriptor with a private key', privateText, /tprv\w+/.exec(privateText)![0]],
  [
    '--descriptor',
    'an extended private key',
    /tprv\w+/.exec(privateText)![0],
    /tprv\w+/.exec(privateText)![0],
  ],
  ['--address', 'a private key (WIF)', wif, wif],
  ['--address', 'the words of a seed', words, 'abandon abandon'],
  ['--holder', 'the words of a seed', words, 'abandon abandon'],
  ['--name', 'a private key (WIF)', wif, wif],
  ['--name', 'an extended private key', /tprv\w+/.exec(privateText)![0], /tprv\w+/.exec(privateText)![0]],
])('%s with %s is refused, and neither said again nor kept', async (flag, _, text, secret) => {
  for (const settings of [regtest, {}]) {
    const given =
      flag === '--name'
        ? ['account', 'add', '--kind', 'bitcoin', '--address', address]
        : add('bad', ...(flag === '--holder' ? ['--address', address] : []))
    const { code, out, err } = await say([...given, flag, text], { ...settings, LOG_LEVEL: 'debug' })
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/private key|words of a seed/)
    expect(err).not.toContain(secret)
  }
  expect((await say(['account', 'list', '--json'])).out).not.toContain(secret)
})

test.each([
  ['no address', ['--kind', 'bitcoin'], ['a flag is missing', '--address <address>']],
  [
    'flags of a bank',
    ['--kind', 'bitcoin', '--address', address, '--bank', '20018183', '--type', 'payment'],
    ['--bank is for --kind bank', '--type is for --kind bank'],
  ],
  ['an address of no kind', ['--address', address], ['--address is for --kind bitcoin']],
  [
    'an address and a descriptor',
    ['--kind', 'bitcoin', '--address', address, '--descriptor', payee.account.text],
    ['both given: leave one out'],
  ],
  [
    'a kind there is not',
    ['--kind', 'gold', '--address', address],
    ['--kind "gold" is not one of bank, bitcoin'],
  ],
  [
    'nothing that is right',
    ['--kind', 'bitcoin', '--address', 'x', '--holder', ' ', '--tax-id', '1'],
    ['--address', '--holder', '--tax-id', '4 values cannot be'],
  ],
])('an account with %s is refused with every fault at once', async (_, given, faults) => {
  const { code, out, err } = await say(['account', 'add', '--name', 'bad', ...given])
  expect([code, out]).toEqual([2, ''])
  for (const fault of faults) expect(err).toContain(fault)
  expect(err).not.toContain(xpub)
})

test('seed words without quotation marks, and a key under a flag nobody knows, are not said again', async () => {
  for (const given of [
    ['--address', ...words.split(' ')],
    ['--key', wif],
  ]) {
    const { code, out, err } = await say(add('bad', ...given))
    expect([code, out]).toEqual([2, ''])
    expect(err).not.toMatch(/abandon|L1aW4/)
  }
  expect((await say(add('bad', '--address', ...words.split(' ')))).err).toContain('recovery words')
  expect((await say(add('bad', '--address', address, 'of', 'Ana'))).err).toContain('2 belong to no flag')
})

test('without BITCOIN_NETWORK it is said that it must be set', async () => {
  const { code, err } = await say(add('bad', '--address', address), {})
  expect([code, err]).toEqual([2, expect.stringContaining('--address: BITCOIN_NETWORK is not set')])
})
