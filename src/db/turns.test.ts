/**
 * Two processes on one SQLite file, as while one release replaces another: neither keeps the other waiting.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { systemClock, systemRandom } from '../base/clock.ts'
import { openDb, sql } from './db.ts'

const folder = mkdtempSync(join(tmpdir(), 'repasse-turns-'))
afterAll(() => rmSync(folder, { recursive: true }))
const world = { clock: systemClock, random: systemRandom }
const file = join(folder, 'repasse.db')
const url = `sqlite:${file}`

// Commits and begins again in the same breath, as settling a burst does.
const busy = `
  import { systemClock, systemRandom } from ${JSON.stringify(new URL('../base/clock.ts', import.meta.url).href)}
  import { openDb, sql } from ${JSON.stringify(new URL('./db.ts', import.meta.url).href)}
  const db = await openDb(${JSON.stringify(url)}, { clock: systemClock, random: systemRandom })
  for (let done = 0; ; done++) {
    await db.tx(async tx => {
      await tx.one(sql\`select count(*) as count from notes where text = 'absent'\`)
      await tx.run(sql\`insert into notes (text) values ('theirs')\`)
    })
    if (done === 20) console.log('at work')
  }`

test('who commits without a pause leaves a turn to who waits for one', async () => {
  const db = await openDb(url, world)
  await db.script('create table notes (text text not null)')
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', busy],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  try {
    await once(createInterface({ input: child.stdout }), 'line')
    const theirs = async () =>
      Number(
        (await db.one<{ count: bigint }>(sql`select count(*) as count from notes where text = 'theirs'`))!
          .count,
      )
    const [before, turns] = [await theirs(), 40]
    for (let turn = 0; turn < turns; turn++)
      await db.tx(tx => tx.run(sql`insert into notes (text) values ('ours')`))
    // By turns and not by time, so that a slow machine judges alike. It was up to forty when nobody said that
    // he waits, and is one or two.
    const each = ((await theirs()) - before) / turns
    expect(each).toBeGreaterThan(0)
    expect(each).toBeLessThan(10)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'close')
    await db.close()
  }
})

test('who died waiting is forgotten, and nobody’s wish stays behind', async () => {
  const db = await openDb(url, world)
  const mark = `${file}-wanted`
  writeFileSync(mark, '')
  utimesSync(mark, 0, 0)
  await db.tx(tx => tx.run(sql`insert into notes (text) values ('ours')`))
  expect(readdirSync(folder).filter(name => name.endsWith('-wanted'))).toEqual([])
  await db.close()
})
