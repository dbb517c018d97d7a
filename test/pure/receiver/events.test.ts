import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { renderEventTypes } from '../../support/event-types'

const file = fileURLToPath(new URL('../../../server/receiver/events.ts', import.meta.url))

test('the types that receivers get are those of the catalogue; -u writes them again', () =>
  expect(renderEventTypes()).toMatchFileSnapshot(file))
