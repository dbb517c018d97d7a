import { licenseProcedure, router, storeProcedure } from '../../trpc'
import { activateLicense, deactivateLicense, validateLicense } from './activations'
import {
  Activation,
  Deactivation,
  InstanceRef,
  License,
  LicenseCheck,
  LicensePage,
  LicenseQuery,
  LicenseRef,
  LicenseVerdict,
  LicenseWithInstances,
} from './schema'
import {
  getLicense,
  listInstances,
  listLicenses,
  revokeLicense,
  toHeldLicense,
  toInstances,
  toLicense,
} from './service'

export const licensesRouter = router({
  list: storeProcedure
    .meta({
      tool: 'list_licenses',
      title: 'List licences',
      summary: 'The licence keys that payments have issued, newest first, all or those of one product.',
      scope: 'licenses:read',
      rest: 'GET /v1/licenses',
    })
    .input(LicenseQuery.prefault({}))
    .output(LicensePage)
    .query(async ({ ctx, input }) => {
      const page = await listLicenses(ctx, input)
      return { licenses: page.rows.map((row) => toLicense(ctx, row)), next_cursor: page.nextCursor }
    }),

  get: storeProcedure
    .meta({
      tool: 'get_license',
      title: 'Show a licence',
      summary: 'One licence by its id or its key, with the instances where it is active.',
      scope: 'licenses:read',
      rest: 'GET /v1/licenses/{id}',
    })
    .input(LicenseRef)
    .output(LicenseWithInstances)
    .query(async ({ ctx, input }) => {
      const row = await getLicense(ctx, input.id, input.mode)
      return { ...toLicense(ctx, row), instances: toInstances(await listInstances(ctx, row)) }
    }),

  revoke: storeProcedure
    .meta({
      tool: 'revoke_license',
      title: 'Revoke a licence',
      summary: 'Ends a licence key for good, by its id or the key itself. It pays nothing back.',
      scope: 'licenses:write',
      rest: 'POST /v1/licenses/{id}/revoke',
      idempotent: true,
      destructive: true,
    })
    .input(LicenseRef)
    .output(License)
    .mutation(async ({ ctx, input }) => toLicense(ctx, await revokeLicense(ctx, input.id, input.mode))),

  validate: licenseProcedure
    .meta({
      tool: 'validate_license',
      title: 'Validate a licence key',
      summary:
        'Says whether a licence key of your product is valid, and why not. For apps on their users’ machines: needs no API key.',
      scope: 'public',
      rest: 'POST /v1/licenses/validate',
      readOnly: true,
    })
    .input(LicenseCheck)
    .output(LicenseVerdict)
    .mutation(({ ctx, input }) => validateLicense(ctx, input)),

  activate: licenseProcedure
    .meta({
      tool: 'activate_license',
      title: 'Activate a licence key',
      summary:
        'Takes one of a licence key’s places for an instance, up to its activation limit. An instance that is active stays so. Needs no API key.',
      scope: 'public',
      rest: 'POST /v1/licenses/activate',
      idempotent: true,
    })
    .input(InstanceRef)
    .output(Activation)
    .mutation(async ({ ctx, input }) => {
      const { ctx: owner, license, activation } = await activateLicense(ctx, input)
      const { instance, createdAt } = activation
      return { instance, activated_at: createdAt.toISOString(), license: toHeldLicense(owner, license) }
    }),

  deactivate: licenseProcedure
    .meta({
      tool: 'deactivate_license',
      title: 'Deactivate a licence key',
      summary: 'Gives the place of an instance back, so that another can be activated. Needs no API key.',
      scope: 'public',
      rest: 'POST /v1/licenses/deactivate',
      idempotent: true,
    })
    .input(InstanceRef)
    .output(Deactivation)
    .mutation(async ({ ctx, input }) => {
      const { ctx: owner, license, wasActive } = await deactivateLicense(ctx, input)
      return { deactivated: wasActive, license: toHeldLicense(owner, license) }
    }),
})
