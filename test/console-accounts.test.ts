/**
 * The console's payout accounts over real HTTP: added by one person, checked whole, approved by another
 * exactly as it was seen.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Log } from '../src/base/log.ts'
import { digestOfAccount } from '../src/payout/account.ts'
import { findAccount } from '../src/payout/payout.ts'
import { sql } from '../src/db/db.ts'
import { consoleVisitor, type ConsoleVisitor } from './testbed/consoleVisitor.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { trialAccount } from './testbed/trial.ts'
import { addAccount } from './testbed/acts.ts'

let installation: PageInstallation
let maria: ConsoleVisitor
let chico: ConsoleVisitor
const logged: string[] = []
const log: Log = {
  debug: (...parts) => void logged.push(JSON.stringify(parts)),
  info: (...parts) => void logged.push(JSON.stringify(parts)),
  warn: (...parts) => void logged.push(JSON.stringify(parts)),
  error: (...parts) => void logged.push(JSON.stringify(parts)),
  child: () => log,
}

beforeAll(async () => {
  installation = await openPageInstallation({ chain: 'simulated', log })
  const whoAddsNeedsNoCode = ({ post, ...visitor }: ConsoleVisitor): ConsoleVisitor => ({
    ...visitor,
    post: (path, fields) => post(path, { code: '', ...fields }),
  })
  maria = whoAddsNeedsNoCode(await consoleVisitor(installation, 'maria', 'maker'))
  chico = await consoleVisitor(installation, 'chico', 'checker', 'en')
}, 300_000)
afterAll(() => installation.close())

const { taxId, ...rest } = trialAccount
const filled = (more: Record<string, string> = {}) => ({
  name: 'main',
  kind: 'bank',
  taxId,
  ...rest,
  destination: '',
  ...more,
})
const add = (more: Record<string, string> = {}) => maria.post('/console/accounts/new', filled(more))
const faultsIn = (text: string) =>
  Object.fromEntries(
    [...text.matchAll(/<p class="fault" id="([\w-]+)-fault">([^<]*)</g)].map(([, name, why]) => [name, why!]),
  )
const row = (name: string) => findAccount(installation.running.app.db, name)
const seenIn = (text: string) => /name="seen" value="([^"]+)"/.exec(text)?.[1]
const ours = () => installation.running.app.rails.bitcoin!
const theirAddress = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'

describe('a bank account', () => {
  test('the empty list says what one is, and offers to add one to a maker alone', async () => {
    const { text } = await maria.get('/console/accounts')
    expect(text).toContain('Ainda não há conta de repasse')
    expect(text).toContain('href="/console/accounts/new"')
    expect((await chico.get('/console/accounts')).text).not.toContain('href="/console/accounts/new"')
    expect((await chico.get('/console/accounts/new')).status).toBe(403)
    expect((await chico.post('/console/accounts/new', filled())).status).toBe(403)
  })

  test.each([
    [{ name: 'a b' }, 'name', 'Dê um nome'],
    [{ name: 'banks' }, 'name', 'usado pelo console'],
    [{ kind: 'paypal' }, 'kind', 'Escolha o tipo'],
    [{ holder: '' }, 'holder', 'nome do titular'],
    [{ taxId: '20.018.183/0001-81' }, 'taxId', 'não confere'],
    [{ taxId: '111.111.111-11' }, 'taxId', 'não confere'],
    [{ bank: '99999999' }, 'bank', 'Não é um ISPB'],
    [{ bank: '1' }, 'bank', 'Não é um ISPB'],
    [{ bank: 'Stark' }, 'bank', 'Não é um ISPB'],
    [{ branch: '123456' }, 'branch', 'Escreva de 1 a 5 dígitos'],
    [{ number: '12-34' }, 'number', 'Escreva de 1 a 20 dígitos'],
    [{ type: 'gold' }, 'type', 'Escolha o tipo de conta'],
  ])('%j is refused at %s', async (more, field, why) => {
    const { status, text } = await add({ ...more })
    expect(status).toBe(400)
    expect(faultsIn(text)).toEqual({ [field]: expect.stringContaining(why) })
    expect(text).not.toMatch(/(?<![\w"-])--[a-z]/)
    expect(await row(filled(more as Record<string, string>).name)).toBeUndefined()
  })

  test('every fault is told at once', async () => {
    const { text } = await add({
      name: '',
      holder: '',
      taxId: '',
      bank: '',
      branch: '',
      number: '',
      type: '',
    })
    expect(Object.keys(faultsIn(text)).toSorted()).toEqual([
      'bank',
      'branch',
      'holder',
      'name',
      'number',
      'taxId',
      'type',
    ])
  })

  test('it is added and awaits somebody else; sent twice it is one; another of its name is refused', async () => {
    const [first, second] = [await add(), await add()]
    expect([first.status, first.to]).toEqual([303, '/console/accounts/main?said=added'])
    expect(second.to).toBe(first.to)
    expect(await row('main')).toMatchObject({
      state: 'awaiting',
      added_by: 'maria',
      tax_id: taxId,
      bank: '20018183',
    })
    expect(faultsIn((await add({ number: '1' })).text)).toEqual({
      name: 'Já existe uma conta com este nome. Escolha outro.',
    })
    const { text } = await maria.get('/console/accounts/main')
    expect(text).toContain('STARK BANK S.A.')
    expect(text).toContain('maria cadastrou esta conta, então outra pessoa')
    expect(seenIn(text)).toBeUndefined()
    expect((await maria.post('/console/accounts/main/approve', { seen: 'x' })).status).toBe(403)
  })

  test('the bank may be picked from the list, whose line has the name behind the number', async () => {
    expect(
      (await add({ name: 'picked', bank: '60701190 ITAÚ UNIBANCO S.A.', number: '12345-0' })).status,
    ).toBe(303)
    expect(await row('picked')).toMatchObject({ bank: '60701190' })
    expect((await maria.get('/console/accounts/picked')).text).toContain('O dígito da conta não confere')
  })

  test('the same place under another name is said', async () => {
    await add({ name: 'again', branch: '1' })
    expect((await maria.get('/console/accounts/again')).text).toMatch(
      /A mesma conta já está cadastrada.*href="\/console\/accounts\/main"/s,
    )
  })

  test('banks are found by name without accents, and by either number', async () => {
    for (const [query, found] of [
      ['itau uni', '60701190'],
      ['260', '18236120'],
      ['20018183', 'STARK BANK'],
    ] as const)
      expect((await maria.get(`/console/accounts/banks?q=${encodeURIComponent(query)}`)).text).toContain(
        found,
      )
    expect((await maria.get('/console/accounts/banks?q=%3Cscript%3E')).text).toContain('Nenhum banco')
    expect((await maria.get('/console/accounts/banks')).text).toContain('463 bancos')
  })
})

describe('the approval', () => {
  test('the checker is told how many await it, and sees exactly what is approved', async () => {
    expect((await chico.get('/console/accounts')).text).toContain('3 accounts await your approval')
    const { text } = await chico.get('/console/accounts/main')
    for (const shown of [trialAccount.holder, taxId, '20018183', trialAccount.branch, trialAccount.number])
      expect(text).toContain(shown)
    expect(text).toContain('You approve exactly what stands above')
  })

  test('without a fresh code, with the wrong one, and with what was never shown, nothing is approved [security 9]', async () => {
    const seen = seenIn((await chico.get('/console/accounts/main')).text)!
    await installation.skip(6 * 60_000)
    expect((await chico.post('/console/accounts/main/approve', { seen, code: '' })).status).toBe(400)
    expect((await chico.post('/console/accounts/main/approve', { seen, code: '000000' })).status).toBe(400)
    expect((await chico.post('/console/accounts/main/approve', { seen: 'made up' })).status).toBe(409)
    expect((await chico.post('/console/accounts/main/approve')).status).toBe(409)
    expect(await row('main')).toMatchObject({ state: 'awaiting' })
  })

  test('what changed after it was looked at is not approved, and is shown as it is now', async () => {
    const seen = seenIn((await chico.get('/console/accounts/again')).text)!
    await installation.running.app.db.tx(tx =>
      tx.run(sql`update accounts set number = '666' where name = 'again'`),
    )
    const { status, text } = await chico.post('/console/accounts/again/approve', { seen })
    expect(status).toBe(409)
    expect(text).toContain('The account changed since you opened the page')
    expect(text).toContain('>666<')
    expect(await row('again')).toMatchObject({ state: 'awaiting', approved_by: null })
  })

  test('a second person approves it, once', async () => {
    const seen = seenIn((await chico.get('/console/accounts/main')).text)!
    const send = () => chico.post('/console/accounts/main/approve', { seen })
    expect([(await send()).to, (await send()).to]).toEqual(
      Array(2).fill('/console/accounts/main?said=approved'),
    )
    expect(await row('main')).toMatchObject({ state: 'approved', approved_by: 'chico' })
    const acts = await installation.running.app.db.all(
      sql`select actor from audit where act = 'account approved'`,
    )
    expect(acts).toEqual([{ actor: 'chico' }])
    expect((await chico.get('/console/accounts/main?said=approved')).text).toContain(
      'The account is approved',
    )
    expect((await chico.post('/console/accounts/nowhere/approve', { seen })).status).toBe(404)
  })

  test('whoever added an account cannot approve it, not even in another role [security 3]', async () => {
    // As it may have been added while they were a maker.
    const { db, world } = installation.running.app
    await addAccount(db, world, 'own', { ...trialAccount, number: '5' }, 'CHICO')
    const { text } = await chico.get('/console/accounts/own')
    expect(text).toContain('CHICO added this account')
    expect(seenIn(text)).toBeUndefined()
    for (const seen of ['x', digestOfAccount((await findAccount(db, 'own'))!)]) {
      const refused = await chico.post('/console/accounts/own/approve', { seen })
      expect(refused.text).toContain('CHICO added this account')
    }
    expect(await row('own')).toMatchObject({ state: 'awaiting' })
  })
})

describe('a Bitcoin account', () => {
  const bitcoin = (destination: string, more: Record<string, string> = {}) =>
    add({ name: 'coins', kind: 'bitcoin', holder: '', destination, ...more })

  test.each([
    ['nothing', '', 'Escreva o endereço'],
    [
      'an address of another network',
      'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
      'não é da rede deste sistema, que é regtest',
    ],
    [
      'a mistyped address',
      'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt08q',
      'a soma de verificação não confere',
    ],
    ['no address', 'ana@example.com', 'não é um endereço Bitcoin'],
    [
      'a descriptor of another script',
      'wsh(pk(02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5))',
      'O descritor não serve',
    ],
    [
      'a mistyped key',
      'xpub6CUGRUonZSQ4TWtTMmzXdrXDtypWKiKrhko4egpiMZbpiaQL2jkwSB1icqYh2cfDfVxdx4df189oLKnC5fSwqPfgyP3hooxujYzAu3fDVmy',
      'não é uma chave pública',
    ],
  ])('%s is refused', async (_, destination, why) => {
    const { status, text } = await bitcoin(destination)
    expect(status).toBe(400)
    expect(faultsIn(text)).toEqual({ destination: expect.stringContaining(why) })
    expect(await row('coins')).toBeUndefined()
  })

  test('our own addresses and our own account are refused', async () => {
    for (const destination of [
      ours().derive('receive', 3).address,
      ours().derive('change', 0).address,
      ours().descriptor,
    ])
      expect(faultsIn((await bitcoin(destination)).text)['destination']).toContain(
        'da nossa própria carteira',
      )
  })

  const words =
    'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about'
  const secrets = [
    'cVpF924EspNh8KjYsfhgY96mmxvT6DgdWiTYMtMjuM74hJaU5psW',
    'xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi',
    words,
    `wpkh(tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK/0/*)`,
    '4b03d6fc340455b363f51020ad3ecca4f0850280cf436c70c727923f6db46c3e',
  ]
  test.each(secrets)('a private key in the destination is refused and shown nowhere: %#', async secret => {
    const { status, text } = await bitcoin(secret)
    expect(status).toBe(400)
    expect(faultsIn(text)['destination']).toContain('Isto parece uma chave privada')
    expect(text).not.toContain(secret)
    expect(text).not.toContain(secret.slice(0, 20))
  })

  test('so it is in any other field, and nothing of it is kept or logged', async () => {
    for (const field of ['name', 'holder', 'taxId', 'bank', 'number', 'odd'])
      for (const secret of secrets) {
        const { status, text } = await add({ [field]: secret })
        expect(status).toBe(400)
        expect(text).not.toContain(secret)
      }
    const { db } = installation.running.app
    const kept = [
      ...(await db.all(sql`select * from accounts`)),
      ...(await db.all(sql`select * from audit`)),
      ...(await db.all(sql`select * from transitions`)),
    ]
    const all =
      JSON.stringify(kept, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)) +
      logged.join('\n')
    expect(all.length).toBeGreaterThan(1_000)
    for (const secret of secrets) expect(all).not.toContain(secret)
  })

  test('an address is added, shown in groups, and approved as seen', async () => {
    expect((await bitcoin(theirAddress)).status).toBe(303)
    const { text } = await chico.get('/console/accounts/coins')
    expect(text.replace(/<\/?span[^>]*>/g, '')).toContain(theirAddress)
    expect((await chico.post('/console/accounts/coins/approve', { seen: seenIn(text)! })).to).toBe(
      '/console/accounts/coins?said=approved',
    )
    expect(await row('coins')).toMatchObject({
      state: 'approved',
      kind: 'bitcoin',
      destination: theirAddress,
    })
  })

  test('a descriptor shows its first address, derived again', async () => {
    const key =
      '[d34db33f/84h/1h/0h]tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba'
    const missing = faultsIn((await bitcoin(`wpkh(${key}/<0;1>/*)`, { name: 'wallet' })).text)['destination']!
    const sum = /ponha (#\w{8}) no fim/.exec(missing)?.[1]
    if (sum === undefined) throw new Error(`no checksum is told: ${missing}`)
    expect(
      faultsIn((await bitcoin(`wpkh(${key}/<0;1>/*)#aaaaaaaa`, { name: 'wallet' })).text)['destination'],
    ).toContain('soma de verificação do descritor')
    expect((await bitcoin(`wpkh(${key}/<0;1>/*)${sum}`, { name: 'wallet' })).status).toBe(303)
    const { text } = await maria.get('/console/accounts/wallet')
    const first = ours().destination(
      ((await row('wallet')) as { destination: string }).destination,
      0,
    ).address
    expect(text.replace(/<\/?span[^>]*>/g, '')).toContain(first)
    expect(text).toContain('número 0: compare com o que a carteira de quem recebe mostra')
  })
})

describe('closing', () => {
  test('an account added by mistake is closed with a reason, twice is no fault, and it cannot be approved any more', async () => {
    await add({ name: 'mistyped', number: '99' })
    const without = await maria.post('/console/accounts/mistyped/close', { why: '' })
    expect([without.status, faultsIn(without.text)['why']]).toEqual([400, 'Diga o motivo.'])
    const send = () => maria.post('/console/accounts/mistyped/close', { why: 'agência errada' })
    expect([(await send()).to, (await send()).to]).toEqual(
      Array(2).fill('/console/accounts/mistyped?said=closed'),
    )
    expect(await row('mistyped')).toMatchObject({ state: 'closed' })
    const { text } = await chico.get('/console/accounts/mistyped')
    expect(text).not.toContain('/close"')
    expect(seenIn(text)).toBeUndefined()
    expect((await chico.post('/console/accounts/mistyped/approve', { seen: 'x' })).text).toContain(
      'closed and cannot be approved',
    )
  })

  test('what a schedule names stays open', async () => {
    const rule = [
      '--cron',
      '0 9 1 1 *',
      '--time-zone',
      'UTC',
      '--payers',
      'random',
      '--count',
      '1',
      '--amount',
      '20',
      '--due-in',
      '2d',
    ]
    await installation.repasse('schedule', 'add', '--name', 'clube', '--pay-to', 'main', ...rule)
    expect((await maria.get('/console/accounts/main')).text).not.toContain('/close"')
    const { status, text } = await maria.post('/console/accounts/main/close', { why: 'x' })
    expect([status, text.includes('A conta está em uso')]).toEqual([409, true])
    expect(await row('main')).toMatchObject({ state: 'approved' })
  })
})

test('every page says all of it in English as well', async () => {
  for (const path of ['', '/main', '/coins', '/banks?q=stark']) {
    const { status, text } = await chico.get(`/console/accounts${path}`)
    expect(status).toBe(200)
    expect(text).toContain('<html lang="en">')
    expect(text).not.toMatch(/Conta |Agência|Titular|Aprova|aguarda/)
  }
})
