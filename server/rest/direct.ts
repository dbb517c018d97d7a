import type { Deps } from '../context'
import { patternOf, type Route, type Surface, serve } from './adapter'
import { MAX_BODY_BYTES, MAX_URL_LENGTH, newRequestId, type Origin } from './request'

type Leaf = { surface: Surface; route: Route; pattern: string; names: readonly string[] }
type Node = { named: Map<string, Node>; any?: Node; leaves: Map<string, Leaf> }
type Found = Leaf & { params: Record<string, string> }

/** Answers a plain call of an operation; undefined for everything else. */
export type DirectDoor = (request: Request, origin: Origin) => Promise<Response> | undefined

/**
 * Calls that are nothing but the call of an operation with a key are answered without Hono, whose search through all paths,
 * context and middleware were a tenth of such a request. Hono has the same routes: what is unusual in any way is left to it, and
 * so is every refusal that comes before an operation.
 */
export function createDirectDoor(deps: Deps, surfaces: readonly Surface[]): DirectDoor {
  const find = createRouteFinder(surfaces)
  const answer = async (request: Request, origin: Origin, { surface, route, pattern, params }: Found) => {
    const started = performance.now()
    const id = newRequestId()
    const arrival = {
      id,
      raw: request,
      params,
      get address() {
        return origin.address
      },
    }
    const response = await serve(arrival, deps, surface, route)
    response.headers.set('X-Request-Id', id)
    deps.metrics.countRequest(request.method, pattern, response.status, (performance.now() - started) / 1_000)
    return response
  }
  return (request, origin) => {
    const found = isOfKnownSize(request) ? find(request.method, pathOf(request.url)) : undefined
    return found && answer(request, origin, found)
  }
}

function isOfKnownSize({ url, method, headers }: Request): boolean {
  if (url.length > MAX_URL_LENGTH) return false
  if (method === 'GET') return true
  const stated = headers.get('content-length')
  return stated !== null && Number(stated) <= MAX_BODY_BYTES && !headers.has('transfer-encoding')
}

function pathOf(url: string): string {
  const from = url.indexOf('/', url.indexOf('//') + 2)
  const to = url.indexOf('?', from)
  return to < 0 ? url.slice(from) : url.slice(from, to)
}

/** None of a path with an escape or an empty part, and none that needs no key. A slash at the end is one too many, as for Hono. */
function createRouteFinder(surfaces: readonly Surface[]): (method: string, path: string) => Found | undefined {
  const root = newNode()
  for (const surface of surfaces) for (const route of surface.routes) addRoute(root, surface, route)
  return (method, path) => {
    if (path.includes('%')) return undefined
    let node: Node = root
    const given: string[] = []
    for (const part of partsOf(path.endsWith('/') ? path.slice(0, -1) : path)) {
      const named = node.named.get(part)
      if (!named) given.push(part)
      const next = named ?? node.any
      // A name where another route takes anything: which of the two it is, is for Hono to say.
      if (!next || part === '' || (named && node.any)) return undefined
      node = next
    }
    const leaf = node.leaves.get(method)
    if (!leaf) return undefined
    const params: Record<string, string> = {}
    for (const [index, name] of leaf.names.entries()) params[name] = given[index] ?? ''
    return { ...leaf, params }
  }
}

function newNode(): Node {
  return { named: new Map(), leaves: new Map() }
}

function addRoute(root: Node, surface: Surface, route: Route): void {
  // What needs no key is for browsers too, which ask for CORS.
  if (route.operation.meta.scope === 'public') return
  let node = root
  const names: string[] = []
  for (const part of partsOf(route.path)) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1]
    if (name === undefined) {
      const next = node.named.get(part) ?? newNode()
      node.named.set(part, next)
      node = next
    } else {
      names.push(name)
      node.any ??= newNode()
      node = node.any
    }
  }
  // Of two the first one counts, as it does for Hono.
  if (!node.leaves.has(route.method))
    node.leaves.set(route.method, { surface, route, names, pattern: patternOf(route) })
}

function partsOf(path: string): string[] {
  return path.slice(1).split('/')
}
