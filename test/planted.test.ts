/**
 * Secrets are planted into an installation, which is driven through its ordinary ways and its failing ones;
 * then everything that comes out of it is searched for them.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, startWorker, type Worker } from '../sim/demoWorker.ts'
import { runCli } from '../src/cli/cli.ts'
import { runOn } from '../src/db/programs.ts'
import { sql } from '../src/db/db.ts'
import { openAsker, type Asker } from './testbed/asker.ts'
import { evidence } from './testbed/evidence.ts'
import { addTestPerson, tokenOf, type TestPerson } from './testbed/testPerson.ts'
import { openPageInstallation, type PageInstallation } from './testbed/pageInstallation.ts'
import { plant, plantSecrets, wholeLog } from './testbed/planted.ts'
import { startSmtpSink, type SmtpSink } from './testbed/smtpSink.ts'
import { trialAccountFlags } from './testbed/trial.ts'
import { until } from './testbed/until.ts'

const planted = plant()
const mailPassword = planted.add('password of the mail server', 'pl4nted/smtp%pass@7')
const mailAt = (port: number) => `smtp://loja:${encodeURIComponent(mailPassword)}@127.0.0.1:${port}`
const databasePassword = planted.add('password of the database', 'pl4nted-database-9')
const nodePassword = planted.add('password of the node', 'pl4nted/node%pass@3', [
  Buffer.from('repasse:pl4nted/node%pass@3').toString('base64'),
])
// The first vector of BIP 32, its key in wallet import format, and words of BIP 39: known to everybody.
const xprv = planted.add(
  'private key of a wallet',
  'xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi',
)
const seed = planted.add(
  'seed of a wallet',
  'legal winner thank year wave sausage worth useful legal winner thank yellow',
)

interface Said {
  code: number
  text: string
}

/** A command line, and all that it says. */
async function says(env: Readonly<Record<string, string>>, ...words: string[]): Promise<Said> {
  let text = ''
  const take = (more: string) => void (text += more)
  const outlet = { out: async (more: string) => take(more), err: take, colours: false }
  return { code: await runCli(['node', 'repasse', ...words], env, outlet), text }
}

let installation: PageInstallation
let people: Record<'ana' | 'bruno' | 'carla', TestPerson>
let sink: SmtpSink
const whole = wholeLog()
let welcome: string
let keyFolder: string
const askers = new Map<string | undefined, Asker>()
const ageKey = await generateIdentity()
const recipient = await identityToRecipient(ageKey)
planted.add('secret key of backups', ageKey)

beforeAll(async () => {
  sink = await startSmtpSink({ user: 'loja', password: mailPassword })
  keyFolder = mkdtempSync(join(tmpdir(), 'repasse-planted-'))
  const dataKeys = join(keyFolder, 'data-keys')
  writeFileSync(dataKeys, `${planted.add('key of the database', randomBytes(32).toString('base64'))}\n`, {
    mode: 0o600,
  })
  const env = { SMTP_URL: mailAt(sink.port), ENCRYPTION_KEY_FILE: dataKeys }
  installation = await openPageInstallation({ chain: 'simulated', env, log: whole.log })
  await installation.repasse('account', 'add', ...trialAccountFlags, '--by', 'root')
  await installation.repasse('account', 'approve', 'main', '--by', 'other')
  people = {
    ana: await addTestPerson(installation, 'ana', 'maker'),
    bruno: await addTestPerson(installation, 'bruno', 'checker'),
    carla: await addTestPerson(installation, 'carla', 'admin'),
  }
  const tokens = new Map<string, string>()
  for (const [name, person] of Object.entries(people)) tokens.set(name, await tokenOf(installation, person))
  plantSecrets(planted, installation, people, tokens)
  for (const name of [undefined, ...tokens.keys()]) {
    const asker = openAsker(installation.origin)
    if (name !== undefined) asker.cookies.set('console', tokens.get(name)!)
    askers.set(name, asker)
  }
  welcome = new URL(
    (await installation.repasse('user', 'add', 'dora', '--role', 'maker', '--by', 'carla')).trim(),
  ).pathname
  planted.add('invitation', welcome.split('/').at(-1)!)
  const keyFile = join(installation.folder, 'bruno.pem')
  await installation.repasse('user', 'key', 'bruno', '--out', keyFile, '--by', 'bruno')
  planted.addPem('signing key of bruno', readFileSync(keyFile, 'utf8'))
  await installation.repasse('account', 'sign', '--all', '--key', keyFile)
}, 300_000)
afterAll(async () => {
  await installation?.close()
  await sink?.close()
  if (keyFolder) rmSync(keyFolder, { recursive: true, force: true })
})

test('what is searched for would be found', () => {
  const [line] = readFileSync(installation.env['STARKBANK_PRIVATE_KEY_FILE']!, 'utf8').split('\n').slice(1)
  const written = [
    `Authorization: Basic ${Buffer.from(`loja:${mailPassword}`).toString('base64')}`,
    `postgres://repasse:${databasePassword}@h/d`,
    `{"key":"${line}"}`,
    encodeURIComponent(nodePassword),
    people.ana.password,
  ]
  expect(planted.leaks(written.join('\n'))).toEqual([
    'password of the mail server',
    'password of the database',
    'password of the node',
    'private key at the bank',
    'password of ana',
  ])
  expect(planted.names.length).toBeGreaterThan(15)
})

test('no page holds one, whoever looks; test/security-text.test.ts looks at all there are', async () => {
  const paths = [
    '/',
    '/basket',
    '/nowhere',
    '/console',
    '/console/me',
    '/console/people',
    '/console/accounts/main',
    '/console/audit',
    '/console/runs',
  ]
  const data = ['/health', '/ready', '/metrics', '/console/audit.ndjson', '/console/sign-in', welcome]
  const found: string[] = []
  for (const path of [...paths, ...data])
    for (const [as, asker] of askers) {
      const { body, status } = await asker.get(path)
      expect([path, status < 500]).toEqual([path, true])
      found.push(...planted.leaksOf([[`${path} as ${as}`, body]]))
    }
  // An invitation is in the address that its page is found at.
  expect(new Set(found.map(each => each.replace(/ as \w+/, '')))).toEqual(new Set([`${welcome}: invitation`]))
})

test('no command says one, where all is well and where the bank, the node and the mail refuse', async () => {
  const texts: [string, string][] = []
  const say = async (where: string, change: Record<string, string>, ...words: string[]) => {
    const { text } = await says({ ...installation.env, LOG_LEVEL: 'debug', ...change }, ...words)
    expect(text, where).not.toBe('')
    texts.push([where, text])
  }
  const doctor = (where: string, change: Record<string, string>) =>
    say(`doctor, ${where}`, change, 'doctor', '--json')
  const plainly = [
    'doctor',
    'status',
    'status --json',
    '--help',
    'serve --help',
    'audit export',
    'ledger export',
    'ledger check',
    'run list --json',
  ]
  for (const words of [
    ...plainly,
    'user list --json',
    'user keys bruno',
    'order list --json',
    'event list --json',
    'reconcile',
    'account list --json',
  ])
    await say(words, {}, ...words.split(' '))
  const [run] = await installation.ask<{ id: string }[]>('run', 'list')
  await say('run log', {}, 'run', 'log', run!.id)

  const nowhere = `127.0.0.1:${await freePort()}`
  await doctor('bank away', { STARKBANK_API_URL: `http://${nowhere}` })
  installation.bank.setSettings({ refuseAll: 'invalidCredentials' })
  await doctor('bank refuses', {})
  installation.bank.setSettings({ refuseAll: undefined })
  const nodeAt = (place: string) => ({
    BITCOIN_RPC_COOKIE_FILE: '',
    BITCOIN_RPC_URL: `http://repasse:${encodeURIComponent(nodePassword)}@${place}`,
  })
  await doctor('node refuses', nodeAt(new URL(installation.env['BITCOIN_RPC_URL']!).host))
  await doctor('node away', nodeAt(nowhere))

  const pkcs8 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string
  const wrongKey = join(installation.folder, 'wrong.pem')
  writeFileSync(wrongKey, planted.addPem('private key of a wrong kind', pkcs8), { mode: 0o600 })
  await doctor('key of a wrong kind', { STARKBANK_PRIVATE_KEY_FILE: wrongKey })
  await doctor('key open to others', {
    STARKBANK_PRIVATE_KEY_FILE: wrongKey,
    STARKBANK_ENVIRONMENT: 'production',
    STARKBANK_API_URL: '',
  })
  const pem = readFileSync(installation.env['STARKBANK_PRIVATE_KEY_FILE']!, 'utf8')
  for (const words of ['doctor', 'status', 'reconcile', 'serve'])
    await say(
      `${words}, the key instead of its file`,
      { STARKBANK_PRIVATE_KEY_FILE: pem, LISTEN: nowhere },
      words,
    )

  const urls = [
    `postgres://repasse:${databasePassword}@${nowhere}/d`,
    `postgres://repasse:${databasePassword} %zz@h:1:2/d`,
  ]
  const odd = [
    `mysql://repasse:${databasePassword}@h/d`,
    `sqlite:postgres://repasse:${databasePassword}@h/d`,
    databasePassword,
  ]
  const commands = [
    'doctor',
    'status',
    'migrate',
    `backup ${join(installation.folder, 'x.db')}`,
    `restore ${wrongKey}`,
    'serve',
  ]
  for (const [place, url] of [...urls, ...odd].entries())
    for (const words of commands)
      await say(
        `${words.split(' ')[0]}, database ${place}`,
        { DATABASE_URL: url, LISTEN: nowhere },
        ...words.split(' '),
      )

  // Each secret where another setting belongs.
  const names = Object.keys(installation.env).filter(
    name => !/^(STARKBANK_PRIVATE_KEY_FILE|DATABASE_URL|LOG_LEVEL|CLOCK|SHOP_LIMIT_\w+)$/.test(name),
  )
  const others = ['BACKUP_RECIPIENTS', 'BITCOIN_POLICY_FILE', 'RATES_FILE', 'LISTEN_GROUP', 'METRICS_LISTEN']
  const secrets = [xprv, seed, `${mailPassword} ${ageKey}`, pem]
  for (const [place, name] of [...names, ...others].entries())
    await say(`status, a secret in ${name}`, { [name]: secrets[place % secrets.length]! }, 'status')
  await say(
    'a private key in a descriptor',
    { BITCOIN_DESCRIPTOR: `wpkh(${xprv}/<0;1>/*)` },
    'bitcoin',
    'address',
  )
  for (const words of [
    ['invoice', 'show', xprv],
    ['backup', seed],
    ['account', 'approve', 'main', '--key', wrongKey],
    ['user', 'key', 'ana', '--out', wrongKey],
  ])
    await say(words.slice(0, 2).join(' '), {}, ...words)
  expect(planted.leaksOf(texts)).toEqual([])
})

test('a mail server that repeats what it was shown is not repeated', async () => {
  const shown = Buffer.from(`\0loja\0${mailPassword}`).toString('base64')
  sink.refuse('AUTH', 535, `5.7.8 what is AUTH PLAIN ${shown}, and who has ${mailPassword}?`)
  await installation.repasse('user', 'add', 'eva', '--role', 'maker', '--by', 'root')
  const { db } = installation.running.app
  // Nobody of the installation has an address, so one is written to.
  await db.tx(async tx => {
    const now = await tx.now()
    await tx.run(sql`
      insert into person_mails (id, store_id, address, language, kind, about, detail, state, next_at,
        added_at, changed_at)
      select 'pml_planted', 'sto_default', 'ana@example.com', 'en', 'added', id,
        '{"name":"eva","role":"maker","by":"root"}', 'queued', ${now}, ${now}, ${now}
      from users where name = 'eva'`)
  })
  const why = await until(
    async () =>
      (await db.one<{ why: string | null }>(sql`select why from person_mails where id = 'pml_planted'`))
        ?.why ?? undefined,
    'the refusal of the mail server',
  )
  expect(why).toContain('535')
  expect(planted.leaks(why)).toEqual([])
})

describe('copies', () => {
  const read = (name: string) => readFileSync(join(installation.folder, name))

  test('a copy holds none of them, in the clear too, where the database has a key', async () => {
    // The link of an order is not searched for: it is kept as it is, and shows that order alone. Without
    // ENCRYPTION_KEY_FILE the secrets of authenticators are in a copy: the program has to compute their
    // codes.
    await installation.repasse('backup', join(installation.folder, 'plain.db'))
    expect(planted.leaks(read('plain.db'))).toEqual([])
  })

  test('an encrypted one holds nothing [security B4]', async () => {
    const { code } = await says(
      { ...installation.env, BACKUP_RECIPIENTS: recipient },
      'backup',
      join(installation.folder, 'sealed.age'),
    )
    expect([code, planted.leaks(read('sealed.age'))]).toEqual([0, []])
    expect(readdirSync(installation.folder).filter(name => /copying|partial/.test(name))).toEqual([])
  })

  test('PostgreSQL’s programs are given the password where nobody can list it', async () => {
    const [program, seen] = [join(installation.folder, 'pg_dump'), join(installation.folder, 'seen')]
    writeFileSync(
      program,
      `#!/bin/sh\ntr '\\0' '\\n' </proc/$$/cmdline >'${seen}'\nprintf '%s' "$PGPASSWORD" >'${seen}.password'\n`,
      {
        mode: 0o700,
      },
    )
    const env = { PATH: `${installation.folder}:${process.env['PATH']}` }
    for (const url of [
      `postgres://repasse:${databasePassword}@h/d`,
      `postgres://repasse@h/d?password=${databasePassword}`,
    ]) {
      await runOn(url, 'pg_dump', ['--format=custom'], env)
      expect([readFileSync(`${seen}.password`, 'utf8'), planted.leaks(readFileSync(seen))]).toEqual([
        databasePassword,
        [],
      ])
    }
  })
})

test('the program’s log holds none of all that', () => {
  expect(whole.text()).toContain('repasse serves')
  expect(whole.text()).toContain('a letter was not sent')
  expect(planted.leaks(whole.text())).toEqual([])
})

describe('a process that everything refuses', () => {
  let folder: string
  let worker: Worker
  let port: number
  let refusing: SmtpSink

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'repasse-planted-'))
    refusing = await startSmtpSink({ user: 'loja', password: 'another one' })
    const nowhere = await freePort()
    port = await freePort()
    const metricsPort = await freePort()
    const key = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export({
      type: 'sec1',
      format: 'pem',
    }) as string
    writeFileSync(join(folder, 'key.pem'), planted.addPem('private key that is refused', key), {
      mode: 0o400,
    })
    const env = {
      ...{
        DATABASE_URL: `sqlite:${join(folder, 'repasse.db')}`,
        LISTEN: `127.0.0.1:${port}`,
        METRICS_LISTEN: `127.0.0.1:${metricsPort}`,
      },
      ...{
        PUBLIC_URL: 'http://127.0.0.1:9',
        SMTP_URL: mailAt(refusing.port),
        MAIL_FROM: 'loja@example.com',
        LOG_LEVEL: 'debug',
      },
      ...{
        STARKBANK_PROJECT_ID: '1',
        STARKBANK_WORKSPACE_ID: '2',
        STARKBANK_PRIVATE_KEY_FILE: join(folder, 'key.pem'),
      },
      ...{
        STARKBANK_API_URL: installation.env['STARKBANK_API_URL']!,
        AUDIT_ANCHOR_FILE: join(folder, 'anchors'),
      },
      ...{
        BITCOIN_NETWORK: 'regtest',
        BITCOIN_RPC_URL: `http://repasse:${encodeURIComponent(nodePassword)}@127.0.0.1:${nowhere}`,
      },
      ...{ BITCOIN_DESCRIPTOR: installation.env['BITCOIN_DESCRIPTOR']!, RATE_FIXED: 'BTC-BRL 600000.00' },
    }
    const quoted = (text: string) => `'${text}'`
    writeFileSync(
      join(folder, '.env'),
      Object.entries(env)
        .map(([name, value]) => `${name}=${quoted(value)}\n`)
        .join(''),
      { mode: 0o600 },
    )
    for (const words of [
      'user add lia --role admin --email lia@example.com',
      `user key lia --out ${join(folder, 'lia.pem')}`,
      'user add rui --role maker --by root',
    ])
      expect((await says(env, ...words.split(' '))).code).toBe(0)
    worker = startWorker(folder, line => line)
    evidence.keep(`repasse serve in ${folder}`, () => worker.recent())
    await until(
      async () => (await fetch(`http://127.0.0.1:${port}/ready`).catch(() => undefined)) !== undefined,
      'the process answering',
    )
    const log = () => readFileSync(join(folder, 'worker.log'), 'utf8')
    for (const words of [
      'a letter was not sent',
      'the bank does not know us',
      'the chain cannot be followed',
    ])
      await until(() => log().includes(words), `its log saying ${words}`)
    texts.push(['/metrics', await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()])
  }, 300_000)
  afterAll(async () => {
    await worker?.stop()
    await refusing?.close()
    if (!evidence.hasFailed()) rmSync(folder, { recursive: true, force: true })
  })
  const texts: [string, string][] = []

  test('no list of processes shows one', () => {
    const lists = readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map((pid): [string, string] => [pid, readOr(`/proc/${pid}/cmdline`)])
    expect(lists.find(([pid]) => pid === String(worker.pid))?.[1]).toContain('serve')
    expect(planted.leaksOf(lists)).toEqual([])
  })

  test('neither its log nor what it answers holds one, nor its anchors', async () => {
    for (const path of [
      '/',
      '/health',
      '/ready',
      '/console/sign-in',
      '/metrics',
      '/nowhere',
      '/webhooks/starkbank',
    ])
      texts.push([path, await (await fetch(`http://127.0.0.1:${port}${path}`)).text()])
    texts.push(
      ['log', readFileSync(join(folder, 'worker.log'), 'utf8')],
      ['anchors', readFileSync(join(folder, 'anchors'), 'utf8')],
    )
    expect(planted.leaksOf(texts)).toEqual([])
  })
})

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
