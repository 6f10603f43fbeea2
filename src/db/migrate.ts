/**
 * Migrations: numbered scripts applied once, in order, each remembered with its digest; an unknown version
 * stops the program.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { BadInput } from '../base/answer.ts'
import { projectFile } from '../base/place.ts'
import { instant, type Clock } from '../base/world.ts'
import { sql, type Db } from './db.ts'

const folder = projectFile('migrations/')

export interface Migration {
  name: string
  text: string
  digest: string
}

export function migrations(): Migration[] {
  return readdirSync(folder)
    .filter(name => /^\d{4}-[a-z-]+\.sql$/.test(name))
    .sort()
    .map(name => {
      const text = readFileSync(new URL(name, folder), 'utf8')
      return { name, text, digest: createHash('sha256').update(text).digest('hex') }
    })
}

/**
 * Which migrations a database has and lacks. Throws `BadInput` when it has one this program does not know.
 */
export async function pending(db: Db, known = migrations()): Promise<Migration[]> {
  const applied = await appliedTo(db)
  for (const { name, digest } of applied) {
    const ours = known.find(migration => migration.name === name)
    if (!ours)
      throw new BadInput(
        `the database has migration ${name}, which this version of repasse does not know: run the version that made it, or a newer one`,
      )
    if (ours.digest !== digest)
      throw new BadInput(
        `migration ${name} in the database differs from the one shipped: restore the file, or the database it belongs to`,
      )
  }
  return known.filter(({ name }) => !applied.some(row => row.name === name))
}

/**
 * Applies what is pending and answers its names. A script that fails leaves nothing of itself; those before
 * it stay.
 */
export async function migrate(db: Db, clock: Clock, known = migrations()): Promise<string[]> {
  const lacking = await pending(db, known)
  const applied: string[] = []
  for (const { name, text, digest } of lacking) {
    const body = db.engine === 'sqlite' ? forSqlite(text) : forPostgres(text)
    // Digest and name are ours and plain. The row comes first and rides in the same script: both are there or
    // neither is, and of two processes that bring up one database the second fails at its key, before
    // anything else.
    const row = `insert into migrations values ('${name}', '${digest}', '${instant(clock.now())}');`
    try {
      await db.script(`${registry}; ${row} ${body}`)
      applied.push(name)
    } catch (error) {
      if ((await pending(db, known)).some(other => other.name === name)) throw error
    }
  }
  return applied
}

const registry =
  'create table if not exists migrations (name text primary key, digest text not null, applied_at text not null)'

async function appliedTo(db: Db): Promise<{ name: string; digest: string }[]> {
  const there =
    db.engine === 'sqlite'
      ? sql`select name from sqlite_master where name = 'migrations'`
      : sql`select 1 as name from pg_tables where schemaname = current_schema() and tablename = 'migrations'`
  return (await db.one(there)) ? db.all(sql`select name, digest from migrations order by name`) : []
}

const section = (text: string, engine: 'sqlite' | 'postgres', other: 'sqlite' | 'postgres') =>
  text
    .replace(new RegExp(`-- @${other}\n[^]*?(?=-- @)`, 'g'), '')
    .replace(new RegExp(`-- @(${engine}|end)\n`, 'g'), '')

const forPostgres = (text: string) => section(text, 'postgres', 'sqlite')
const forSqlite = (text: string) =>
  section(text, 'sqlite', 'postgres')
    .replace(/\bbigint generated always as identity primary key\b/g, 'integer primary key autoincrement')
    .replace(/\bbigint\b/g, 'integer')
    .replace(/\bbytea\b/g, 'blob')
    .replace(/^\);/gm, ') strict;')
