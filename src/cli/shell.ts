/**
 * What a command is given: where to print, the configuration, and an open database that is closed behind it.
 */
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { BadInput } from '../base/answer.ts'
import { readConfig, type Config } from '../base/config.ts'
import type { Refusal } from '../base/refusal.ts'
import type { ActRefusal } from '../jobs/jobs.ts'
import { makeLog, type Log } from '../base/log.ts'
import type { Base, Open, openChain } from '../app.ts'
import type { Rail } from '../rails/rail.ts'
import { crashPoint } from './crash.ts'
import { operator } from './operator.ts'
import { tame } from './print.ts'
import type { Outlet, Shell } from './context.ts'

export function terminal(env: Shell['env']): Outlet {
  // `repasse invoice list | head` closes the pipe early, and that is no failure.
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', () => undefined)
  return {
    out: text => new Promise(resolve => process.stdout.write(text, () => resolve())),
    err: text => void process.stderr.write(text),
    colours: process.stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    ask: process.stdin.isTTY === true && process.stderr.isTTY === true ? askHere : undefined,
  }
}

async function askHere(question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())
  } finally {
    lines.close()
  }
}

/** What an act answered where it was done; a refusal is bad input. Its words are loaded here as well. */
export const done = async <A extends Refusal>(answer: A): Promise<Exclude<A, ActRefusal>> =>
  (await import('./refusals.ts')).done(answer)

/** What `openChain` gives where a node is configured. */
export type Chain = NonNullable<Awaited<ReturnType<typeof openChain>>>

/** A command's own log goes to stderr; `info` is for servers, so here only what went wrong is said. */
export function quietLog(shell: Shell, { LOG_LEVEL: level }: Config): Log {
  return makeLog(level === 'info' ? 'warn' : level, { write: line => shell.err(line) })
}

/**
 * Opens the database for one command. The installation is loaded here, so that `--help` need not wait for it.
 */
export async function inBase<T>(
  shell: Shell,
  work: (base: Base) => Promise<T>,
  how: { mayLackKeys?: boolean } = {},
): Promise<T> {
  const config = readConfig(shell.env)
  const { openBase } = await import('../app.ts')
  const file = /^sqlite:(?!:memory:)(.+)$/.exec(config.DATABASE_URL)?.[1]
  const isNew = file !== undefined && !existsSync(file)
  const opened = await openBase(config, quietLog(shell, config), crashPoint(config.CRASH_AT), how)
  const { through } = await import('../db/db.ts')
  const base = { ...opened, db: through(opened.db, { channel: 'cli', osUser: operator(), host: hostname() }) }
  // Empty books look like books in which nothing happened: whoever is in the wrong folder should see it.
  if (isNew) shell.err(`a new, empty database was made: ${resolve(file)}\n`)
  try {
    await proveActor(base, shell)
    const result = await work(base)
    await anchored(shell, base)
    return result
  } finally {
    await base.db.close()
  }
}

/** What was done is done: that it is not anchored yet is said, and the next process sees to it. */
async function anchored(shell: Shell, base: Base): Promise<void> {
  if (!base.anchoring) return
  const { anchorNow } = await import('../app.ts')
  await anchorNow(base).catch((error: unknown) =>
    shell.err(
      `the audit log could not be anchored: ${tame(error instanceof Error ? error.message : 'an unknown surprise')}\n`,
    ),
  )
}

/** A name of a person of the console is theirs alone, at whatever command it is said. */
async function proveActor(base: Base, { acting }: Shell): Promise<void> {
  if (acting === undefined) return
  const { prove } = await import('./prove.ts')
  await prove(base, acting, acting.act)
}

/** The same with the bank at hand. */
export function atBank<T>(shell: Shell, work: (base: Base, rail: Rail) => Promise<T>): Promise<T> {
  return inBase(shell, async base => {
    const { openRail } = await import('../app.ts')
    const rail = await openRail(base)
    try {
      return await work(base, rail)
    } finally {
      rail.close()
    }
  })
}

/** The same with every rail at hand that is configured. */
export function onRails<T>(shell: Shell, work: (base: Base, open: Open) => Promise<T>): Promise<T> {
  return inBase(shell, async base => {
    const { openRails } = await import('../app.ts')
    const open = await openRails(base)
    try {
      return await work(base, open)
    } finally {
      open.close()
    }
  })
}

/** The same with the node and the watch-only account at hand. `binds`: see `openChain`. */
export function onChain<T>(
  shell: Shell,
  work: (base: Base, chain: Chain) => Promise<T>,
  { binds = false } = {},
): Promise<T> {
  return inBase(shell, async base => {
    const { openChain } = await import('../app.ts')
    const chain = await openChain(base, { binds })
    if (!chain)
      throw new BadInput(
        'BITCOIN_RPC_URL is not set, so there is no Bitcoin rail here: .env.example explains each setting',
      )
    try {
      return await work(base, chain)
    } finally {
      chain.rail.close()
    }
  })
}

export const bankIsConfigured = (config: Config) =>
  [config.STARKBANK_PROJECT_ID, config.STARKBANK_WORKSPACE_ID, config.STARKBANK_PRIVATE_KEY_FILE].every(
    value => value !== undefined,
  )

export { operator }
