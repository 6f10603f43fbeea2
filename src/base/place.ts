/** Where the program's own files are, from the source as from what it is compiled into. */
import { extname } from 'node:path'

// This file is in src/base, or compiled in dist/chunks.
const here = new URL('../', import.meta.url)

/** `src/` or `dist/`: styles and what browsers run. */
export const programFile = (path: string): URL => new URL(path, here)
/** A module that is started by its name, as a thread is: `path` without its ending. */
export const programModule = (path: string): URL => programFile(`${path}${extname(import.meta.filename)}`)
/** What stands beside src and dist. */
export const projectFile = (path: string): URL => new URL(`../${path}`, here)
