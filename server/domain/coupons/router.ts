import { router, storeProcedure } from '../../trpc'
import {
  Coupon,
  CouponPage,
  CouponPreview,
  CouponQuery,
  CouponRef,
  CouponTrial,
  CouponUpdate,
  DeletedCoupon,
  NewCoupon,
} from './schema'
import {
  createCoupon,
  deleteCoupon,
  getCoupon,
  listCoupons,
  previewCoupon,
  priceOf,
  toCoupon,
  toCoupons,
  toPreview,
  updateCoupon,
} from './service'

export const couponsRouter = router({
  create: storeProcedure
    .meta({
      tool: 'create_coupon',
      title: 'Create a coupon',
      summary:
        'Makes a code that takes a percentage or a fixed amount off an order, with limits in number, per customer, in time and by amount.',
      scope: 'coupons:write',
      rest: 'POST /v1/coupons',
      status: 201,
    })
    .input(NewCoupon)
    .output(Coupon)
    .mutation(async ({ ctx, input }) => toCoupon(ctx, await createCoupon(ctx, input))),

  list: storeProcedure
    .meta({
      tool: 'list_coupons',
      title: 'List coupons',
      summary: 'Your coupons, newest first, all or those that are switched on or off, with how often each was used.',
      scope: 'coupons:read',
      rest: 'GET /v1/coupons',
    })
    .input(CouponQuery.prefault({}))
    .output(CouponPage)
    .query(async ({ ctx, input }) => {
      const page = await listCoupons(ctx, input)
      return { coupons: await toCoupons(ctx, page.rows), total: page.total, next_cursor: page.nextCursor }
    }),

  get: storeProcedure
    .meta({
      tool: 'get_coupon',
      title: 'Show a coupon',
      summary: 'One coupon by its coup_ id, with how often it was used.',
      scope: 'coupons:read',
      rest: 'GET /v1/coupons/{id}',
    })
    .input(CouponRef)
    .output(Coupon)
    .query(async ({ ctx, input }) => toCoupon(ctx, await getCoupon(ctx, input.id))),

  update: storeProcedure
    .meta({
      tool: 'update_coupon',
      title: 'Change a coupon',
      summary:
        'Changes the limits or the description of a coupon, or switches it off and on. Its code and discount stay; orders that have it keep their price.',
      scope: 'coupons:write',
      rest: 'PATCH /v1/coupons/{id}',
      idempotent: true,
    })
    .input(CouponUpdate)
    .output(Coupon)
    .mutation(async ({ ctx, input }) => toCoupon(ctx, await updateCoupon(ctx, input))),

  delete: storeProcedure
    .meta({
      tool: 'delete_coupon',
      title: 'Delete a coupon',
      summary:
        'Deletes a coupon for good. Orders that have it keep its code and their discount. To stop it for a while, use update_coupon.',
      scope: 'coupons:write',
      rest: 'DELETE /v1/coupons/{id}',
      destructive: true,
    })
    .input(CouponRef)
    .output(DeletedCoupon)
    .mutation(async ({ ctx, input }) => {
      await deleteCoupon(ctx, input.id)
      return { id: input.id, deleted: true as const }
    }),

  preview: storeProcedure
    .meta({
      tool: 'preview_coupon',
      title: 'Try a coupon',
      summary:
        'Says what a coupon would take off an amount, a product or a variant, or why it does not apply. Nothing is used up by it.',
      scope: 'coupons:read',
      rest: 'GET /v1/coupon_preview',
    })
    .input(CouponTrial)
    .output(CouponPreview)
    .query(async ({ ctx, input }) => {
      const { code, customer_email: email = null } = input
      // A test key sees test data only.
      const previewed = await previewCoupon(ctx, { code, price: await priceOf(ctx, input), email, ownMode: true })
      return toPreview(ctx, code, previewed)
    }),
})
