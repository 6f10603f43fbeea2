/**
 * A real Bitcoin node: a bitcoind on a regtest chain of its own, in a folder that goes when the process that
 * started it does.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { RpcFault } from './chain/refusal.ts'
import { freePort } from './port.ts'

export { freePort, RpcFault }

export interface Bitcoind {
  /** `http://127.0.0.1:PORT`, without credentials: those are in the cookie file. */
  url: string
  /** Holds `user:password`, new at every start. */
  cookieFile: string
  /** The node's own folder (`-datadir`). */
  folder: string
  port: number
  /**
   * Asks the node, or its wallet of that name; throws `RpcFault` on an error of the node. Amounts come as
   * floats.
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- who asks knows for what
  rpc<T = any>(method: string, params?: unknown[], wallet?: string): Promise<T>
  /**
   * Mines to `address`, or where nobody can spend it; answers the blocks' hashes. No two blocks are alike,
   * whatever was invalidated.
   */
  mine(blocks: number, address?: string): Promise<string[]>
  /** Ends it as its operator would. The folder stays for `start`, and goes with this process. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Again after `stop` or `kill`: same folder, same port. */
  start(): Promise<void>
  /** Ends it for good; its folder is gone with it. */
  end(): Promise<void>
}

export interface BitcoindOptions {
  /** More flags; what is named twice, the last one decides (`-txindex=0`, `-prune=1`). */
  extra?: string[]
}

/** The program: BITCOIND, else what `./dev-utils.sh` brought into .tools/, else the first in PATH. */
export function findBitcoind(): string | undefined {
  const named = process.env['BITCOIND']
  if (named) return named
  const brought = resolve(import.meta.dirname, '../.tools/bitcoind/bin/bitcoind')
  const inPath = (process.env['PATH'] ?? '').split(delimiter).map(folder => join(folder, 'bitcoind'))
  return [brought, ...inPath].find(file => existsSync(file))
}

/**
 * Starts one with an empty chain and no wallet on a free port of 127.0.0.1. It ends with this process,
 * however that ends.
 */
export async function startBitcoind({ extra = [] }: BitcoindOptions = {}): Promise<Bitcoind> {
  const program = findBitcoind()
  if (!program)
    throw new Error(
      'no bitcoind here: `./dev-utils.sh test` or `demo` brings one on Debian; elsewhere name one in BITCOIND or PATH',
    )

  const home = mkdtempSync(join(tmpdir(), 'repasse-bitcoind-'))
  // In the file an unknown setting is only warned of: this one is Knots' alone, which else refuses to start a
  // year after its release.
  writeFileSync(join(home, 'bitcoin.conf'), 'softwareexpiry=0\n')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const cookieFile = join(home, 'regtest/.cookie')
  const leash = leashed(home, [program, `-datadir=${home}`, `-rpcport=${port}`, ...flags, ...extra])

  const rpc: Bitcoind['rpc'] = async (method, params = [], wallet) => {
    const answer = await fetch(wallet === undefined ? url : `${url}/wallet/${encodeURIComponent(wallet)}`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(readFileSync(cookieFile, 'utf8')).toString('base64')}` },
      body: JSON.stringify({ id: 0, method, params }),
    })
    const text = await answer.text()
    if (text === '') throw new Error(`bitcoind answered ${method} with ${answer.status} and nothing`)
    const { result, error } = JSON.parse(text)
    if (error) throw new RpcFault(error.code, `${method}: ${error.message}`)
    return result
  }

  const start = async (): Promise<void> => {
    await leash.tell('start')
    for (let tries = 0; tries < 600; tries++) {
      const up = await rpc('getblockcount').then(
        () => true,
        () => false,
      )
      if (up) return
      // Its own last word, or the shell's where it cannot be run.
      // It writes "Error: " and what is wrong one after the other.
      if (/^Error: \S|: not found$|Permission denied$/m.test(leash.said())) break
      await sleep(25)
    }
    await leash.tell('kill')
    throw new Error(`bitcoind did not start: ${leash.said() || 'it said nothing'}`)
  }

  try {
    await start()
  } catch (fault) {
    await leash.end()
    rmSync(home, { recursive: true, force: true })
    throw fault
  }
  return {
    url,
    cookieFile,
    folder: home,
    port,
    rpc,
    mine: (blocks, address) =>
      address === undefined
        ? rpc('generatetodescriptor', [blocks, `raw(6a08${randomBytes(8).toString('hex')})`])
        : rpc('generatetoaddress', [blocks, address]),
    stop: () => leash.tell('stop'),
    kill: () => leash.tell('kill'),
    start,
    async end() {
      await leash.tell('stop')
      await leash.end()
    },
  }
}

const flags = [
  '-regtest',
  '-listen=0',
  '-dnsseed=0',
  '-discover=0',
  '-fallbackfee=0.0001',
  '-addresstype=bech32',
  '-changetype=bech32',
  '-txindex=1',
  '-printtoconsole=0',
]

// The shell reads its orders from a pipe of ours: when we are gone, killed or not, it ends, and the node and
// its folder go with it. A Ctrl-C reaches it too, and must not end it before it has tidied up.
const orders = `
trap '' INT TERM HUP
home=$1; shift
while read -r order; do
  case $order in
    start) "$@" </dev/null >/dev/null & server=$! ;;
    stop) kill -TERM $server 2>/dev/null; wait $server 2>/dev/null ;;
    kill) kill -KILL $server 2>/dev/null; wait $server 2>/dev/null ;;
  esac
  echo "$order"
done
kill -KILL $server 2>/dev/null; wait $server 2>/dev/null
rm -rf "$home"`

type Order = 'start' | 'stop' | 'kill'
interface Leash {
  /** Resolves once it is obeyed: a started node may still be loading. */
  tell(order: Order): Promise<void>
  /** What the node said on stderr, its last 4 000 characters. */
  said(): string
  /** Resolves once the node and its folder are gone. */
  end(): Promise<void>
}

/** By which a run of the tests finds what it left behind. */
const run = process.env['REPASSE_TEST_RUN']
const ofRun = run === undefined ? {} : { REPASSE_TEST_RUN: run }

function leashed(home: string, command: string[]): Leash {
  const shell = spawn('/bin/sh', ['-c', orders, 'leash', home, ...command], {
    cwd: '/',
    // Some versions make ~/.bitcoin whatever the folder they are given.
    env: { PATH: process.env['PATH'], HOME: home, LC_ALL: 'C', TZ: 'UTC', ...ofRun },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  shell.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)))
  const obeyed: (() => void)[] = []
  createInterface({ input: shell.stdout }).on('line', () => obeyed.shift()?.())
  // Neither the process nor its pipes may keep a test run alive that has nothing else to do.
  shell.unref()
  for (const pipe of [shell.stdin, shell.stderr, shell.stdout]) (pipe as unknown as { unref(): void }).unref()

  return {
    tell: order =>
      new Promise((done, failed) => {
        // While we wait for it, it does keep us alive.
        const pipe = shell.stdout as unknown as { ref(): void; unref(): void }
        pipe.ref()
        shell.once('error', failed)
        obeyed.push(() => {
          pipe.unref()
          shell.off('error', failed)
          done()
        })
        shell.stdin.write(`${order}\n`)
      }),
    said: () => said,
    end: () =>
      new Promise(gone => {
        shell.ref()
        shell.once('close', () => gone())
        shell.once('error', () => gone())
        shell.stdin.end()
      }),
  }
}
