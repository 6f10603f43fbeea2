/** The program: reads the environment, and does what the command line asks. The only file that knows `process.env`. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { config as readDotenv } from 'dotenv'
import { runCli } from './cli/cli.ts'

// `.env` of the current folder, else of the project; the environment wins over the file.
const own = fileURLToPath(new URL('../.env', import.meta.url))
const file = existsSync('.env') ? '.env' : existsSync(own) ? own : undefined
const chosen = process.env['DATABASE_URL']
if (file) readDotenv({ path: file, quiet: true })
// Settings found at the project's root name a database there, wherever the command is given: another folder must not get empty books.
if (file === own && chosen === undefined) process.env['DATABASE_URL'] = fromRoot(process.env['DATABASE_URL'] || 'sqlite:data/repasse.db')

process.exitCode = await runCli(process.argv, process.env)

function fromRoot(url: string): string {
  const path = /^sqlite:(?!:|\/)(.+)$/.exec(url)?.[1]
  return path === undefined ? url : `sqlite:${join(dirname(own), path)}`
}
