/** The chain as this installation knows it: its addresses, the blocks it has read, and its coins. */
export {
  coinMachine,
  coinsOf,
  depthOf,
  leftOf,
  ripeDepthOf,
  tipOf,
  type BlockRow,
  type CoinRow,
  type CoinState,
} from './row.ts'
export {
  holdNext,
  listAddresses,
  lookAhead,
  nextOf,
  nextNumbers,
  passOver,
  prepareScripts,
  takeAddress,
  type Address,
  type NextNumbers,
  type ScriptRow,
} from './addresses.ts'
export { connectBlock, disconnectBlock, missWaiting, noteWaiting, type News, type RateAt } from './blocks.ts'
export { holdTurn, newWatching, refresh, takeTurn, turnOf, type Watching } from './watching.ts'
export { chainLookedAt, isJustLookedAt, keepLookedAt } from './lookedAt.ts'
export { chainTrouble, setTrouble } from './trouble.ts'
export { keepNodeHeight, nodeHeight } from './nodeHeight.ts'
export { enterBelow, firstRead, rereadBlock } from './rescan.ts'
