/**
 * The simulated node as a program: `node sim/chain/main.ts --port 18443 --cookie-file FILE` prints one JSON
 * line when it is ready.
 */
import { seededRandom, systemClock, systemRandom } from '../../src/base/clock.ts'
import { readFlags } from '../flags.ts'
import { startNode } from './server.ts'
import { chainFaults, noChainFaults, type ChainFaults, type ChainName } from './settings.ts'

const values = readFlags({
  options: {
    port: { type: 'string', default: '18443' },
    host: { type: 'string', default: '127.0.0.1' },
    'cookie-file': { type: 'string' },
    network: { type: 'string', default: 'regtest' },
    premined: { type: 'string', default: '110' },
    'fee-rate': { type: 'string' },
    'block-seconds': { type: 'string' },
    faults: { type: 'string', default: '{}' },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  process.stdout
    .write(`The simulated Bitcoin node: regtest in memory, Bitcoin Core's JSON-RPC. It listens on --host (127.0.0.1) and --port (18443, 0 for any)
and leaves its cookie in --cookie-file, or in a folder of its own.
  --network regtest              what it says it is: main, testnet4, signet or regtest
  --premined 110                 blocks mined to the payer at the start
  --fee-rate 5000                satoshis for a thousand virtual bytes, as estimatesmartfee answers; else it has seen too little
  --block-seconds 10             mines by itself so often
  --faults '{"loseAnswer":0.1}'  any of ${chainFaults.join(' ')} slowMs only
  --seed 7                       the same keys and faults each time
By hand, with JSON: GET /sim/state; POST /sim/ mine {"blocks"} pay {"address","units","feeRate"} bump {"txid"} take-back {"txid"}
  double-spend {"txid"} evict {"txid"} reorg {"depth","leaveOut","forget","doubleSpend"} down up {"warmupMs"} lag {"blocks"}
  settings {"prunedBelow","network","feeRate","mempoolMinimum","answerMs"} faults {…} fail-next {"fault","only","times"}
`)
  process.exit(0)
}

function wrong(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

function number(flag: 'port' | 'premined' | 'fee-rate' | 'block-seconds' | 'seed'): number | undefined {
  const text = values[flag]
  if (text === undefined) return undefined
  return /^\d+$/.test(text) ? Number(text) : wrong(`--${flag} must be an integer, 0 or more, not ${text}`)
}

function network(): ChainName {
  const names: ChainName[] = ['main', 'testnet4', 'signet', 'regtest']
  return (
    names.find(name => name === values.network) ??
    wrong(`--network must be one of ${names.join(', ')}, not ${values.network}`)
  )
}

function faults(): Partial<ChainFaults> {
  try {
    const given = JSON.parse(values.faults) as Partial<ChainFaults>
    for (const name in given) if (!(name in noChainFaults)) wrong(`--faults knows no ${name}`)
    return given
  } catch {
    return wrong(`--faults must be JSON, not ${values.faults}`)
  }
}

const seed = number('seed')
const feeRate = number('fee-rate')
const blockSeconds = number('block-seconds')
const node = await startNode({
  port: number('port') ?? 0,
  host: values.host,
  cookieFile: values['cookie-file'],
  random: seed === undefined ? systemRandom : seededRandom(seed),
  settings: {
    network: network(),
    premined: number('premined') ?? 0,
    feeRate: feeRate === undefined ? undefined : BigInt(feeRate),
  },
  faults: faults(),
})
process.stdout.write(
  `${JSON.stringify({ url: node.url, cookieFile: node.cookieFile, payer: node.chain.payer.address })}\n`,
)

const ending = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    ending.abort()
    void node.close().then(() => process.exit(0))
  })
}
while (blockSeconds && !ending.signal.aborted) {
  await systemClock.sleep(blockSeconds * 1_000, ending.signal)
  if (!ending.signal.aborted) node.chain.mine()
}
