/** Newest first. */
export function listOf(found: object[], limit = 10, url = ''): object {
  return { object: 'list', data: found.reverse().slice(0, limit), has_more: found.length > limit, url }
}
