/**
 * The program: reads the environment, and does what the command line asks. The only file that knows
 * `process.env`.
 */
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { config as readDotenv } from 'dotenv'
import { projectFile } from './base/place.ts'
import { runCli } from './cli/cli.ts'

// `.env` of the current folder, else of the project; the environment wins over the file.
const own = fileURLToPath(projectFile('.env'))
const file = existsSync('.env') ? '.env' : existsSync(own) ? own : undefined
const before = new Set(Object.keys(process.env))
const inFile = file ? Object.keys(readDotenv({ path: file, quiet: true }).parsed ?? {}) : []
// Settings found at the project's root name files there, wherever the command is given: another folder must
// not get empty books.
if (file === own) {
  if (!before.has('DATABASE_URL') && !process.env['DATABASE_URL_FILE'])
    process.env['DATABASE_URL'] = databaseAt(process.env['DATABASE_URL'] || 'sqlite:data/repasse.db')
  for (const name of Object.keys(process.env).filter(known => known.endsWith('_FILE'))) {
    const path = process.env[name]
    if (path && !before.has(name)) process.env[name] = resolve(dirname(own), path)
  }
}

process.exitCode = await runCli(process.argv, process.env, undefined, inFile)

function databaseAt(url: string): string {
  const path = /^sqlite:(?!:)(.+)$/.exec(url)?.[1]
  return path === undefined ? url : `sqlite:${resolve(dirname(own), path)}`
}
