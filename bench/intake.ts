/**
 * Intake: durable, verified events through HTTP, ours against the plain receiver and against bare Koa, in
 * turns within one run.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, type BenchOptions, type Figure } from './figure.ts'
import { bringNginx, letNginxIn, nginxes, startNginx, type Nginx } from '../test/testbed/nginx.ts'
import type { Measured, Order } from './intakeLoad.ts'

export interface Contender {
  name: string
  kind: 'ours' | 'plain' | 'bare'
  /** Events per round. */
  count: number
  /** Its receiver listens on a socket, and the load comes by TLS through this nginx. */
  nginx?: string
  /** Makes the database file before the receiver opens it. */
  prepare?: (file: string) => Promise<void>
}

export interface Result {
  perSecond: number
  p99Ms: number
  cpuMs: number
}

// Node's own options as bin/repasse gives them, to every contender: what is measured is what is shipped.
const shipped = /^exec "\$node" (.+) "\$root/m
  .exec(readFileSync(new URL('../bin/repasse', import.meta.url), 'utf8'))![1]!
  .split(' ')

const child = (name: string, args: string[] = [], execArgv = process.execArgv): ChildProcess =>
  fork(fileURLToPath(new URL(name, import.meta.url)), args, { stdio: 'inherit', execArgv })

/** Sends `message` and gives the next answer; throws when the process is gone. */
function ask<T>(of: ChildProcess, message: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('a process of the bench ended by itself'))
    of.once('exit', gone)
    of.once('message', answer => (of.off('exit', gone), resolve(answer as T)))
    of.send(message)
  })
}

/**
 * Runs every contender once per round, in turn, so that a busy minute of the machine meets them all. Medians
 * over the rounds.
 */
export async function compete(
  contenders: readonly Contender[],
  rounds: number,
  say: (line: string) => void,
): Promise<Map<string, Result>> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-bench-'))
  letNginxIn(folder)
  const load = child('intakeLoad.ts')
  const servers: ChildProcess[] = []
  const fronts: Nginx[] = []
  try {
    const ready = []
    for (const [index, contender] of contenders.entries()) {
      const file = join(folder, `${index}.db`)
      await contender.prepare?.(file)
      const socket = join(folder, `${index}.sock`)
      const where = contender.nginx === undefined ? '127.0.0.1:0' : `unix:${socket}`
      const server = child('intakeServer.ts', [contender.kind, file, where], shipped)
      servers.push(server)
      const [{ port }] = (await once(server, 'message')) as [{ port: number }]
      const front =
        contender.nginx === undefined ? undefined : await startNginx({ program: contender.nginx, socket })
      if (front) fronts.push(front)
      const to = front ? { port: front.httpsPort, certificate: front.certificate } : { port }
      ready.push({ contender, server, to, results: [] as Result[] })
    }
    let from = 0
    // The first round warms up caches and the compiler, and is not counted.
    for (let round = 0; round <= rounds; round++) {
      for (const { contender, server, to, results } of ready) {
        const before = await ask<{ cpuUs: number }>(server, {})
        const { seconds, p99Ms, wrong } = await ask<Measured>(load, {
          ...to,
          from,
          count: contender.count,
        } satisfies Order)
        const after = await ask<{ cpuUs: number }>(server, {})
        if (wrong > 0)
          throw new Error(
            `${contender.name} answered ${wrong} of ${contender.count} events with something else than 200`,
          )
        from += contender.count
        const result = {
          perSecond: contender.count / seconds,
          p99Ms,
          cpuMs: (after.cpuUs - before.cpuUs) / 1_000 / contender.count,
        }
        if (round > 0) results.push(result)
        say(
          `  round ${round} of ${rounds}: ${contender.name} ${Math.round(result.perSecond)} events/s, p99 ${p99Ms.toFixed(1)} ms`,
        )
      }
    }
    const middle = (results: Result[], part: keyof Result) => median(results.map(result => result[part]))
    return new Map(
      ready.map(({ contender, results }) => [
        contender.name,
        {
          perSecond: middle(results, 'perSecond'),
          p99Ms: middle(results, 'p99Ms'),
          cpuMs: middle(results, 'cpuMs'),
        },
      ]),
    )
  } finally {
    for (const front of fronts) await front.stop()
    for (const process of [load, ...servers]) process.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

export async function intake({ quick, tiny, say }: BenchOptions): Promise<Figure[]> {
  const scale = tiny ? 0.02 : quick ? 0.25 : 1
  const contenders: Contender[] = [
    { name: 'ours', kind: 'ours', count: 10_000 * scale },
    { name: 'plain', kind: 'plain', count: 600 * scale },
    { name: 'bare', kind: 'bare', count: 16_000 * scale },
  ]
  const results = await compete(contenders, tiny ? 1 : quick ? 3 : 5, say)
  const [ours, plain, bare] = contenders.map(({ name }) => results.get(name)!) as [Result, Result, Result]
  const told: Figure[] = contenders.flatMap(({ name }) => {
    const { perSecond, p99Ms, cpuMs } = results.get(name)!
    return [
      { bench: 'intake', name: `${name}: events`, value: perSecond, unit: '/s' },
      { bench: 'intake', name: `${name}: p99 with 64 at once`, value: p99Ms, unit: 'ms' },
      { bench: 'intake', name: `${name}: processor per event`, value: cpuMs, unit: 'ms' },
    ]
  })
  return [
    ...told,
    {
      bench: 'intake',
      name: 'ours against plain',
      value: ours.perSecond / plain.perSecond,
      unit: '×',
      target: { least: 15 },
    },
    {
      bench: 'intake',
      name: 'ours against bare Koa',
      value: (100 * ours.perSecond) / bare.perSecond,
      unit: '%',
      target: { least: 40 },
    },
  ]
}

/** The same receiver with nginx before it, TLS and all, as a server has it. */
export async function edge({ quick, tiny, say }: BenchOptions): Promise<Figure[]> {
  const program = bringNginx(nginxes.at(-1)!)
  if (program === undefined) {
    say('  skipped: no nginx is to be had here')
    return []
  }
  const count = tiny ? 100 : quick ? 1_000 : 4_000
  const contenders: Contender[] = [
    { name: 'without nginx', kind: 'ours', count },
    { name: 'through nginx', kind: 'ours', count, nginx: program },
  ]
  const results = await compete(contenders, tiny ? 1 : quick ? 3 : 5, say)
  const [without, through] = contenders.map(({ name }) => results.get(name)!) as [Result, Result]
  return [
    ...contenders.flatMap(({ name }): Figure[] => {
      const { perSecond, p99Ms } = results.get(name)!
      return [
        { bench: 'edge', name: `${name}: events`, value: perSecond, unit: '/s' },
        { bench: 'edge', name: `${name}: p99 with 64 at once`, value: p99Ms, unit: 'ms' },
      ]
    }),
    {
      bench: 'edge',
      name: 'through nginx against without',
      value: (100 * through.perSecond) / without.perSecond,
      unit: '%',
    },
  ]
}
