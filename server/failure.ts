import { ConfigError } from './config'
import { FolderInUseError } from './db/lock'
import { ForeignSchemaError } from './db/migrate'
import { ListenError } from './event-feed'
import { AppError } from './kernel/errors'

/** What the line may name: where the process wanted to listen and keep its data. */
export type Intent = { port: number; host: string; dataDir: string; databaseUrl: string | undefined }

/**
 * One line that says what stopped the start and what to do about it, or undefined for a failure that nobody foresaw, of which
 * only a stack helps. `intent` is undefined while the environment itself isn't understood.
 */
export function explainFailure(error: unknown, intent: Intent | undefined): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ([ConfigError, FolderInUseError, AppError, ListenError].some((known) => cause instanceof known))
      return cause.message
    if (cause instanceof ForeignSchemaError) return intent && explainForeign(intent)
    const code = 'code' in cause ? String(cause.code) : ''
    const line = intent && (isListening(cause) ? explainListening(code, intent) : explainDatabase(code, cause, intent))
    if (line) return line
  }
  return undefined
}

function isListening(error: Error): boolean {
  return 'syscall' in error && error.syscall === 'listen'
}

function explainListening(code: string, { port, host }: Intent): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken, perhaps by a Payhook that is running already. Stop that program, or set PORT to another port: PORT=${port === 3000 ? 3001 : 3000} npm start`
    case 'EACCES':
      return `This user may not listen on port ${port}. Set PORT to one above 1023: PORT=3000 npm start`
    default:
      return `This process can't listen on ${host} (${code}). Set HOST to an address of this machine: 127.0.0.1 for itself only, 0.0.0.0 for all.`
  }
}

function explainDatabase(code: string, error: Error, { databaseUrl, dataDir }: Intent): string | undefined {
  return databaseUrl === undefined ? explainFolder(code, dataDir) : explainPostgres(code, error, databaseUrl)
}

function explainForeign({ databaseUrl, dataDir }: Intent): string {
  const [what, where] =
    databaseUrl === undefined
      ? [`The data folder ${dataDir}`, 'PAYHOOK_DATA_DIR to another folder']
      : [`The database ${new URL(databaseUrl).pathname.slice(1)}`, 'DATABASE_URL to another, empty one']
  return `${what} was made by a version of Payhook whose tables differ from this one's. Run that version, or set ${where} to start anew.`
}

function explainFolder(code: string, dataDir: string): string | undefined {
  switch (code) {
    case 'EACCES':
    case 'ENOENT':
    case 'EPERM':
    case 'EROFS':
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_READONLY':
      return `The data folder ${dataDir} can't be made or written to. Change its permissions, or set PAYHOOK_DATA_DIR to another folder.`
    case 'EEXIST':
    case 'ENOTDIR':
      return `The data folder ${dataDir} is a file or lies below one. Set PAYHOOK_DATA_DIR to a folder.`
    case 'ENOSPC':
      return `There is no space left for the data folder ${dataDir}. Free some, or set PAYHOOK_DATA_DIR to another disk.`
    default:
      return undefined
  }
}

function explainPostgres(code: string, error: Error, databaseUrl: string): string | undefined {
  const { hostname, port, username, pathname } = new URL(databaseUrl)
  const server = `PostgreSQL at ${hostname}:${port || 5432}`
  switch (code) {
    case 'ECONNREFUSED':
    case 'ECONNRESET':
    case 'ENOTFOUND':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'CONNECT_TIMEOUT':
    case 'CONNECTION_CLOSED':
    case 'FailedToOpenSocket':
    case '57P03':
      return `${server} can't be reached. Start it, or correct DATABASE_URL, or unset it to use the built-in database.`
    case '28P01':
    case '28000':
      return `${server} refused the user ${username || '(none)'}. Correct the user and password in DATABASE_URL.`
    case '3D000':
      return `${server} has no database ${pathname.slice(1)}. Create it, or correct DATABASE_URL.`
    case '42501':
      return `${server}: the user ${username} may not create tables in ${pathname.slice(1)} (${error.message}).`
    case '53300':
      return `${server} has no connection left. Raise its max_connections, or stop a process that uses it.`
    default:
      return undefined
  }
}
