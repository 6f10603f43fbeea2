/** The program: reads the environment, and does what the command line asks. The only file that knows `process.env`. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { config as readDotenv } from 'dotenv'
import { runCli } from './cli/cli.ts'

// `.env` of the current folder, else of the project; the environment wins over the file.
const own = fileURLToPath(new URL('../.env', import.meta.url))
const file = existsSync('.env') ? '.env' : existsSync(own) ? own : undefined
if (file) readDotenv({ path: file, quiet: true })

process.exitCode = await runCli(process.argv, process.env)
