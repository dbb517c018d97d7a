import { Layout, type StoreFace, StoreMark, TestBadge, type Told, type Visit } from './layout'

export type Action = { label: string; href: string; isNewTab?: boolean }

/** A page that says one thing, and what to do next. */
export type StateProps = {
  visit: Visit
  title: string
  text: string
  store?: StoreFace | undefined
  isTest?: boolean
  /** One by one, after the text. */
  points?: readonly string[]
  action?: Action | undefined
  second?: Action | undefined
  refreshSeconds?: number
  goTo?: string | undefined
  told?: Told | null
}

export function StatePage({
  visit,
  title,
  text,
  store,
  isTest = false,
  points = [],
  action,
  second,
  refreshSeconds = 0,
  goTo,
  told = null,
}: StateProps) {
  return (
    <Layout visit={visit} title={title} store={store} refreshSeconds={refreshSeconds} goTo={goTo} told={told}>
      <main class="single">
        <div class="panel">
          {store ? (
            <header class="store">
              <StoreMark store={store} />
              <bdi class="store-name">{store.name}</bdi>
              <TestBadge visit={visit} isTest={isTest} />
            </header>
          ) : null}
          <div class="outcome-block" role={refreshSeconds ? 'status' : undefined}>
            {refreshSeconds ? <span class="spinner" aria-hidden="true" /> : null}
            <h1>{title}</h1>
            <p class="lead">{text}</p>
            {points.length > 0 ? (
              <ul class="points">
                {points.map((point) => (
                  <li>{point}</li>
                ))}
              </ul>
            ) : null}
          </div>
          {action ? (
            <div class="actions">
              <a
                class="primary"
                href={action.href}
                target={action.isNewTab ? '_blank' : undefined}
                rel={action.isNewTab ? 'noopener' : undefined}
              >
                {action.label}
              </a>
              {second ? (
                <a class="secondary" href={second.href}>
                  {second.label}
                </a>
              ) : null}
            </div>
          ) : null}
        </div>
      </main>
    </Layout>
  )
}
