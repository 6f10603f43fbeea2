/** Settings: what is wrong is told all at once, by name, with what would be right. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { bitcoinSettings } from './bitcoinSettings.ts'
import { approvalsNeeded, coolingOffMs, readConfig, refuseMisspelt } from './config.ts'

test('an empty environment is an embedded database and the sandbox', () => {
  expect(readConfig({})).toMatchObject({
    DATABASE_URL: 'sqlite:data/repasse.db',
    STARKBANK_ENVIRONMENT: 'sandbox',
    STARKBANK_POLL_SECONDS: 300,
    TRANSFER_FEE: 0n,
  })
})

test('every fault is told at once, with its variable and never its value', () => {
  const read = () =>
    readConfig({
      LISTEN: 'nowhere',
      TRANSFER_FEE: '1,505',
      STARKBANK_ENVIRONMENT: 'staging',
      STARKBANK_PROJECT: '1',
    })
  expect(read).toThrow(/3|4 faults/)
  for (const part of [
    'LISTEN is set, and not shown here: expected host:port',
    'TRANSFER_FEE is set, and not shown here: expected an amount',
    'STARKBANK_ENVIRONMENT is set, and not shown here: expected one of sandbox, production',
    'did you mean STARKBANK_PROJECT_ID?',
  ])
    expect(read).toThrow(part)
  for (const value of ['nowhere', '1,505', 'staging']) expect(read).not.toThrow(value)
})

test('production refuses a simulated bank and storms [security 18 20]', () => {
  expect(() =>
    readConfig({
      STARKBANK_ENVIRONMENT: 'production',
      STARKBANK_API_URL: 'http://127.0.0.1:1',
      CRASH_AT: '*:1',
    }),
  ).toThrow(/refused in production[^]*refused in production/)
  expect(() =>
    readConfig({ STARKBANK_ENVIRONMENT: 'production', CLOCK: '30x since 2026-11-21T00:00:00Z' }),
  ).toThrow('CLOCK is for storms')
  expect(() =>
    readConfig({ STARKBANK_ENVIRONMENT: 'production', SIMULATE_URL: 'http://127.0.0.1:1' }),
  ).toThrow('refused in production')
})

test.each([{ STARKBANK_ENVIRONMENT: 'production' }, { BITCOIN_NETWORK: 'mainnet' }])(
  'where money is real an approval is proven, and waits a day [security 18 A2]: %j',
  real => {
    const strict = readConfig(real)
    expect([approvalsNeeded(strict), coolingOffMs(strict)]).toEqual(['proven', 86_400_000])
    const slack = readConfig({ ...real, SIGNED_APPROVALS: 'optional', COOLING_OFF: '0s' })
    expect([approvalsNeeded(slack), coolingOffMs(slack)]).toEqual(['any', 0])
    expect([approvalsNeeded(readConfig({})), coolingOffMs(readConfig({}))]).toEqual(['any', 0])
  },
)

test('mainnet refuses storms and a made-up rate', () => {
  const read = (more: Record<string, string>) => () => readConfig({ BITCOIN_NETWORK: 'mainnet', ...more })
  expect(read({ CLOCK: '30x since 2026-11-21T00:00:00Z' })).toThrow(
    'CLOCK is for storms and refused on mainnet',
  )
  expect(read({ CRASH_AT: '*:1' })).toThrow('CRASH_AT is for storms and refused on mainnet')
  expect(read({ RATE_FIXED: 'BTC-BRL 600000.00' })).toThrow(
    'RATE_FIXED is for closed networks and refused on mainnet',
  )
  expect(read({ RATES_FILE: 'rates.json' })().RATES_FILE).toBe('rates.json')
})

test('production wants https, for what the bank sends is not for everybody’s eyes', () => {
  const production = (PUBLIC_URL: string) => readConfig({ STARKBANK_ENVIRONMENT: 'production', PUBLIC_URL })
  for (const url of ['http://pay.example.com', 'HTTP://pay.example.com'])
    expect(() => production(url)).toThrow('PUBLIC_URL is set, and not shown here: in production expected')
  expect(production('https://pay.example.com').PUBLIC_URL).toBe('https://pay.example.com')
  expect(readConfig({ PUBLIC_URL: 'http://127.0.0.1:8080' }).PUBLIC_URL).toBe('http://127.0.0.1:8080')
})

test('letters need a sender and the shop’s address, and what could be a password is not shown', () => {
  const SMTP_URL = 'smtp://shop:se:cr@t@mail.example.com'
  expect(() => readConfig({ SMTP_URL })).toThrow(/MAIL_FROM is not set[^]*PUBLIC_URL is not set/)
  const whole = readConfig({
    SMTP_URL,
    PUBLIC_URL: 'https://pay.example.com',
    MAIL_FROM: 'Loja da Ana <loja@example.com>',
  })
  expect(whole.MAIL_FROM).toEqual({ name: 'Loja da Ana', address: 'loja@example.com' })
  for (const MAIL_FROM of [
    'nobody',
    'a@b',
    'Shop <a@example.com> b',
    'a@example.com, b@example.com',
    'Shop\r\nBcc: x <a@example.com>',
  ])
    expect(() => readConfig({ MAIL_FROM })).toThrow('Our Shop <shop@example.com>')
  const wrong = () => readConfig({ SMTP_URL: 'imap://shop:se/cr@t@mail.example.com' })
  expect(wrong).toThrow('SMTP_URL is set, and not shown')
  expect(wrong).not.toThrow('cr@t')
})

test.each([
  ['LOG_LEVEL', 'loud', 'expected one of info, debug, warn, error, silent'],
  ['STARKBANK_ENVIRONMENT', 'staging', 'expected one of sandbox, production'],
  ['TRANSFER_FEE_BY', 'bank', 'expected one of receiver, house'],
  ['STARKBANK_POLL_SECONDS', 'often', 'expected a whole number of seconds from 1 to 86400'],
  ['STARKBANK_POLL_SECONDS', '0', 'expected a whole number of seconds from 1 to 86400'],
  ['STARKBANK_POLL_SECONDS', '1.5', 'expected a whole number of seconds from 1 to 86400'],
])('%s "%s" is refused in words of ours', (name, value, right) => {
  expect(() => readConfig({ [name]: value })).toThrow(`${name} is set, and not shown here: ${right}`)
})

test('a clock of a storm says how fast it runs and since when', () => {
  expect(readConfig({ CLOCK: '30x since 2026-11-21T00:00:00Z' }).CLOCK).toEqual({
    speed: 30,
    since: Date.UTC(2026, 10, 21),
  })
  expect(readConfig({ CLOCK: '5x since 2026-11-21T00:00:00Z, skips in a file' }).CLOCK).toMatchObject({
    speed: 5,
    skips: 'a file',
  })
  expect(readConfig({ CLOCK: '20x as in a file' }).CLOCK).toEqual({ speed: 20, file: 'a file' })
  for (const CLOCK of ['30', '20x as in ', '0x since 2026-11-21T00:00:00Z', '30x since yesterday'])
    expect(() => readConfig({ CLOCK })).toThrow('CLOCK is')
})

test('a password in a database address is not shown [security A13]', () => {
  const read = () => readConfig({ DATABASE_URL: 'mysql://user:secret@host/db' })
  expect(read).toThrow('DATABASE_URL is set, and not shown here: expected sqlite:<file> or postgres://')
  expect(read).not.toThrow('secret')
})

test('no setting’s value is in any error, whatever was put where [security 14 A13]', () => {
  const names = [
    ...readFileSync(new URL('../../.env.example', import.meta.url), 'utf8').matchAll(/^#?([A-Z][A-Z_]+)=/gm),
  ].map(([, name]) => name!)
  expect(names.length).toBeGreaterThan(40)
  const values = [
    'hunter2',
    'postgres://ana:hunter2@db:x/y',
    'mysql://hunter2@h',
    'a\nhunter2\n',
    '-----BEGIN EC PRIVATE KEY-----hunter2',
    '0,hunter2',
    '=hunter2',
  ]
  for (const name of names)
    for (const value of values)
      for (const more of [
        {},
        { STARKBANK_ENVIRONMENT: 'production' },
        { BITCOIN_NETWORK: 'mainnet', BITCOIN_RPC_URL: 'http://x' },
      ]) {
        const said = messageOf(() => readConfig({ ...more, [name]: value }))
        // A file is named so that it can be found, where it can be a file's name at all.
        if (!(name.endsWith('_FILE') && /^[=\w,]+$/.test(value)))
          expect([name, said]).not.toEqual([name, expect.stringContaining('hunter2')])
      }
})

const messageOf = (work: () => unknown): string => {
  try {
    work()
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

// BIP 84's test vectors: keys everybody knows, so nobody's.
const xpub =
  'zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs'
const xprv =
  'zprvAdG4iTXWBoARxkkzNpNh8r6Qag3irQB8PzEMkAFeTRXxHpbF9z4QgEvBRmfvqWvGp42t42nvgGpNgYSJA9iefm1yYNZKEm7z6qUWCroSQnE'
const wif = 'KyZpNDKnfs94vbrwhJneDi77V6jF64PWPF8x5cdJb8ifgg2DUc9d'
const bitcoin = {
  BITCOIN_NETWORK: 'mainnet',
  BITCOIN_RPC_URL: 'http://repasse:correct%40horse@127.0.0.1:8332',
  BITCOIN_DESCRIPTOR: `wpkh([73c5da0a/84h/0h/0h]${xpub}/<0;1>/*)#abcdefgh`,
}

test('the Bitcoin rail is off until a node is named, and its defaults are the careful ones', () => {
  expect(readConfig({}).BITCOIN_RPC_URL).toBeUndefined()
  expect(readConfig(bitcoin)).toMatchObject({
    ...bitcoin,
    BITCOIN_SIGNER: 'psbt',
    BITCOIN_MAX_FEE_RATE: 100_000n,
    BITCOIN_FALLBACK_FEE_RATE: 5_000n,
    BITCOIN_FEE_BLOCKS: 6,
    BITCOIN_CONFIRMATIONS: [
      { belowUnits: 50_000n, confirmations: 1 },
      { belowUnits: 2_000_000n, confirmations: 3 },
      { belowUnits: undefined, confirmations: 6 },
    ],
    BITCOIN_PAYOUT_DEPTH: 6,
    BITCOIN_LATE: { is: 'accept', within: 200n },
    BITCOIN_BUMP_AFTER_BLOCKS: 6,
    BITCOIN_POLL_SECONDS: 5,
    BITCOIN_BATCH_SECONDS: 60,
    RATE_SOURCES: ['mercadobitcoin', 'binance', 'coinbase', 'coingecko'],
    RATE_MAX_AGE_SECONDS: 300,
    RATE_MAX_DEVIATION: 200n,
  })
})

test('a node alone is not enough: the network and the descriptor are asked for together, with every other fault', () => {
  const read = () =>
    readConfig({
      BITCOIN_RPC_URL: bitcoin.BITCOIN_RPC_URL,
      BITCOIN_SIGNER: 'wallet',
      BITCOIN_PAYOUT_DEPTH: '0',
    })
  for (const part of [
    '4 faults',
    'BITCOIN_NETWORK is not set',
    'BITCOIN_DESCRIPTOR is not set',
    'BITCOIN_WALLET is not set',
    'BITCOIN_PAYOUT_DEPTH is set, and not shown',
  ])
    expect(read).toThrow(part)
})

test.each([
  ['an extended key', xprv],
  ['an extended key in a descriptor', `wpkh([73c5da0a/84h/0h/0h]${xprv}/<0;1>/*)`],
  ['an extended key of testnet', xprv.replace('zprv', 'tprv')],
  ['an extended key shouted', xprv.replace('zprv', 'ZPRV')],
  ['a key in wallet import format', wif],
  ['such a key in a descriptor', `wpkh(${wif})`],
  ['recovery words', `${'abandon '.repeat(11)}about`],
])('%s where a public one belongs is refused and not repeated', (_, BITCOIN_DESCRIPTOR) => {
  const read = () => readConfig({ ...bitcoin, BITCOIN_DESCRIPTOR })
  expect(read).toThrow(/BITCOIN_DESCRIPTOR is set, and not shown .*private key/)
  for (const word of BITCOIN_DESCRIPTOR.split(/[^A-Za-z0-9]+/).filter(part => part.length > 8))
    expect(read).not.toThrow(word)
  expect(read).not.toThrow('abandon')
})

test('a private key in a setting that is shown is not shown either', () => {
  const read = () => readConfig({ BITCOIN_NETWORK: xprv, LISTEN: wif })
  expect(read).toThrow(/LISTEN is set, and not shown[^]*BITCOIN_NETWORK is set, and not shown/)
  for (const key of [xprv, wif]) expect(read).not.toThrow(key)
})

test.each([
  ['an extended public key', xpub],
  ['a descriptor of one', `tr([73c5da0a/86h/0h/0h]${xpub}/<0;1>/*)#abcdefgh`],
  ['a long text that begins like a key', `wpkh(${`5${'abcdef12'.repeat(8)}`})`],
])('%s holds no private key', (_, BITCOIN_DESCRIPTOR) =>
  expect(readConfig({ ...bitcoin, BITCOIN_DESCRIPTOR }).BITCOIN_DESCRIPTOR).toBe(BITCOIN_DESCRIPTOR),
)

test.each([
  'http://repasse:hunter2@127.0.0.1',
  'http://repasse:hunter2',
  'repasse:hunter2@127.0.0.1:8332',
  'http://repasse:hunter2@127.0.0.1:8332/wallet/one',
  'http://repasse:hunter2@2@127.0.0.1:8332',
  'http://hunter2@127.0.0.1:8332',
  'http://repasse:hunter2@127.0.0.1:99999',
  'http://repasse:%hunter2@127.0.0.1:8332',
])('%s is no node, and its password is not told', BITCOIN_RPC_URL => {
  const read = () => readConfig({ ...bitcoin, BITCOIN_RPC_URL })
  expect(read).toThrow(/BITCOIN_RPC_URL is set, and not shown .*expected an address like/)
  expect(read).not.toThrow('hunter2')
})
test.each([
  'http://127.0.0.1:8332',
  'https://node.example.com:443/',
  'http://[::1]:18443',
  'http://a:b%2Fc@localhost:1',
])('%s is a node', BITCOIN_RPC_URL =>
  expect(readConfig({ ...bitcoin, BITCOIN_RPC_URL }).BITCOIN_RPC_URL).toBe(BITCOIN_RPC_URL),
)

test('a node is shown one way in', () =>
  expect(() => readConfig({ ...bitcoin, BITCOIN_RPC_COOKIE_FILE: '.cookie' })).toThrow('the node takes one'))

test.each([
  ['BITCOIN_NETWORK', 'main', 'expected one of mainnet, testnet4, signet, regtest'],
  ['BITCOIN_ZMQ_URL', 'http://127.0.0.1:28332', 'expected an address like tcp://127.0.0.1:28332'],
  ['BITCOIN_SIGNER', 'me', 'expected one of psbt, wallet'],
  ['BITCOIN_MAX_FEE_RATE', '0', 'expected satoshis per virtual byte'],
  ['BITCOIN_FALLBACK_FEE_RATE', '0', 'expected satoshis per virtual byte'],
  ['BITCOIN_MAX_FEE_RATE', '1.2345', 'expected satoshis per virtual byte'],
  ['BITCOIN_MAX_FEE_RATE', '10000.001', 'expected satoshis per virtual byte'],
  ['BITCOIN_PAYOUT_DEPTH', '101', 'expected a whole number of blocks from 1 to 100'],
  ['BITCOIN_CONFIRMATIONS', '1 below 500.00', 'expected rules'],
  ['BITCOIN_CONFIRMATIONS', '6, 1 below 500.00', 'expected rules'],
  ['BITCOIN_CONFIRMATIONS', '1 below 500.00, 3 below 500.00, 6', 'expected rules'],
  ['BITCOIN_CONFIRMATIONS', '3 below 500.00, 1', 'expected rules'],
  ['BITCOIN_CONFIRMATIONS', '0 below 500.00, 1', 'expected rules'],
  ['BITCOIN_CONFIRMATIONS', '1 below 0.00, 6', 'expected rules'],
  ['BITCOIN_CONFIRMATIONS', '1 below 500,00, 6', 'expected rules'],
  ['BITCOIN_CONFIRMATIONS', '101', 'expected rules'],
  ['BITCOIN_LATE', 'accept', 'expected hold, reprice, or accept'],
  ['BITCOIN_LATE', 'accept 51%', 'expected hold, reprice, or accept'],
  ['BITCOIN_LATE', 'accept 2', 'expected hold, reprice, or accept'],
  ['RATE_SOURCES', 'binance', 'expected two or more of mercadobitcoin,'],
  ['RATE_SOURCES', 'binance,binance', 'expected two or more of mercadobitcoin,'],
  ['RATE_SOURCES', 'binance,coinbase,mtgox', 'expected two or more of mercadobitcoin,'],
  ['RATE_FIXED', 'BTC-USD 100000.00', 'expected a pair and its price'],
  ['RATE_FIXED', 'BTC-BRL 0.00', 'expected a pair and its price'],
  ['RATE_FIXED', '600000.00', 'expected a pair and its price'],
  ['RATE_MAX_DEVIATION', '0%', 'expected a share above 0'],
  ['RATE_MAX_DEVIATION', '50.01%', 'expected a share above 0'],
])('%s "%s" is refused with what would be right', (name, value, right) => {
  expect(() => readConfig({ [name]: value })).toThrow(`${name} is set, and not shown here: ${right}`)
})

test('what is written for Bitcoin is read exactly', () => {
  expect(
    readConfig({
      BITCOIN_MAX_FEE_RATE: '2.5',
      BITCOIN_CONFIRMATIONS: '2',
      BITCOIN_LATE: 'accept 0.5 %',
      RATE_SOURCES: 'coingecko, binance',
      RATE_FIXED: 'BTC-BRL 612345.67',
    }),
  ).toMatchObject({
    BITCOIN_MAX_FEE_RATE: 2_500n,
    BITCOIN_CONFIRMATIONS: [{ belowUnits: undefined, confirmations: 2 }],
    BITCOIN_LATE: { is: 'accept', within: 50n },
    RATE_SOURCES: ['binance', 'coingecko'],
    RATE_FIXED: { pair: 'BTC-BRL', price: 61_234_567n },
  })
  for (const text of ['hold', 'reprice'])
    expect(readConfig({ BITCOIN_LATE: text }).BITCOIN_LATE).toEqual({ is: text })
})

test.each([
  ['BITCOIN_DESCRIPTR', 'BITCOIN_DESCRIPTOR'],
  ['BITCOIN_RPC_COOKIEFILE', 'BITCOIN_RPC_COOKIE_FILE'],
  ['RATE_SOURCE', 'RATE_SOURCES'],
  ['RATES_FIL', 'RATES_FILE'],
])('%s is told as a slip of %s, and its value is not', (slip, meant) => {
  const read = () => readConfig({ [slip]: xprv })
  expect(read).toThrow(`${slip} is not a setting: did you mean ${meant}?`)
  expect(read).not.toThrow(xprv)
})

test('a rate is fixed or read from a file, not both', () =>
  expect(() => readConfig({ RATE_FIXED: 'BTC-BRL 1.00', RATES_FILE: 'rates.json' })).toThrow('both set'))

describe('a setting from a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-config-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const file = (text: string) => {
    const path = join(folder, `secret-${text.length}`)
    writeFileSync(path, text)
    return path
  }
  test('is what stands in it, without its last line break', () => {
    for (const end of ['', '\n', '\r\n'])
      expect(
        readConfig({ DATABASE_URL_FILE: file(`postgres://repasse:hunter2@db/repasse${end}`) }).DATABASE_URL,
      ).toBe('postgres://repasse:hunter2@db/repasse')
    const BITCOIN_RPC_URL_FILE = file(bitcoin.BITCOIN_RPC_URL)
    const { BITCOIN_RPC_URL: _, ...others } = bitcoin
    expect(readConfig({ ...others, BITCOIN_RPC_URL_FILE }).BITCOIN_RPC_URL).toBe(bitcoin.BITCOIN_RPC_URL)
  })
  test('is judged like any other, and not shown', () => {
    const read = (DATABASE_URL_FILE: string) => () => readConfig({ DATABASE_URL_FILE })
    expect(read(file('mysql://repasse:hunter2@db'))).toThrow(
      /DATABASE_URL is what stands in the file of DATABASE_URL_FILE, and not shown/,
    )
    expect(read(file('mysql://repasse:hunter2@db'))).not.toThrow('hunter2')
    expect(() => readConfig({ BITCOIN_RPC_URL_FILE: file(bitcoin.BITCOIN_RPC_URL) })).toThrow(
      'BITCOIN_NETWORK is not set',
    )
  })
  test('that cannot be read is told by its name, with every other fault', () =>
    expect(() => readConfig({ DATABASE_URL_FILE: join(folder, 'none'), LISTEN: 'nowhere' })).toThrow(
      /2 faults[^]*DATABASE_URL_FILE names .*none, which cannot be read \(ENOENT\)[^]*LISTEN is set, and not shown/,
    ))
  test('that is the secret itself, in the place of a file’s name, is not repeated [security 5]', () => {
    const wif = 'L1aW4aubDFB7yfras2S1mN3bqg9nwySY8nkoLmJebSLD5BWv3ENZ'
    for (const secret of [
      wif,
      `keys/${wif}`,
      'AGE-SECRET-KEY-1QQQ',
      `${'abandon '.repeat(11)}about`,
      'smtp://ana:hunter2@mail',
    ])
      expect(() => readConfig({ SMTP_URL_FILE: secret })).toThrow(
        /^(?![^]*(?:L1aW4|AGE-|abandon|hunter2))[^]*something that is no file’s name/,
      )
  })

  test('and one that is set as well are one too many; set to nothing, neither is', () => {
    const DATABASE_URL_FILE = file('sqlite:a.db')
    expect(() => readConfig({ DATABASE_URL_FILE, DATABASE_URL: 'sqlite:b.db' })).toThrow(
      'DATABASE_URL and DATABASE_URL_FILE are both set',
    )
    expect(readConfig({ DATABASE_URL_FILE, DATABASE_URL: '' }).DATABASE_URL).toBe('sqlite:a.db')
    expect(readConfig({ DATABASE_URL_FILE: '', DATABASE_URL: 'sqlite:b.db' }).DATABASE_URL).toBe(
      'sqlite:b.db',
    )
  })
  test('is not a file of its own: a key stays where it is', () => {
    expect(readConfig({ STARKBANK_PRIVATE_KEY_FILE: '/nowhere/key.pem' }).STARKBANK_PRIVATE_KEY_FILE).toBe(
      '/nowhere/key.pem',
    )
    expect(() => readConfig({ STARKBANK_PROJECT_FILE: 'x' })).toThrow(
      'STARKBANK_PROJECT_FILE is not a setting',
    )
  })
})

test('.env.example shows each setting a person may need, and every line that is no comment is the default', () => {
  const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')
  const lines = [...text.matchAll(/^(#?)([A-Z][A-Z_]+)=(.*)$/gm)].map(([, mark, name, value]) => ({
    mark,
    name: name!,
    value: value!,
  }))
  const set = Object.fromEntries(lines.filter(({ mark }) => !mark).map(({ name, value }) => [name, value]))
  expect(readConfig(set)).toEqual(readConfig({}))
  const shownNames = new Set(lines.map(({ name }) => name))
  expect(Object.keys(bitcoinSettings).filter(name => !shownNames.has(name))).toEqual([])
  const examples = lines.filter(({ mark, value }) => mark && value).map(({ name, value }) => [name, value])
  const beside = {
    BITCOIN_NETWORK: 'regtest',
    BITCOIN_DESCRIPTOR: xpub,
    PUBLIC_URL: 'https://pay.example.com',
    MAIL_FROM: 'shop@example.com',
    SMTP_URL: 'smtp://mail.example.com',
  }
  for (const [name, value] of examples)
    expect(() => readConfig({ ...set, ...beside, [name!]: value })).not.toThrow()
})

test.each([
  ['DATABASE_ULR', 'DATABASE_URL'],
  ['LOGLEVEL', 'LOG_LEVEL'],
  ['smtp_url', 'SMTP_URL'],
  ['PROJECT_ID', 'STARKBANK_PROJECT_ID'],
  ['MAIL_FRON', 'MAIL_FROM'],
  ['SMTP_URL_FLIE', undefined],
  ['COMPOSE_PROJECT_NAME', undefined],
  ['POSTGRES_PASSWORD', undefined],
  ['SERVER_NAME', undefined],
  ['CONSOLE_NETWORKS', undefined],
  ['HTTPS_LISTEN', undefined],
  ['COPIES', undefined],
  ['SMTP_URL_FILE', undefined],
  ['LISTEN', undefined],
])('of a .env, %s is %s', (name, meant) => {
  const refuse = () => refuseMisspelt(['LISTEN', name])
  if (meant === undefined) expect(refuse).not.toThrow()
  else expect(refuse).toThrow(`${name} is not a setting: did you mean ${meant}?`)
})
