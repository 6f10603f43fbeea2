/**
 * A cold start of `repasse serve` on an existing database until it answers, and the memory it holds while
 * idle.
 */
import { execFileSync, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../sim/port.ts'
import { startBank } from '../sim/server.ts'
import { median, type BenchOptions, type Figure } from './figure.ts'

const program = fileURLToPath(new URL('../bin/repasse', import.meta.url))
const projectId = '5656565656565656'
const idleMs = 5_000

export async function start({ quick, say }: BenchOptions): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-bench-'))
  const bank = await startBank()
  try {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    const key = join(folder, 'project.pem')
    writeFileSync(key, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o400 })
    bank.bank.addProject({
      id: projectId,
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    })
    const port = await freePort()
    const settings = {
      DATABASE_URL: `sqlite:${join(folder, 'repasse.db')}`,
      LISTEN: `127.0.0.1:${port}`,
      STARKBANK_PROJECT_ID: projectId,
      STARKBANK_WORKSPACE_ID: bank.bank.settings.workspaceId,
      STARKBANK_PRIVATE_KEY_FILE: key,
      STARKBANK_API_URL: bank.url,
    }
    writeFileSync(
      join(folder, '.env'),
      Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    )
    const env = { PATH: process.env['PATH'], HOME: folder }
    execFileSync(program, ['migrate'], { cwd: folder, env, stdio: 'ignore' })

    const starts: number[] = []
    let rssMb = 0
    for (let turn = 0; turn < (quick ? 3 : 7); turn++) {
      const startedAt = performance.now()
      const server = spawn(program, ['serve'], { cwd: folder, env, stdio: 'ignore' })
      const gone = once(server, 'exit')
      while (!(await isAlive(port))) {
        if (server.exitCode !== null || performance.now() - startedAt > 30_000)
          throw new Error('repasse serve did not start')
        await sleep(5)
      }
      starts.push(performance.now() - startedAt)
      if (turn === 0) {
        await sleep(idleMs)
        rssMb =
          Number(execFileSync('ps', ['-o', 'rss=', '-p', String(server.pid)], { encoding: 'utf8' })) / 1_024
      }
      server.kill('SIGTERM')
      await gone
    }
    say(`  ${starts.map(ms => `${Math.round(ms)} ms`).join(', ')}`)
    return [
      {
        bench: 'start',
        name: 'until it answers',
        value: median(starts),
        unit: 'ms',
        target: { most: 1_000 },
      },
      { bench: 'start', name: 'memory while idle', value: rssMb, unit: 'MB', target: { most: 150 } },
    ]
  } finally {
    await bank.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

const isAlive = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/health`).then(
    async answer => (await answer.arrayBuffer(), answer.ok),
    () => false,
  )
