/**
 * docker/ as somebody puts it on a server: both stacks built and run on a real engine, a small day through
 * nginx with TLS, and each container killed.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from './testbed/eventually.ts'
import { freePort } from '../sim/port.ts'
import { baseImages, openEngine, whyNoEngine, type Engine } from './testbed/engine.ts'
import { plant, type Planted } from './testbed/planted.ts'
import { projectRoot } from './testbed/tree.ts'
import { trialAccountFlags } from './testbed/trial.ts'
import { until } from './testbed/until.ts'

const minute = 60_000
const version = { REPASSE_VERSION: 'under-test' }
const images = { app: 'repasse:under-test', nginx: 'repasse-nginx:under-test' }

const why = whyNoEngine()
describe.skipIf(why !== undefined)(
  why === undefined ? 'the containers' : `the containers (skipped: no Docker engine, ${why})`,
  () => {
    let engine: Engine
    beforeAll(async () => {
      engine = await openEngine()
      await engine.docker(['compose', '-f', 'docker/compose.yaml', 'build'], version)
    }, 8 * minute)
    afterAll(() => engine?.close(), minute)

    describe('what is in the images', () => {
      const inside = (image: string, script: string) =>
        engine.docker(['run', '--rm', '--network', 'none', '--entrypoint', 'sh', image, '-c', script])

      test('nobody in them is root [security 17]', async () => {
        expect((await inside(images.app, 'id -u')).trim()).toBe('1000')
        expect((await inside(images.nginx, 'id -u')).trim()).toBe('101')
      })

      test('the program is in it, and nothing it was made or tried with', async () => {
        const found = (
          await inside(images.app, 'cd /app && find . -path ./node_modules -prune -o -type f -print')
        )
          .trim()
          .split('\n')
        expect(found).toContain('./dist/main.js')
        expect(
          found.filter(
            path =>
              !/^\.\/(dist\/|migrations\/|bin\/repasse$|docker\/alive\.mjs$|package\.json$|sbom\.json$)/.test(
                path,
              ),
          ),
        ).toEqual([])
        expect(found.filter(path => /\.tsx?$|\.test\.|\.env|\.pem$/.test(path))).toEqual([])
        // Neither what installs packages nor what compiles.
        expect(
          (
            await inside(images.app, 'command -v npm npx yarn corepack tsc gcc make python3 git || true')
          ).trim(),
        ).toBe('')
      })

      test('no layer has a setting or a key that lay beside the source when it was built', async () => {
        for (const image of Object.values(images)) {
          const layers = await engine.docker(['history', '--no-trunc', '--format', '{{ .CreatedBy }}', image])
          expect(layers).not.toMatch(/PRIVATE KEY|PASSWORD=|postgres:\/\/[^ ]*:[^ ]*@|AGE-SECRET-KEY/)
          expect(
            await inside(
              image,
              "find / -xdev \\( -name '.env*' -o -name '*.pem' -o -name '*.key' \\) -path '*app*' 2>/dev/null || true",
            ),
          ).toBe('')
        }
      })

      test('its packages are those of the lockfile, to the version, and none is for development [security 16]', async () => {
        const lock = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')) as {
          packages: Record<string, { version: string; dev?: true; optional?: true; devOptional?: true }>
        }
        const list = `cd /app/node_modules && node -e "for (const f of require('fs').globSync(['*/package.json', '@*/*/package.json'])) console.log(f.slice(0, -13), require('./' + f).version)"`
        const installed = (await inside(images.app, list)).trim().split('\n')
        expect(installed.length).toBeGreaterThan(50)
        for (const line of installed) {
          const [name, found] = line.split(' ')
          const known = lock.packages[`node_modules/${name}`]
          expect([name, found, known?.dev, known?.devOptional]).toEqual([
            name,
            known?.version,
            undefined,
            undefined,
          ])
        }
      })

      test('what is in it is listed, to the digest, and the curve that secp256k1 would fall back to is not there [security 16 A14]', async () => {
        const sbom = JSON.parse(await inside(images.app, 'cat /app/sbom.json')) as {
          bomFormat: string
          components: { name: string; version: string; hashes?: unknown[] }[]
        }
        expect(sbom.bomFormat).toBe('CycloneDX')
        const lock = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
          dependencies: Record<string, string>
        }
        const listed = new Map(sbom.components.map(each => [each.name, each]))
        for (const [name, version] of Object.entries(lock.dependencies))
          expect(listed.get(name)).toMatchObject({ version, hashes: [{}] })
        const loads = `cd /app && node -e "try { require('secp256k1/elliptic') } catch (error) { console.log(error.code) } require('secp256k1/bindings')"`
        expect((await inside(images.app, loads)).trim()).toBe('MODULE_NOT_FOUND')
      })

      test('they are as small as can be', async () => {
        const size = async (image: string) =>
          Number(await engine.docker(['image', 'inspect', image, '--format', '{{.Size}}'])) / 1e6
        const [app, base] = [await size(images.app), await size(baseImages().NODE_IMAGE)]
        const [nginx, nginxBase] = [await size(images.nginx), await size(baseImages().NGINX_IMAGE)]
        console.info(
          `app ${app.toFixed(0)} MB (base ${base.toFixed(0)}), nginx ${nginx.toFixed(0)} MB (base ${nginxBase.toFixed(0)})`,
        )
        expect(app - base).toBeLessThan(60)
        expect(nginx - nginxBase).toBeLessThan(1)
      })

      test('the Dockerfile and both stacks are judged to be well', async () => {
        await engine.docker(['build', '--check', '-f', 'docker/Dockerfile', '.'])
        for (const files of [['compose.yaml'], ['compose.yaml', 'compose.postgres.yaml']])
          await engine.docker(
            ['compose', ...files.flatMap(file => ['-f', `docker/${file}`]), 'config', '--quiet'],
            { SECRETS: tmpdir() },
          )
      })
    })

    describe.each([
      {
        name: 'nginx and one process with SQLite',
        files: ['compose.yaml'],
        services: ['app', 'nginx'],
        ownCertificate: false,
      },
      {
        name: 'nginx, web, worker and PostgreSQL',
        files: ['compose.yaml', 'compose.postgres.yaml'],
        services: ['app', 'worker', 'postgres', 'nginx'],
        ownCertificate: true,
      },
    ])('$name', ({ files, services, ownCertificate }) => {
      let stack: Stack
      beforeAll(async () => {
        stack = await openStack(engine, files, ownCertificate)
      }, 5 * minute)
      afterAll(() => stack?.close(), minute)

      /** Until every invoice of the bank is credited here, and paid on there, once. */
      const untilSettled = async () => {
        const isSettled = async () => {
          const { invoices, transfers, credited } = (await stack.bank()).counts
          expect({ transfers, credited }).toEqual({ transfers: invoices, credited: invoices })
          // A program started in a container takes a second of processor from those that are waited for, so
          // it is asked last.
          const app = await stack.repasse<{
            invoices: { counts: Record<string, number> }
            payouts: Record<string, number>
          }>('status', '--json')
          expect([app.invoices.counts, app.payouts]).toEqual([{ credited: invoices }, { paid: invoices }])
          return true
        }
        await until(isSettled, 'every invoice being credited here and paid on there', {
          withinMs: 4 * minute,
          everyMs: 1_000,
        })
      }

      test('it comes up healthy, over TLS, and shows the world no more than it should [security 19]', async () => {
        expect(await stack.get('/health')).toMatchObject({ status: 404 })
        expect(await stack.get('/metrics')).toMatchObject({ status: 404 })
        expect(await stack.get('/webhooks/starkbank')).toMatchObject({ status: 405 })
        const page = await stack.get('/')
        expect(page).toMatchObject({
          status: 200,
          headers: { 'strict-transport-security': 'max-age=63072000' },
        })
        // What the page is made of was built into the image.
        const parts = [...page.text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!)
        expect(parts.some(path => path.endsWith('.css'))).toBe(true)
        for (const path of parts) expect([path, (await stack.get(path)).status]).toEqual([path, 200])
        const plain = await fetch(`${stack.plainUrl}/`, { redirect: 'manual' })
        expect([plain.status, plain.headers.get('location')]).toEqual([301, `https://${engine.address}/`])
        const hook = await fetch(`${stack.plainUrl}/webhooks/starkbank`, {
          method: 'POST',
          body: '{}',
          redirect: 'manual',
        })
        expect(hook.status).toBe(403)
        // As compose was told: who asks comes from the network of its gateway.
        expect((await stack.get('/console')).status === 403).toBe(ownCertificate)
        expect(
          await stack.inside(
            'app',
            `node -e "fetch('http://127.0.0.1:9464/metrics').then(async a => console.log(a.status, await a.text()))"`,
          ),
        ).toMatch(/^200[^]*repasse_/)
      })

      test('no list of processes, environment, log or layer of an image holds a secret', async () => {
        const found: string[] = []
        const look = (where: string, text: string) => found.push(...stack.planted.leaksOf([[where, text]]))
        for (const service of services) {
          const container = await stack.container(service)
          look(
            `processes of ${service}`,
            await stack.inside(service, 'cat /proc/[0-9]*/cmdline | tr "\\0" "\\n"'),
          )
          look(`${service} as it is inspected`, await engine.docker(['inspect', container]))
          look(`log of ${service}`, await engine.docker(['logs', container]))
          const image = (await engine.docker(['inspect', container, '--format', '{{ .Image }}'])).trim()
          look(
            `history of ${service}`,
            await engine.docker(['history', '--no-trunc', '--format', '{{ .CreatedBy }}', image]),
          )
          look(`what ${service} has written`, await engine.docker(['diff', container]))
        }
        expect(stack.planted.names).toEqual(['key at the bank', 'password of the database'])
        expect(found).toEqual([])
      })

      test.each(services)(
        '%s is no root, writes nowhere but where it may, and can become nothing else [security 17]',
        async service => {
          const held = JSON.parse(await engine.docker(['inspect', await stack.container(service)])) as {
            HostConfig: Record<string, unknown>
            Config: { User: string; Env: string[] }
          }[]
          expect(held[0]!.HostConfig).toMatchObject({
            ReadonlyRootfs: true,
            CapDrop: ['ALL'],
            SecurityOpt: ['no-new-privileges:true'],
            Privileged: false,
            Init: true,
            NetworkMode: expect.not.stringMatching(/^host$/),
            RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 },
          })
          expect(held[0]!.HostConfig['Memory']).toBeGreaterThan(0)
          expect(held[0]!.HostConfig['PidsLimit']).toBeGreaterThan(0)
          for (const secret of stack.secrets) expect(held[0]!.Config.Env.join('\n')).not.toContain(secret)
          expect(await stack.inside(service, 'id -u')).not.toMatch(/^0$/m)
          expect(await stack.inside(service, 'touch /bin/x /etc/x /app/x 2>&1 || true')).toMatch(
            /Read-only file system/,
          )
          // All capabilities it has, could have, and could pass on: none (capabilities(7)).
          expect(
            await stack.inside(
              service,
              'grep -E "Cap(Inh|Prm|Eff|Bnd)|NoNewPrivs" /proc/1/status | tr -d "\\t" | tr "\\n" " "',
            ),
          ).toMatch(/CapInh:0{16} CapPrm:0{16} CapEff:0{16} CapBnd:0{16} NoNewPrivs:1/)
        },
      )

      test('nginx cannot reach the program or the database by network, and the database nothing [security 17]', async () => {
        const networks = async (service: string) =>
          Object.keys(
            JSON.parse(
              await engine.docker([
                'inspect',
                await stack.container(service),
                '--format',
                '{{json .NetworkSettings.Networks}}',
              ]),
            ) as object,
          )
        const others = (
          await Promise.all(services.filter(service => service !== 'nginx').map(networks))
        ).flat()
        for (const network of await networks('nginx')) expect(others).not.toContain(network)
        if (!services.includes('postgres')) return
        for (const network of await networks('postgres'))
          expect(
            (await engine.docker(['network', 'inspect', network, '--format', '{{.Internal}}'])).trim(),
          ).toBe('true')
      })

      test(
        'a small day: issued, paid, heard through nginx, passed on, and the books balance',
        async () => {
          const heard = (await stack.pushes()).length
          await stack.repasse('account', 'add', ...trialAccountFlags)
          await stack.repasse('account', 'approve', 'main', '--by', 'checker')
          const rule = [
            '--cron',
            '0 0 1 1 *',
            '--time-zone',
            'Etc/UTC',
            '--payers',
            'random',
            '--due-in',
            '2d',
            '--pay-to',
            'main',
          ]
          await stack.repasse(
            'schedule',
            'add',
            '--name',
            'trial',
            ...rule,
            '--count',
            '8..12',
            '--amount',
            '20.00..1000.00',
            '--commission',
            '1.5%',
          )
          await stack.repasse('doctor', '--register-webhook')
          await stack.repasse('schedule', 'run', 'trial')
          await untilSettled()

          const { counts } = await stack.bank()
          expect(counts.invoices).toBeGreaterThanOrEqual(8)
          // Everything was pushed, and nothing pushed was refused.
          expect(counts).toMatchObject({ undelivered: 0, forgeriesAccepted: 0 })
          const pushes = (await stack.pushes()).slice(heard)
          expect(pushes.length).toBeGreaterThanOrEqual(counts.events)
          expect(new Set(pushes)).toEqual(new Set([200]))
          expect(await stack.repasse('ledger', 'check')).toMatch(/^OK/)
          await stack.repasse('reconcile')
        },
        6 * minute,
      )

      test(
        'one program takes the place of another while events come, and none is refused',
        async () => {
          const before = (await stack.bank()).counts
          const heard = (await stack.pushes()).length
          const old = await stack.container('app')
          await stack.repasse('schedule', 'run', 'trial')
          await stack.compose('up', '-d', '--no-deps', '--no-recreate', '--scale', 'app=2', 'app')
          await eventually(() => stack.health('app'), 'both being healthy', 2 * minute).toEqual([
            'healthy',
            'healthy',
          ])
          await stack.repasse('schedule', 'run', 'trial')
          await engine.docker(['stop', old])
          await engine.docker(['rm', old])
          await untilSettled()
          expect((await stack.bank()).counts.invoices).toBeGreaterThanOrEqual(before.invoices + 16)
          expect((await stack.pushes()).slice(heard)).not.toEqual([])
          expect(new Set((await stack.pushes()).slice(heard))).toEqual(new Set([200]))
        },
        6 * minute,
      )

      test(
        'each container is killed while money is on its way, comes back by itself, and nothing is lost or done twice',
        async () => {
          const before = (await stack.bank()).counts
          for (const service of services) {
            await stack.repasse('schedule', 'run', 'trial')
            const others = services.filter(other => other !== service)
            const since = await Promise.all(others.map(stack.startedAt))
            await stack.kill(service)
            await eventually(() => stack.health(service), service, 2 * minute).toEqual(['healthy'])
            // Nobody else dies of it.
            expect(await Promise.all(others.map(stack.startedAt))).toEqual(since)
          }
          await untilSettled()
          expect((await stack.bank()).counts.invoices).toBeGreaterThanOrEqual(
            before.invoices + 8 * services.length,
          )
          expect(await stack.repasse('ledger', 'check')).toMatch(/^OK/)
        },
        8 * minute,
      )

      test('at the end the bank’s balance is what the books say', async () => {
        await stack.repasse('reconcile')
        expect(await stack.repasse('status', '--json')).toMatchObject({ addsUp: true, needsPerson: [] })
      })

      if (services.includes('postgres'))
        test(
          'a copy of the books brings them back, and then nothing is paid before somebody has looked',
          async () => {
            await stack.compose('build', 'copies')
            await stack.compose('run', '--rm', '-T', 'copies', 'backup', '/copies/day')
            await stack.compose('stop', 'app', 'worker')
            await stack.compose(
              'run',
              '--rm',
              '-T',
              'copies',
              'restore',
              '/copies/day',
              '--force',
              '--by',
              'maker',
            )
            await stack.compose('up', '-d', '--wait', '--no-recreate', 'app', 'worker')
            // It ends with 1 until the bank's invoices since the copy are read.
            const told = await until(
              () => stack.repasse<object>('status', '--json'),
              'the invoices since the copy are read',
              {
                withinMs: 2 * minute,
                everyMs: 1_000,
              },
            )
            expect(told).toMatchObject({ addsUp: true, stopped: expect.stringContaining('restored from') })
            expect(await stack.repasse('ledger', 'check')).toMatch(/^OK/)
          },
          6 * minute,
        )

      if (ownCertificate)
        test(
          'a renewed certificate is taken when nginx is told',
          async () => {
            const before = await stack.servedCertificate()
            stack.renewCertificate()
            await stack.compose('kill', '-s', 'HUP', 'nginx')
            await eventually(stack.servedCertificate, 'another certificate', minute).not.toBe(before)
          },
          2 * minute,
        )
    })
  },
)

interface Stack {
  /** What is published for port 80. */
  plainUrl: string
  secrets: string[]
  planted: Planted
  compose(...args: string[]): Promise<string>
  /** A command of the program, in its container; what `--json` prints is read. */
  repasse<T = string>(...words: string[]): Promise<T>
  /** A shell's line in a container. */
  inside(service: string, script: string): Promise<string>
  /** The id of a service's one container. */
  container(service: string): Promise<string>
  health(service: string): Promise<string[]>
  startedAt(service: string): Promise<string>
  /** As the kernel kills: nobody asked for it, so the engine starts it again. */
  kill(service: string): Promise<void>
  /** What nginx answered to each event, in order; but for those whose sender did not wait for it. */
  pushes(): Promise<number[]>
  get(path: string): Promise<{ status: number; headers: Record<string, unknown>; text: string }>
  /** The number of the certificate that is shown now. */
  servedCertificate(): Promise<string>
  /** Another one into the folder that is mounted. */
  renewCertificate(): void
  bank(): Promise<{
    counts: Record<
      'invoices' | 'credited' | 'transfers' | 'events' | 'undelivered' | 'failedAttempts',
      number
    >
  }>
  close(): Promise<void>
}

/** The stack, up and healthy, and a bank on this machine that trusts its certificate. */
async function openStack(engine: Engine, files: string[], ownCertificate: boolean): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-compose-'))
  const [keyFile, settingsFile, certificateFile] = [
    join(folder, 'key.pem'),
    join(folder, 'env'),
    join(folder, 'certificate.pem'),
  ]
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  writeFileSync(keyFile, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o400 })
  chownSync(keyFile, 1000, 1000)
  const [port, httpPort, httpsPort] = [await freePort(), await freePort(), await freePort()]
  const [workspaceId, projectId] = ['6341320293482496', '5656565656565656']
  writeFileSync(
    settingsFile,
    `PUBLIC_URL=https://${engine.address}:${httpsPort}
STARKBANK_API_URL=http://${engine.hostAddress}:${port}
STARKBANK_PROJECT_ID=${projectId}
STARKBANK_WORKSPACE_ID=${workspaceId}
STARKBANK_POLL_SECONDS=60
`,
  )
  execFileSync(join(projectRoot, 'docker/make-secrets.sh'), [join(folder, 'secrets')], { stdio: 'ignore' })
  const password = readFileSync(join(folder, 'secrets/postgres-password'), 'utf8')
  const planted = plant()
  planted.addPem('key at the bank', readFileSync(keyFile, 'utf8'))
  planted.add('password of the database', password)

  const env: Record<string, string> = {
    ...version,
    REPASSE_ENV: settingsFile,
    STARKBANK_KEY: keyFile,
    SECRETS: join(folder, 'secrets'),
    COPIES: join(folder, 'copies'),
    SERVER_NAME: engine.address,
    HTTP_LISTEN: `0.0.0.0:${httpPort}`,
    HTTPS_LISTEN: `0.0.0.0:${httpsPort}`,
  }
  // For user 1000, who writes in there.
  mkdirSync(env['COPIES']!)
  chownSync(env['COPIES']!, 1000, 1000)

  // Made elsewhere and mounted, as one from an authority would be.
  const certificates = join(folder, 'certificates')
  const renewCertificate = () => {
    const subject = ['-subj', '/CN=own', '-addext', `subjectAltName=IP:${engine.address}`]
    const made = ['privkey.pem', 'fullchain.pem'].map(name => join(certificates, name))
    const into = ['-keyout', made[0]!, '-out', made[1]!]
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...into],
      { stdio: 'ignore' },
    )
    // nginx runs as 101 in there.
    for (const file of made) chownSync(file, 101, 101)
  }
  if (ownCertificate) {
    mkdirSync(certificates)
    renewCertificate()
    Object.assign(env, { CERTIFICATES: certificates, CONSOLE_NETWORKS: '203.0.113.0/24' })
  }
  await removeAbandoned(engine)
  const project = `repasse-test-${process.pid}-${files.length}`
  const compose = (...args: string[]) =>
    engine.docker(
      ['compose', '-p', project, ...files.flatMap(file => ['-f', `docker/${file}`]), ...args],
      env,
    )
  const containers = async (service: string) =>
    (await compose('ps', '--all', '--quiet', service)).trim().split('\n').filter(Boolean)
  const container = async (service: string) => {
    const ids = await containers(service)
    if (ids.length !== 1) throw new Error(`${service} has ${ids.length} containers`)
    return ids[0]!
  }
  const startedAt = async (service: string) => inspected(await container(service), '{{.State.StartedAt}}')
  const inspected = async (id: string, what: string) =>
    (await engine.docker(['inspect', id, '--format', what])).trim()

  let bank: ChildProcess | undefined
  const close = async () => {
    bank?.kill('SIGKILL')
    await compose('down', '--volumes', '--timeout', '3')
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    // nginx alone first: it makes its certificate, which the bank is to know, and the bank stands when the
    // program first asks.
    await compose('up', '-d', '--wait', '--no-deps', 'nginx')
    await compose('cp', 'nginx:/etc/nginx/certificates/fullchain.pem', certificateFile)
    const program = join(projectRoot, 'sim/main.ts')
    const flags = [
      '--host',
      engine.hostAddress,
      '--port',
      String(port),
      '--project-key-file',
      keyFile,
      '--project-id',
      projectId,
    ]
    const manner = ['--workspace-id', workspaceId, '--pay-rate', '1', '--fee', '50', '--time-scale', '30']
    bank = spawn(process.execPath, [program, ...flags, ...manner], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_EXTRA_CA_CERTS: certificateFile },
    })
    await once(createInterface(bank.stdout!), 'line')
    await compose('up', '-d', '--wait', '--wait-timeout', '240')
  } catch (fault) {
    const logs = await compose('logs', '--tail', '20').catch(() => '')
    await close()
    throw new Error(`the stack did not come up: ${(fault as Error).message}\n${logs}`, { cause: fault })
  }
  const certificate = readFileSync(certificateFile, 'utf8')

  return {
    plainUrl: `http://${engine.address}:${httpPort}`,
    secrets: [password],
    planted,
    compose,
    async repasse<T>(...words: string[]) {
      const [id] = await containers('app')
      const printed = await engine.docker(['exec', id!, 'repasse', ...words])
      return (words.includes('--json') ? JSON.parse(printed) : printed) as T
    },
    inside: async (service, script) => engine.docker(['exec', await container(service), 'sh', '-c', script]),
    container,
    health: async service =>
      Promise.all((await containers(service)).map(id => inspected(id, '{{.State.Health.Status}}'))),
    startedAt,
    async kill(service) {
      const id = await container(service)
      const started = await startedAt(service)
      process.kill(Number(await inspected(id, '{{.State.Pid}}')), 'SIGKILL')
      await until(async () => (await startedAt(service)) !== started, `${service} being started again`, {
        withinMs: minute,
      })
    },
    async pushes() {
      const log = await compose('logs', '--no-log-prefix', 'nginx')
      const statuses = [...log.matchAll(/"POST \/webhooks\/starkbank HTTP\/1\.1" (\d+)/g)].map(([, status]) =>
        Number(status),
      )
      return statuses.filter(status => status !== 499)
    },
    get: path =>
      new Promise((resolve, reject) => {
        const options = {
          host: engine.address,
          port: httpsPort,
          path,
          ca: certificate,
          agent: false as const,
        }
        request(options, response => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
          response.once('end', () =>
            resolve({ status: response.statusCode!, headers: response.headers, text }),
          )
        })
          .on('error', reject)
          .end()
      }),
    servedCertificate: () =>
      new Promise((resolve, reject) => {
        const socket = connectTls(
          { host: engine.address, port: httpsPort, rejectUnauthorized: false },
          () => {
            resolve(socket.getPeerCertificate().serialNumber)
            socket.destroy()
          },
        )
        socket.on('error', reject)
      }),
    renewCertificate,
    async bank() {
      return (await (await fetch(`http://${engine.hostAddress}:${port}/sim/state`)).json()) as Awaited<
        ReturnType<Stack['bank']>
      >
    },
    close,
  }
}

/** Stacks of test runs that were killed: nobody else will take them down. */
async function removeAbandoned(engine: Engine): Promise<void> {
  const list = JSON.parse(await engine.docker(['compose', 'ls', '--all', '--format', 'json'])) as {
    Name: string
  }[]
  for (const { Name: name } of list) {
    const pid = /^repasse-test-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      await engine.docker(['compose', '-p', name, 'down', '--volumes', '--timeout', '1'])
  }
}
