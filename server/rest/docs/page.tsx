import type { Operation } from '../../operations'
import { GUIDES, type GuideFacts, Guides } from './guides'
import { Reference } from './reference'
import { STYLE } from './style'

const LEAD =
  'Sell with one call. Payhook takes the payment, tells your server and keeps the books; an agent uses it through MCP, an app ' +
  'through tRPC, anything else through REST. All three run the same procedures.'

/** The whole documentation on one page: guides by hand, the reference made from the operations. */
export function DocsPage({ operations, ...facts }: GuideFacts & { operations: readonly Operation[] }) {
  const groups = Map.groupBy(operations, (operation) => String(operation.path.split('.')[0]))
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="description" content={LEAD} />
        <title>Payhook documentation</title>
        <link rel="icon" href="data:," />
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <a class="skip" href="#start">
          Skip to the text
        </a>
        <div class="layout">
          <nav aria-label="Contents">
            <a class="brand" href="/docs">
              Payhook
            </a>
            <details>
              <summary>Contents</summary>
              <h2>Guides</h2>
              <Links links={GUIDES.map(({ id, title }) => ({ id, title }))} />
              {[...groups].map(([group, members]) => (
                <>
                  <h2>{group}</h2>
                  <Links links={members.map(({ path, meta }) => ({ id: path, title: meta.title }))} />
                </>
              ))}
              <h2>Machine-readable</h2>
              <ul>
                <li>
                  <a href="/openapi.json">OpenAPI 3.1</a>
                </li>
                <li>
                  <a href="/api/v1/schema/">OpenAPI 3.0</a>
                </li>
                <li>
                  <a href="/docs/api">API explorer</a>
                </li>
              </ul>
            </details>
          </nav>
          <main id="start">
            <h1>Payhook documentation</h1>
            <p class="lead">{LEAD}</p>
            <Guides {...facts} />
            {[...groups].map(([group, members]) => (
              <Reference publicUrl={facts.publicUrl} group={group} operations={members} />
            ))}
          </main>
        </div>
      </body>
    </html>
  )
}

function Links({ links }: { links: readonly { id: string; title: string }[] }) {
  return (
    <ul>
      {links.map(({ id, title }) => (
        <li>
          <a href={`#${id}`}>{title}</a>
        </li>
      ))}
    </ul>
  )
}
