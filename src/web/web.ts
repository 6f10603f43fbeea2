/** The web: the server that takes the providers' events, and how things stand. */
export { serveWeb, type Web } from './server.ts'
export { readiness, status, type Status } from './status.ts'
export { type ChainStatus } from './chainStatus.ts'
