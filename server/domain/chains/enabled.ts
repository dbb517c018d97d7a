import type { Deps } from '../../context'
import { AppError } from '../../kernel/errors'
import { NETWORK_FACTS, type NetworkName } from '../../kernel/networks'
import type { Network } from '../../ports/network'

/** Throws network_not_enabled: for the operator, who can change that. */
export function enabledNetwork({ networks }: Deps, name: NetworkName): Network {
  const network = networks[name]
  if (network) return network
  throw new AppError('network_not_enabled', `${NETWORK_FACTS[name].title} is not enabled on this server.`, {
    field: 'network',
    hint: `Set ${name.toUpperCase()}_RPC_URLS.`,
  })
}
