import type { Operation } from '../../operations'
import { inQuery } from '../adapter'
import { type JsonSchema, sampleOf, toJsonSchema } from '../json-schema'

/** One group of operations: what each needs, where it is, and a call to copy. */
export function Reference(props: { publicUrl: string; group: string; operations: readonly Operation[] }) {
  const { publicUrl, group, operations } = props
  return (
    <section aria-labelledby={`group-${group}`}>
      <h2 class="group" id={`group-${group}`}>
        {group}
      </h2>
      {operations.map((operation) => (
        <Entry publicUrl={publicUrl} operation={operation} />
      ))}
    </section>
  )
}

function Entry({ publicUrl, operation }: { publicUrl: string; operation: Operation }) {
  const { meta, path, rest } = operation
  const input = toJsonSchema(operation.input, 'input')
  const answer = sampleOf(toJsonSchema(operation.output, 'output'), true)
  return (
    <article id={path}>
      <h3>
        <a href={`#${path}`}>{meta.title}</a>
      </h3>
      <p class="route">
        <span class={`method ${rest.method}`}>{rest.method}</span>
        <code>{rest.path}</code>
      </p>
      <p>{meta.summary}</p>
      <dl class="doors">
        <dt>MCP tool</dt>
        <dd>
          <code>{meta.tool}</code>
        </dd>
        <dt>tRPC</dt>
        <dd>
          <code>
            {path}.{operation.kind === 'query' ? 'query' : 'mutate'}
          </code>
        </dd>
        <dt>Scope</dt>
        <dd>
          <Scope scope={meta.scope} />
        </dd>
      </dl>
      <Fields schema={input} />
      <pre tabindex={0}>
        <code>{sampleCurl(publicUrl, operation, input)}</code>
      </pre>
      <details>
        <summary>Answer ({meta.status ?? 200})</summary>
        <pre tabindex={0}>
          <code>{JSON.stringify(answer, null, 2)}</code>
        </pre>
      </details>
    </article>
  )
}

function Scope({ scope }: { scope: string }) {
  if (scope === 'public') return <>none, anybody may call it</>
  if (scope === 'operator') return <>the operator's key</>
  return <code>{scope}</code>
}

function Fields({ schema }: { schema: JsonSchema }) {
  const fields = Object.entries(schema.properties ?? {})
  if (fields.length === 0) return <p>Takes no input.</p>
  return (
    <div class="scroll" tabindex={0}>
      <table class="fields">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Type</th>
            <th scope="col">Meaning</th>
          </tr>
        </thead>
        <tbody>
          {fields.map(([name, field]) => (
            <tr>
              <td>
                <code>{name}</code> {schema.required?.includes(name) ? <span class="required">required</span> : null}
              </td>
              <td>
                <span class="type">{typeText(field)}</span>
              </td>
              <td>{meaning(field)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function typeText(schema: JsonSchema): string {
  const variants = schema.anyOf ?? schema.oneOf
  if (variants) return variants.map(typeText).join(' or ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.join(' | ')
  if (schema.type === 'array') return `list of ${schema.items ? typeText(schema.items) : 'values'}`
  return schema.format ? `${schema.type} (${schema.format})` : (schema.type ?? 'any')
}

function meaning(schema: JsonSchema): string {
  const inner = schema.anyOf?.find((variant) => variant.description)?.description
  const words = schema.description ?? inner ?? ''
  if (schema.default === undefined) return words
  const preset = `Default: ${typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default)}`
  return words ? `${words}. ${preset}` : preset
}

/** A call that can be pasted into a shell once the key is set. */
function sampleCurl(publicUrl: string, { meta, rest }: Operation, input: JsonSchema): string {
  const sample = sampleOf(input) as Record<string, unknown>
  const url = `${publicUrl}${rest.path.replace(/\{(\w+)\}/g, (_, name: string) => String(sample[name]))}`
  const others = Object.entries(sample).filter(([name]) => !rest.params.includes(name))
  const needed = inQuery(rest.method) ? others.filter(([name]) => input.required?.includes(name)) : others
  const query = inQuery(rest.method) ? new URLSearchParams(needed.map(([name, value]) => [name, String(value)])) : ''
  const lines = [`curl ${rest.method === 'GET' ? '' : `-X ${rest.method} `}"${url}${String(query) && `?${query}`}"`]
  if (meta.scope !== 'public') {
    lines.push(`-H "Authorization: Bearer $${meta.scope === 'operator' ? 'PAYHOOK_ADMIN_KEY' : 'PAYHOOK_API_KEY'}"`)
  }
  if (!inQuery(rest.method) && needed.length > 0) {
    const body = JSON.stringify(Object.fromEntries(needed)).replaceAll("'", "'\\''")
    lines.push(`-H "Content-Type: application/json"`, `-d '${body}'`)
  }
  return lines.join(' \\\n  ')
}
