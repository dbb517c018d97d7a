/** The page that tries the API out in the browser. Only this one needs script. */
export function ExplorerPage({ assets }: { assets: string }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Payhook API explorer</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href={`${assets}/swagger-ui.css`} />
      </head>
      <body>
        <noscript>
          <p>
            The explorer needs JavaScript. <a href="/docs">The documentation</a> doesn't.
          </p>
        </noscript>
        <div id="explorer" />
        <script src={`${assets}/swagger-ui-bundle.js`} defer />
        <script src={`${assets}/explorer.js`} defer />
      </body>
    </html>
  )
}

export const EXPLORER_SCRIPT = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#explorer',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
})
`
