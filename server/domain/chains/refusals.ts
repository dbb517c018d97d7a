import type { Deps } from '../../context'
import type { NetworkName } from '../../kernel/networks'

/**
 * Looks whether the nodes are those of their networks, with the tokens' decimals that our facts name; a network whose nodes all
 * aren't takes no live payments. Nodes that can't be reached are asked again with the next run, and hold nothing up meanwhile.
 */
export async function checkNetworks(deps: Deps): Promise<boolean> {
  for (const name of Object.keys(deps.networks) as NetworkName[]) {
    const refusal = (await deps.networks[name]?.refusal()) ?? null
    const before = deps.chainMonitor.refusalOf(name)
    deps.chainMonitor.note(name, { refusal })
    if (refusal === before) continue
    if (refusal !== null) deps.log.error({ network: name, reason: refusal }, 'live payments on this network are off')
    else deps.log.info({ network: name }, 'live payments on this network are on again')
  }
  return false
}
