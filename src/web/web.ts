/** The web: the server that takes the providers' events, the pages, and how things stand. */
export { serveWeb, type Web } from './server.ts'
export { pages } from './pages.ts'
export type { PageParts, PageSettings } from './context.ts'
export { readiness, status, type Status } from '../queries/status.ts'
export { type ChainStatus } from '../queries/chainStatus.ts'
