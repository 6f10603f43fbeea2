/**
 * Shipping a change, for real: images built here, sent over ssh to a second host with an engine of its own,
 * and switched there under signed events, good releases and bad ones.
 */
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { Encrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { workspaceId } from '../bench/events.ts'
import { baseImages, openEngine, whyNoEngine, type Engine } from './testbed/engine.ts'
import { startKeyTeller, startLoad, type Load } from './testbed/eventLoad.ts'
import { furnish, openCheckout, type Checkout, type Ended, type Running } from './testbed/release.ts'
import { startSecondHost, whyNoHost, type SecondHost } from './testbed/secondHost.ts'
import { projectRoot } from './testbed/tree.ts'
import { until } from './testbed/until.ts'

const minute = 60_000
const why = whyNoEngine() ?? whyNoHost()

describe.skipIf(why !== undefined)(why === undefined ? 'a redeploy' : `a redeploy (skipped: ${why})`, () => {
  let engine: Engine
  let host: SecondHost
  let checkout: Checkout
  let bank: { url: string; stop(): void }
  let first: Ended
  /** The release that is in use. */
  let current: string
  let sent = 0

  beforeAll(async () => {
    engine = await openEngine()
    const socket = (
      await engine.docker(['context', 'inspect', '--format', '{{ .Endpoints.docker.Host }}'])
    ).trim()
    const tools = join(projectRoot, '.tools/docker')
    checkout = openCheckout({
      ...baseImages(),
      DOCKER_HOST: socket,
      DOCKER_CONFIG: join(tools, 'config'),
      PATH: `${tools}/client:${process.env['PATH']}`,
    })
    host = await startSecondHost()
    bank = await startKeyTeller(host.near)
    furnish(checkout, host, {
      STARKBANK_PROJECT_ID: '5656565656565656',
      STARKBANK_WORKSPACE_ID: workspaceId,
      STARKBANK_API_URL: bank.url,
    })
    current = checkout.commit('src/base/roster.ts', text => `${text}// The first release.\n`)
    first = await checkout.run('redeploy')
    if (first.code !== 0) throw new Error(`the first release did not come to be: ${first.said}`)
  }, 6 * minute)
  afterAll(async () => {
    await host?.stop()
    bank?.stop()
    await removeImages()
    checkout?.remove()
    await engine?.close()
  })

  // Each begins at what is in use, whatever became of the one before.
  beforeEach(() => checkout.checkout(current))

  const made: string[] = []
  async function removeImages() {
    for (const tag of made) await engine?.tries(['rmi', `repasse:${tag}`, `repasse-nginx:${tag}`])
  }
  const release = (path: string, change: (text: string) => string): string => {
    checkout.checkout(current)
    const tag = checkout.commit(path, change)
    made.push(tag)
    return tag
  }
  const at = (path: string) => join(host.folder, 'srv', path)
  const inUse = () => readFileSync(at('current'), 'utf8').trim()
  /** Every container of the program there, as the image it runs. */
  const programs = () =>
    host
      .docker('ps', '--filter', 'label=com.docker.compose.service=app', '--format', '{{ .Image }}')
      .split('\n')
  const container = () =>
    host.docker('ps', '--quiet', '--filter', 'label=com.docker.compose.service=app').split('\n')[0]!
  const repasse = (...args: string[]) => host.docker('exec', container(), 'repasse', ...args)
  const kept = () =>
    Object.values(
      (JSON.parse(repasse('status', '--json')) as { events: Record<string, number> }).events,
    ).reduce((sum, count) => sum + count, 0)

  /** What happens while events come in: none of them may be refused, and each is kept once. */
  async function underLoad<T>(work: () => Promise<T>): Promise<T> {
    const load: Load = startLoad(host.address, sent)
    const more = async (count: number) => {
      const before = load.answered()
      await until(() => load.answered() >= before + count, `${count} more events being answered`, {
        withinMs: minute,
      })
    }
    const result = await (async () => {
      await more(50)
      const worked = await work()
      await more(200)
      return worked
    })().catch(async (error: unknown) => {
      await load.stop()
      throw error
    })
    const { sent: count, refused, p99Ms } = await load.stop()
    sent += count
    console.info(`${count} events, p99 ${p99Ms} ms`)
    expect(refused).toEqual([])
    expect(count).toBeGreaterThan(200)
    expect(kept()).toBe(sent)
    return result
  }

  test('brings a host that has nothing to an installation that answers', async () => {
    expect(first.code, first.said).toBe(0)
    for (const part of [
      'building repasse:',
      'sending the images',
      'applied 0001-house.sql',
      `release ${current} is in use`,
    ])
      expect(first.said).toContain(part)
    expect(inUse()).toBe(current)
    made.push(current)
    const { code, said } = await checkout.run('status')
    expect(code).toBe(0)
    expect(said).toContain(`release   ${current}`)
    expect(said).toMatch(/^invoices +none$/m)
  })

  test(
    'takes a release with a migration on while 100 events a second come, and refuses none',
    async () => {
      const tag = release(
        'migrations/0900-attic.sql',
        () => '-- Something for later.\ncreate table attic (thing text not null);\n',
      )
      const { code, said } = await underLoad(() => checkout.run('redeploy'))
      expect(code, said).toBe(0)
      expect(said).toContain('a rehearsal on the copy: the new release migrates it and starts')
      expect(said).toContain('applied 0900-attic.sql')
      expect([inUse(), programs()]).toEqual([tag, [`repasse:${tag}`]])
      // Of the layers only those went over the line that were not there.
      expect(said).toMatch(/sending the images of release \w+: \d+M before compression/)
      current = tag
    },
    5 * minute,
  )

  test(
    'goes back by itself from one that ends at its start, and says why',
    async () => {
      release('src/main.ts', text =>
        text.replace(
          /^import /m,
          `if (process.argv[2] === 'serve') throw new Error('this release is bad')\nimport `,
        ),
      )
      const { code, said } = await underLoad(() => checkout.run('redeploy'))
      expect(code).toBe(1)
      expect(said).toContain('this release is bad')
      expect(said).toMatch(/app of release \w+ ended by itself \(code 1\)/)
      expect(said).toContain(`back at release ${current}, which never stopped`)
      expect([inUse(), programs()]).toEqual([current, [`repasse:${current}`]])
    },
    5 * minute,
  )

  test(
    'goes back by itself from one that is never ready, and says what it waits for',
    async () => {
      release('src/queries/status.ts', text =>
        text.replace(
          /return \{ ready: .*\}/,
          `return { ready: false, checks: { ...checks, tea: 'not yet' } }`,
        ),
      )
      const since = new Date().toISOString()
      const { code, said } = await underLoad(() =>
        checkout.runWith({ DEPLOY_READY_SECONDS: '20' }, 'redeploy'),
      )
      expect(code).toBe(1)
      expect(said).toMatch(/was not ready within 20 s: .*"tea":"not yet"/)
      // Who is only tried does nobody's work.
      const done = JSON.parse(repasse('run', 'list', '--json', '--limit', '200')) as {
        worker: string
        startedAt: string
      }[]
      const workers = new Set(
        done.filter(({ startedAt }) => startedAt > since).map(({ worker }) => worker.split('/')[0]),
      )
      expect([...workers]).toEqual([container().slice(0, 12)])
      expect([inUse(), programs()]).toEqual([current, [`repasse:${current}`]])
    },
    5 * minute,
  )

  test(
    'does not touch the database for migrations that fail on its copy',
    async () => {
      const bad = release(
        'migrations/0901-cellar.sql',
        () => 'create table cellar (thing text);\ninsert into nowhere values (1);\n',
      )
      const { code, said } = await checkout.run('redeploy')
      expect(code).toBe(1)
      expect(said).toContain('the rehearsal failed, and the database was not touched')
      expect(said).toContain('no such table: nowhere')
      expect([inUse(), programs()]).toEqual([current, [`repasse:${current}`]])
      expect(host.docker('exec', container(), 'ls', '/data')).not.toContain(bad)
      expect((await checkout.run('status')).said).toContain('events')
    },
    5 * minute,
  )

  describe('while one is under way', () => {
    let tag: string
    let running: Running
    const begin = async () => {
      checkout.checkout(tag)
      running = checkout.start('redeploy')
      const isSwitching = () =>
        existsSync(at('switching')) && readFileSync(at('switching'), 'utf8').includes('app ')
      await until(isSwitching, 'the new release being started', { withinMs: 3 * minute })
    }
    beforeAll(async () => {
      tag = release('nginx/repasse.conf', text =>
        text.replaceAll('server_tokens off;', 'server_tokens off;\n    location = /release { return 204; }'),
      )
      const { code, said } = await checkout.run('buildimage')
      expect(code, said).toBe(0)
    }, 5 * minute)

    test(
      'Ctrl-C takes it back',
      async () => {
        await begin()
        process.kill(-running.process.pid!, 'SIGINT')
        const { code, said } = await running.ended
        expect(code, said).toBe(1)
        expect(said).toContain('it was stopped by hand')
        expect([inUse(), programs()]).toEqual([current, [`repasse:${current}`]])
      },
      5 * minute,
    )

    test(
      'one that is killed on the host is cleared up, and the name of the socket is the old one’s again',
      async () => {
        await begin()
        process.kill(
          Number(readFileSync(at(`deploys/${readlinkSync(at('deploys/last'))}.pid`), 'utf8')),
          'SIGKILL',
        )
        const { code, said } = await running.ended
        expect(code).toBe(1)
        expect(said).toContain('it was cut off')
        expect(programs().length).toBe(2)
        await underLoad(async () => {
          const stopped = await checkout.run('redeploy', '--stop')
          expect(stopped.code, stopped.said).toBe(0)
          expect([inUse(), programs()]).toEqual([current, [`repasse:${current}`]])
        })
      },
      5 * minute,
    )

    test(
      'a second one is refused, and a line that is lost changes nothing: nginx has its new configuration too',
      async () => {
        await begin()
        const second = await checkout.run('redeploy')
        expect(second.code).toBe(1)
        expect(second.said).toMatch(/another redeploy is under way: \w+ by \S+@\S+ since 20/)
        // Whatever ssh it has open is gone, as when a network is.
        process.kill(-running.process.pid!, 'SIGKILL')
        const followed = await checkout.run('redeploy', '--follow')
        expect(followed.code, followed.said).toBe(0)
        expect(followed.said).toContain('nginx has read its new configuration')
        expect([inUse(), programs()]).toEqual([tag, [`repasse:${tag}`]])
        expect(await statusOf(host.address, '/release')).toBe(204)
        current = tag
      },
      5 * minute,
    )
  })

  test(
    'goes to an older release by the same way, keeps three of them, and sends nothing it has',
    async () => {
      const { code, said } = await checkout.run('redeploy')
      expect(code, said).toBe(0)
      expect(said).toContain('the host has the images')
      expect(
        host.docker('images', '--format', '{{ .Tag }}', 'repasse').split('\n').length,
      ).toBeLessThanOrEqual(3)
    },
    5 * minute,
  )

  test(
    'a backup comes here, and a restore goes there and stops payouts',
    async () => {
      const file = join(host.folder, 'copy.backup')
      const backup = await checkout.run('backup', file)
      expect(backup.code, backup.said).toBe(0)
      expect(readFileSync(file).subarray(0, 15).toString()).toBe('SQLite format 3')
      expect((await checkout.run('backup', file)).said).toContain('exists already')
      expect((await checkout.run('restore', file)).said).toContain('Add --force')
      const before = kept()
      // As somebody brings it who keeps copies encrypted: the secret key goes along, and is not left behind.
      const [secret, sealed] = [await generateIdentity(), join(host.folder, 'copy.age')]
      const encrypter = new Encrypter()
      encrypter.addRecipient(await identityToRecipient(secret))
      writeFileSync(sealed, await encrypter.encrypt(readFileSync(file)))
      writeFileSync(join(host.folder, 'age.key'), `# a comment\n${secret}\n`, { mode: 0o400 })
      expect((await checkout.run('restore', sealed, '--force', '--fast')).said).toContain(
        'restore takes no --fast so',
      )
      const restored = await checkout.run(
        'restore',
        sealed,
        '--force',
        '--identity',
        join(host.folder, 'age.key'),
      )
      expect(restored.code, restored.said).toBe(0)
      expect(kept()).toBe(before)
      expect((await checkout.run('status')).said).toMatch(/restored from/)
      expect((await checkout.run('logs', '--tail', '3')).code).toBe(0)
    },
    5 * minute,
  )
})

function statusOf(host: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ host, path, rejectUnauthorized: false }, answer => resolve(answer.resume().statusCode))
      .on('error', reject)
      .end()
  })
}
