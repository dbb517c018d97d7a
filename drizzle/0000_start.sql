CREATE TYPE "public"."address_status" AS ENUM('active', 'disabled', 'removed');--> statement-breakpoint
CREATE TYPE "public"."chain_network" AS ENUM('bsc', 'tron', 'ethereum');--> statement-breakpoint
CREATE TYPE "public"."billing_interval" AS ENUM('monthly', 'yearly');--> statement-breakpoint
CREATE TYPE "public"."billing_plan" AS ENUM('free', 'pro', 'scale');--> statement-breakpoint
CREATE TYPE "public"."unmatched_reason" AS ENUM('no_payment', 'other_coin', 'late', 'dust', 'cancelled');--> statement-breakpoint
CREATE TYPE "public"."connection_status" AS ENUM('not_connected', 'onboarding', 'restricted', 'active', 'deauthorized');--> statement-breakpoint
CREATE TYPE "public"."discount_type" AS ENUM('percentage', 'fixed');--> statement-breakpoint
CREATE TYPE "public"."coin" AS ENUM('usdt', 'usdc', 'busd', 'native');--> statement-breakpoint
CREATE TYPE "public"."crypto_payment_status" AS ENUM('pending', 'confirmed', 'expired', 'cancelled', 'failed');--> statement-breakpoint
CREATE TYPE "public"."order_use" AS ENUM('awaited', 'paid', 'surplus');--> statement-breakpoint
CREATE TYPE "public"."idempotency_status" AS ENUM('in_flight', 'done');--> statement-breakpoint
CREATE TYPE "public"."license_revocation" AS ENUM('order_refunded', 'dispute_lost', 'seller');--> statement-breakpoint
CREATE TYPE "public"."notice_status" AS ENUM('pending', 'done', 'failed');--> statement-breakpoint
CREATE TYPE "public"."dispute_status" AS ENUM('needs_response', 'under_review', 'won', 'lost');--> statement-breakpoint
CREATE TYPE "public"."order_status" AS ENUM('pending', 'completed', 'failed', 'refund_pending', 'refunded');--> statement-breakpoint
CREATE TYPE "public"."payment_method" AS ENUM('card', 'crypto');--> statement-breakpoint
CREATE TYPE "public"."refund_status" AS ENUM('pending', 'succeeded', 'failed');--> statement-breakpoint
CREATE TYPE "public"."attempt_status" AS ENUM('processing', 'requires_action', 'settling', 'succeeded', 'declined', 'void', 'unwanted', 'returned', 'unreturned');--> statement-breakpoint
CREATE TYPE "public"."product_status" AS ENUM('draft', 'active', 'archived');--> statement-breakpoint
CREATE TYPE "public"."email_kind" AS ENUM('receipt', 'refund', 'notice');--> statement-breakpoint
CREATE TYPE "public"."email_status" AS ENUM('queued', 'sent', 'failed');--> statement-breakpoint
CREATE TYPE "public"."revenue_entry_kind" AS ENUM('sale', 'refund');--> statement-breakpoint
CREATE TYPE "public"."sale_method" AS ENUM('card', 'crypto', 'free');--> statement-breakpoint
CREATE TYPE "public"."store_status" AS ENUM('pending', 'approved', 'suspended');--> statement-breakpoint
CREATE TYPE "public"."delivery_status" AS ENUM('pending', 'succeeded', 'failed');--> statement-breakpoint
CREATE TYPE "public"."endpoint_kind" AS ENUM('subscription', 'store', 'order');--> statement-breakpoint
CREATE TABLE "address_owners" (
	"address" text NOT NULL,
	"network" "chain_network" NOT NULL,
	"realm" bigint NOT NULL,
	"store_id" bigint NOT NULL,
	"address_id" uuid NOT NULL,
	"added_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "address_owners_address_network_realm_pk" PRIMARY KEY("address","network","realm")
);
--> statement-breakpoint
CREATE TABLE "free_addresses" (
	"store_id" bigint NOT NULL,
	"address_id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"network" "chain_network" NOT NULL,
	"address" text NOT NULL,
	"resting_since" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "free_addresses_store_id_address_id_pk" PRIMARY KEY("store_id","address_id")
);
--> statement-breakpoint
CREATE TABLE "payment_claims" (
	"address" text NOT NULL,
	"network" "chain_network" NOT NULL,
	"realm" bigint NOT NULL,
	"store_id" bigint NOT NULL,
	"payment_id" uuid NOT NULL,
	"claimed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "payment_claims_address_network_realm_pk" PRIMARY KEY("address","network","realm")
);
--> statement-breakpoint
CREATE TABLE "pool_warnings" (
	"store_id" bigint NOT NULL,
	"is_test" boolean NOT NULL,
	"network" "chain_network" NOT NULL,
	"warned_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "pool_warnings_store_id_is_test_network_pk" PRIMARY KEY("store_id","is_test","network")
);
--> statement-breakpoint
CREATE TABLE "receive_addresses" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"network" "chain_network" NOT NULL,
	"address" text NOT NULL,
	"label" text,
	"status" "address_status" NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "receive_addresses_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "billing_accounts" (
	"store_id" bigint NOT NULL,
	"is_test" boolean NOT NULL,
	"plan" "billing_plan" NOT NULL,
	"interval" "billing_interval" NOT NULL,
	"allow_overage" boolean NOT NULL,
	"period" integer NOT NULL,
	"period_start" timestamp (3) with time zone NOT NULL,
	"period_end" timestamp (3) with time zone NOT NULL,
	"included_payments" integer NOT NULL,
	"overage_fee_minor" bigint NOT NULL,
	"used_payments" integer NOT NULL,
	"overage_payments" integer NOT NULL,
	"batch" integer NOT NULL,
	"unsettled_payments" integer NOT NULL,
	"unsettled_minor" bigint NOT NULL,
	"settle_at" timestamp (3) with time zone,
	"foresight_at" timestamp (3) with time zone,
	"warned_at" timestamp (3) with time zone,
	"due_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "billing_accounts_store_id_is_test_pk" PRIMARY KEY("store_id","is_test")
);
--> statement-breakpoint
CREATE TABLE "billing_invoices" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"kind" text NOT NULL,
	"plan" "billing_plan" NOT NULL,
	"interval" "billing_interval" NOT NULL,
	"period" integer NOT NULL,
	"period_start" timestamp (3) with time zone NOT NULL,
	"period_end" timestamp (3) with time zone NOT NULL,
	"batch" integer,
	"payments" integer NOT NULL,
	"amount_minor" bigint NOT NULL,
	"balance_after_minor" bigint NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "billing_invoices_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "billing_topups" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"credited_minor" bigint,
	"entries" integer NOT NULL,
	"credited_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "billing_topups_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "billing_usage" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"payment_id" uuid NOT NULL,
	"payments" integer NOT NULL,
	"period" integer NOT NULL,
	"batch" integer NOT NULL,
	"fee_minor" bigint NOT NULL,
	"is_overage" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "billing_usage_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "chain_blocks" (
	"store_id" bigint NOT NULL,
	"is_test" boolean NOT NULL,
	"network" "chain_network" NOT NULL,
	"number" bigint NOT NULL,
	"hash" text NOT NULL,
	"parent_hash" text NOT NULL,
	"block_time" timestamp (3) with time zone NOT NULL,
	"touched" bigint[] NOT NULL,
	CONSTRAINT "chain_blocks_store_id_is_test_network_number_pk" PRIMARY KEY("store_id","is_test","network","number")
);
--> statement-breakpoint
CREATE TABLE "chain_cursors" (
	"store_id" bigint NOT NULL,
	"is_test" boolean NOT NULL,
	"network" "chain_network" NOT NULL,
	"number" bigint NOT NULL,
	"hash" text NOT NULL,
	"block_time" timestamp (3) with time zone NOT NULL,
	"finalized" bigint NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "chain_cursors_store_id_is_test_network_pk" PRIMARY KEY("store_id","is_test","network")
);
--> statement-breakpoint
CREATE TABLE "chain_transfers" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"network" "chain_network" NOT NULL,
	"block_hash" text NOT NULL,
	"log_index" integer NOT NULL,
	"tx_hash" text NOT NULL,
	"coin" "coin" NOT NULL,
	"from_address" text NOT NULL,
	"address" text NOT NULL,
	"units" numeric(78, 0) NOT NULL,
	"block_number" bigint NOT NULL,
	"block_time" timestamp (3) with time zone NOT NULL,
	"payment_id" uuid,
	"unmatched" "unmatched_reason",
	"is_orphan" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "chain_transfers_store_id_is_test_network_block_hash_log_index_pk" PRIMARY KEY("store_id","is_test","network","block_hash","log_index")
);
--> statement-breakpoint
CREATE TABLE "chain_watchers" (
	"store_id" bigint NOT NULL,
	"is_test" boolean NOT NULL,
	"network" "chain_network" NOT NULL,
	"holder" uuid NOT NULL,
	"held_until" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "chain_watchers_store_id_is_test_network_pk" PRIMARY KEY("store_id","is_test","network")
);
--> statement-breakpoint
CREATE TABLE "store_connections" (
	"store_id" bigint NOT NULL,
	"is_test" boolean NOT NULL,
	"gateway" text NOT NULL,
	"account_key" uuid NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"country" text,
	"account" text,
	"status" "connection_status" NOT NULL,
	"is_payable" boolean NOT NULL,
	"requirements" text[] DEFAULT '{}'::text[] NOT NULL,
	"due_by" timestamp (3) with time zone,
	"disabled_reason" text,
	"link_secret" text NOT NULL,
	"version" integer NOT NULL,
	"checked_at" timestamp (3) with time zone,
	"linked_at" timestamp (3) with time zone,
	"check_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "store_connections_store_id_is_test_pk" PRIMARY KEY("store_id","is_test")
);
--> statement-breakpoint
CREATE TABLE "coupon_redemptions" (
	"store_id" bigint NOT NULL,
	"order_id" uuid NOT NULL,
	"coupon_id" uuid NOT NULL,
	"customer" text,
	"use_number" integer,
	"taken_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "coupon_redemptions_store_id_order_id_pk" PRIMARY KEY("store_id","order_id")
);
--> statement-breakpoint
CREATE TABLE "coupons" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"code" text NOT NULL,
	"discount_type" "discount_type" NOT NULL,
	"basis_points" integer,
	"amount_minor" bigint,
	"currency" text NOT NULL,
	"description" text,
	"min_amount_minor" bigint,
	"max_uses" integer,
	"max_uses_per_customer" integer,
	"limited_uses" integer NOT NULL,
	"is_active" boolean NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "coupons_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "crypto_payments" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"number" text NOT NULL,
	"token" text NOT NULL,
	"network" "chain_network" NOT NULL,
	"coin" "coin" NOT NULL,
	"address_id" uuid NOT NULL,
	"address" text NOT NULL,
	"amount_usd_cents" bigint NOT NULL,
	"expected_units" numeric(78, 0) NOT NULL,
	"tolerance_units" numeric(78, 0) NOT NULL,
	"overpayment_units" numeric(78, 0) NOT NULL,
	"rate_e8" bigint NOT NULL,
	"rate_source" text NOT NULL,
	"rate_at" timestamp (3) with time zone NOT NULL,
	"required_confirmations" integer NOT NULL,
	"status" "crypto_payment_status" NOT NULL,
	"credited_units" numeric(78, 0),
	"late_units" numeric(78, 0) NOT NULL,
	"tx_hash" text,
	"height" bigint,
	"order_id" uuid,
	"order_use" "order_use",
	"external_order_id" text,
	"customer_email" text,
	"redirect_url" text,
	"metadata" text NOT NULL,
	"tops_up" bigint,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"grace_ends_at" timestamp (3) with time zone NOT NULL,
	"confirmed_at" timestamp (3) with time zone,
	"reversed_at" timestamp (3) with time zone,
	"due_at" timestamp (3) with time zone,
	"due_height" bigint,
	CONSTRAINT "crypto_payments_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "crypto_settings" (
	"store_id" bigint NOT NULL,
	"is_test" boolean NOT NULL,
	"expiry_minutes" integer NOT NULL,
	"grace_minutes" integer NOT NULL,
	"underpayment_basis_points" integer NOT NULL,
	"overpayment_basis_points" integer NOT NULL,
	"bsc_confirmations" integer NOT NULL,
	"tron_confirmations" integer NOT NULL,
	"ethereum_confirmations" integer NOT NULL,
	"revision" integer NOT NULL,
	CONSTRAINT "crypto_settings_store_id_is_test_pk" PRIMARY KEY("store_id","is_test")
);
--> statement-breakpoint
CREATE TABLE "disputes" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"order_id" uuid NOT NULL,
	"gateway" text NOT NULL,
	"gateway_reference" text NOT NULL,
	"status" "dispute_status" NOT NULL,
	"amount_minor" bigint NOT NULL,
	"taken_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"gateway_fee_minor" bigint,
	"gateway_fee_currency" text,
	"reason" text,
	"due_by" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"closed_at" timestamp (3) with time zone,
	CONSTRAINT "disputes_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"store_id" bigint NOT NULL,
	"is_test" boolean NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"status" "idempotency_status" NOT NULL,
	"claim" uuid NOT NULL,
	"leased_until" timestamp (3) with time zone NOT NULL,
	"run" uuid NOT NULL,
	"response" text,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_store_id_is_test_key_pk" PRIMARY KEY("store_id","is_test","key")
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"is_test" boolean NOT NULL,
	"secret_hash" text NOT NULL,
	"hint" text NOT NULL,
	"scopes" text[] DEFAULT '{}'::text[] NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "api_keys_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "ledger_balances" (
	"store_id" bigint NOT NULL,
	"is_test" boolean NOT NULL,
	"account" text NOT NULL,
	"currency" text NOT NULL,
	"kind" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	CONSTRAINT "ledger_balances_store_id_is_test_account_currency_kind_pk" PRIMARY KEY("store_id","is_test","account","currency","kind")
);
--> statement-breakpoint
CREATE TABLE "ledger_entries" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"kind" text NOT NULL,
	"accounts" text[] NOT NULL,
	"currencies" text[] NOT NULL,
	"amounts" bigint[] NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"source_id" text NOT NULL,
	"order_id" uuid,
	CONSTRAINT "ledger_entries_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "ledger_tail" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"kind" text NOT NULL,
	"accounts" text[] NOT NULL,
	"currencies" text[] NOT NULL,
	"amounts" bigint[] NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "ledger_tail_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "license_activations" (
	"store_id" bigint NOT NULL,
	"license_id" uuid NOT NULL,
	"instance" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "license_activations_store_id_license_id_instance_pk" PRIMARY KEY("store_id","license_id","instance")
);
--> statement-breakpoint
CREATE TABLE "licenses" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"key" text NOT NULL,
	"order_id" uuid NOT NULL,
	"product_id" uuid NOT NULL,
	"variant_id" uuid NOT NULL,
	"activation_limit" integer,
	"activations" integer NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"revoked_reason" "license_revocation",
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "licenses_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "gateway_notices" (
	"store_id" bigint NOT NULL,
	"gateway" text NOT NULL,
	"id" text NOT NULL,
	"is_test" boolean NOT NULL,
	"type" text NOT NULL,
	"subject" text NOT NULL,
	"attempt_id" uuid,
	"status" "notice_status" NOT NULL,
	"attempts" integer NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"received_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "gateway_notices_store_id_gateway_id_pk" PRIMARY KEY("store_id","gateway","id")
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"number" text NOT NULL,
	"transaction_id" text NOT NULL,
	"session_id" text NOT NULL,
	"product_id" uuid,
	"variant_id" uuid,
	"product_name" text NOT NULL,
	"subtotal_minor" bigint NOT NULL,
	"discount_minor" bigint NOT NULL,
	"coupon_id" uuid,
	"coupon_code" text,
	"amount_minor" bigint NOT NULL,
	"fee_minor" bigint NOT NULL,
	"gateway_fee_minor" bigint,
	"gateway_fee_currency" text,
	"currency" text NOT NULL,
	"status" "order_status" NOT NULL,
	"failure_code" text,
	"method" "payment_method",
	"customer_email" text,
	"customer_name" text,
	"locale" text,
	"order_reference" text,
	"metadata" text NOT NULL,
	"success_url" text,
	"cancel_url" text,
	"webhook_url" text,
	"license" text,
	"refunded_minor" bigint NOT NULL,
	"refunding_minor" bigint NOT NULL,
	"disputed_minor" bigint NOT NULL,
	"lost_minor" bigint NOT NULL,
	"dispute_status" "dispute_status",
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"completed_at" timestamp (3) with time zone,
	CONSTRAINT "orders_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "refunds" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"amount_minor" bigint NOT NULL,
	"reason" text,
	"status" "refund_status" NOT NULL,
	"gateway_reference" text,
	"failure_code" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"sent_at" timestamp (3) with time zone NOT NULL,
	"settled_at" timestamp (3) with time zone,
	CONSTRAINT "refunds_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "payment_attempts" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"gateway" text NOT NULL,
	"gateway_reference" text,
	"gateway_page" text,
	"page_url" text,
	"amount_minor" bigint NOT NULL,
	"status" "attempt_status" NOT NULL,
	"decline_code" text,
	"card_brand" text,
	"card_last4" text,
	"gateway_fee_minor" bigint,
	"gateway_fee_currency" text,
	"split_account" text,
	"split_fee_minor" bigint,
	"share_due_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "payment_attempts_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "product_variants" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"product_id" uuid NOT NULL,
	"name" text NOT NULL,
	"price_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"status" "product_status" NOT NULL,
	"is_licensed" boolean NOT NULL,
	"activation_limit" integer,
	"duration_days" integer,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "product_variants_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "products" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"price_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"status" "product_status" NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "products_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "emails" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"kind" "email_kind" NOT NULL,
	"order_id" uuid,
	"refund_id" uuid,
	"recipient" text NOT NULL,
	"status" "email_status" NOT NULL,
	"attempts" integer NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"error" text,
	"subject" text,
	"text" text,
	"html" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "emails_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "revenue_days" (
	"store_id" bigint NOT NULL,
	"is_test" boolean NOT NULL,
	"day" date NOT NULL,
	"product_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"method" "sale_method" NOT NULL,
	"sales" integer NOT NULL,
	"gross_minor" bigint NOT NULL,
	"refunds" integer NOT NULL,
	"refunded_minor" bigint NOT NULL,
	CONSTRAINT "revenue_days_store_id_is_test_day_product_id_currency_method_pk" PRIMARY KEY("store_id","is_test","day","product_id","currency","method")
);
--> statement-breakpoint
CREATE TABLE "revenue_entries" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"kind" "revenue_entry_kind" NOT NULL,
	"order_id" uuid NOT NULL,
	"product_id" uuid,
	"currency" text NOT NULL,
	"method" "sale_method" NOT NULL,
	"amount_minor" bigint NOT NULL,
	"happened_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "revenue_entries_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "revenue_tail" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"kind" "revenue_entry_kind" NOT NULL,
	"order_id" uuid NOT NULL,
	"product_id" uuid,
	"currency" text NOT NULL,
	"method" "sale_method" NOT NULL,
	"amount_minor" bigint NOT NULL,
	"happened_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "revenue_tail_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "revenue_totals" (
	"store_id" bigint NOT NULL,
	"is_test" boolean NOT NULL,
	"currency" text NOT NULL,
	"method" "sale_method" NOT NULL,
	"sales" integer NOT NULL,
	"gross_minor" bigint NOT NULL,
	"refunds" integer NOT NULL,
	"refunded_minor" bigint NOT NULL,
	CONSTRAINT "revenue_totals_store_id_is_test_currency_method_pk" PRIMARY KEY("store_id","is_test","currency","method")
);
--> statement-breakpoint
CREATE TABLE "rollers" (
	"store_id" bigint NOT NULL,
	"rollup" text NOT NULL,
	CONSTRAINT "rollers_store_id_rollup_pk" PRIMARY KEY("store_id","rollup")
);
--> statement-breakpoint
CREATE TABLE "stores" (
	"store_id" bigint PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"email" text NOT NULL,
	"status" "store_status" NOT NULL,
	"reporting_currency" text NOT NULL,
	"accent_color" text,
	"logo_url" text,
	"fee_basis_points" integer NOT NULL,
	"live_account" text,
	"test_account" text,
	"signing_secret" text NOT NULL,
	"previous_signing_secret" text,
	"previous_signing_secret_expires_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"number" bigint GENERATED ALWAYS AS IDENTITY (sequence name "deliveries_number_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"is_test" boolean NOT NULL,
	"endpoint_id" uuid NOT NULL,
	"event_id" uuid NOT NULL,
	"status" "delivery_status" NOT NULL,
	"attempts" integer NOT NULL,
	"due_at" timestamp (3) with time zone NOT NULL,
	"response_code" integer,
	"error" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "deliveries_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "delivery_attempts" (
	"store_id" bigint NOT NULL,
	"delivery_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"duration_ms" integer NOT NULL,
	"request_url" text NOT NULL,
	"request_headers" text NOT NULL,
	"response_code" integer,
	"response_headers" text,
	"response_body" text,
	"error" text,
	CONSTRAINT "delivery_attempts_store_id_delivery_id_number_pk" PRIMARY KEY("store_id","delivery_id","number")
);
--> statement-breakpoint
CREATE TABLE "events" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"is_test" boolean NOT NULL,
	"type" text NOT NULL,
	"data" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "events_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
CREATE TABLE "webhook_endpoints" (
	"store_id" bigint NOT NULL,
	"id" uuid NOT NULL,
	"number" bigint GENERATED ALWAYS AS IDENTITY (sequence name "webhook_endpoints_number_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"is_test" boolean NOT NULL,
	"kind" "endpoint_kind" DEFAULT 'subscription' NOT NULL,
	"url" text NOT NULL,
	"description" text,
	"events" text[] NOT NULL,
	"is_active" boolean NOT NULL,
	"secret" text,
	"previous_secret" text,
	"previous_secret_expires_at" timestamp (3) with time zone,
	"failing_since" timestamp (3) with time zone,
	"disabled_reason" text,
	"rate_limit_per_second" integer,
	"paced_until" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "webhook_endpoints_store_id_id_pk" PRIMARY KEY("store_id","id")
);
--> statement-breakpoint
ALTER TABLE "coupon_redemptions" ADD CONSTRAINT "coupon_redemptions_store_id_order_id_orders_store_id_id_fk" FOREIGN KEY ("store_id","order_id") REFERENCES "public"."orders"("store_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_store_id_order_id_orders_store_id_id_fk" FOREIGN KEY ("store_id","order_id") REFERENCES "public"."orders"("store_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "license_activations" ADD CONSTRAINT "license_activations_store_id_license_id_licenses_store_id_id_fk" FOREIGN KEY ("store_id","license_id") REFERENCES "public"."licenses"("store_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "licenses" ADD CONSTRAINT "licenses_store_id_order_id_orders_store_id_id_fk" FOREIGN KEY ("store_id","order_id") REFERENCES "public"."orders"("store_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "licenses" ADD CONSTRAINT "licenses_store_id_product_id_products_store_id_id_fk" FOREIGN KEY ("store_id","product_id") REFERENCES "public"."products"("store_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "licenses" ADD CONSTRAINT "licenses_store_id_variant_id_product_variants_store_id_id_fk" FOREIGN KEY ("store_id","variant_id") REFERENCES "public"."product_variants"("store_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_store_id_product_id_products_store_id_id_fk" FOREIGN KEY ("store_id","product_id") REFERENCES "public"."products"("store_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_store_id_order_id_orders_store_id_id_fk" FOREIGN KEY ("store_id","order_id") REFERENCES "public"."orders"("store_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payment_attempts" ADD CONSTRAINT "payment_attempts_store_id_order_id_orders_store_id_id_fk" FOREIGN KEY ("store_id","order_id") REFERENCES "public"."orders"("store_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_variants" ADD CONSTRAINT "product_variants_store_id_product_id_products_store_id_id_fk" FOREIGN KEY ("store_id","product_id") REFERENCES "public"."products"("store_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "emails" ADD CONSTRAINT "emails_store_id_order_id_orders_store_id_id_fk" FOREIGN KEY ("store_id","order_id") REFERENCES "public"."orders"("store_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "emails" ADD CONSTRAINT "emails_store_id_refund_id_refunds_store_id_id_fk" FOREIGN KEY ("store_id","refund_id") REFERENCES "public"."refunds"("store_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_store_id_event_id_events_store_id_id_fk" FOREIGN KEY ("store_id","event_id") REFERENCES "public"."events"("store_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_store_id_endpoint_id_webhook_endpoints_store_id_id_fk" FOREIGN KEY ("store_id","endpoint_id") REFERENCES "public"."webhook_endpoints"("store_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "delivery_attempts" ADD CONSTRAINT "delivery_attempts_store_id_delivery_id_deliveries_store_id_id_fk" FOREIGN KEY ("store_id","delivery_id") REFERENCES "public"."deliveries"("store_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "address_owners_added" ON "address_owners" USING btree ("network","realm","added_at","address");--> statement-breakpoint
CREATE INDEX "free_addresses_rested" ON "free_addresses" USING btree ("store_id","is_test","network","resting_since","address_id");--> statement-breakpoint
CREATE INDEX "receive_addresses_newest" ON "receive_addresses" USING btree ("store_id","is_test","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "receive_addresses_address" ON "receive_addresses" USING btree ("store_id","network","address");--> statement-breakpoint
CREATE INDEX "billing_accounts_due" ON "billing_accounts" USING btree ("due_at");--> statement-breakpoint
CREATE INDEX "billing_invoices_newest" ON "billing_invoices" USING btree ("store_id","is_test","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "billing_topups_newest" ON "billing_topups" USING btree ("store_id","is_test","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "billing_topups_credited" ON "billing_topups" USING btree ("store_id","is_test","credited_at");--> statement-breakpoint
CREATE INDEX "billing_usage_payment" ON "billing_usage" USING btree ("store_id","payment_id","created_at");--> statement-breakpoint
CREATE INDEX "billing_usage_batch" ON "billing_usage" USING btree ("store_id","is_test","batch");--> statement-breakpoint
CREATE INDEX "chain_transfers_payment" ON "chain_transfers" USING btree ("store_id","payment_id");--> statement-breakpoint
CREATE INDEX "chain_transfers_height" ON "chain_transfers" USING btree ("store_id","is_test","network","block_number");--> statement-breakpoint
CREATE INDEX "chain_transfers_tx" ON "chain_transfers" USING btree ("store_id","is_test","network","tx_hash");--> statement-breakpoint
CREATE INDEX "chain_transfers_unmatched_newest" ON "chain_transfers" USING btree ("store_id","is_test","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE unmatched is not null and not is_orphan;--> statement-breakpoint
CREATE INDEX "store_connections_due" ON "store_connections" USING btree ("store_id","check_at");--> statement-breakpoint
CREATE UNIQUE INDEX "coupon_redemptions_use" ON "coupon_redemptions" USING btree ("store_id","coupon_id","customer","use_number");--> statement-breakpoint
CREATE UNIQUE INDEX "coupons_code" ON "coupons" USING btree ("store_id","is_test","code");--> statement-breakpoint
CREATE INDEX "coupons_newest" ON "coupons" USING btree ("store_id","is_test","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "coupons_newest_by_state" ON "coupons" USING btree ("store_id","is_test","is_active","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE UNIQUE INDEX "crypto_payments_number" ON "crypto_payments" USING btree ("store_id","number");--> statement-breakpoint
CREATE UNIQUE INDEX "crypto_payments_token" ON "crypto_payments" USING btree ("store_id","token");--> statement-breakpoint
CREATE INDEX "crypto_payments_newest" ON "crypto_payments" USING btree ("store_id","is_test","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "crypto_payments_newest_by_status" ON "crypto_payments" USING btree ("store_id","is_test","status","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "crypto_payments_newest_by_reference" ON "crypto_payments" USING btree ("store_id","is_test","external_order_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE external_order_id is not null;--> statement-breakpoint
CREATE INDEX "crypto_payments_address" ON "crypto_payments" USING btree ("store_id","is_test","network","address","created_at" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "crypto_payments_order" ON "crypto_payments" USING btree ("store_id","order_id") WHERE order_id is not null;--> statement-breakpoint
CREATE INDEX "crypto_payments_order_due" ON "crypto_payments" USING btree ("store_id","confirmed_at") WHERE order_use = 'awaited' and status = 'confirmed';--> statement-breakpoint
CREATE INDEX "crypto_payments_waiting" ON "crypto_payments" USING btree ("store_id","is_test","network","due_at","due_height") WHERE (due_at is not null or due_height is not null);--> statement-breakpoint
CREATE INDEX "disputes_newest" ON "disputes" USING btree ("store_id","is_test","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "disputes_order" ON "disputes" USING btree ("store_id","order_id");--> statement-breakpoint
CREATE INDEX "idempotency_keys_expiry" ON "idempotency_keys" USING btree ("store_id","expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_secret" ON "api_keys" USING btree ("store_id","secret_hash");--> statement-breakpoint
CREATE INDEX "ledger_entries_newest" ON "ledger_entries" USING btree ("store_id","is_test","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "ledger_entries_newest_by_kind" ON "ledger_entries" USING btree ("store_id","is_test","kind","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE kind <> 'sale';--> statement-breakpoint
CREATE INDEX "ledger_entries_order" ON "ledger_entries" USING btree ("store_id","order_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE UNIQUE INDEX "licenses_key" ON "licenses" USING btree ("store_id","key");--> statement-breakpoint
CREATE UNIQUE INDEX "licenses_order" ON "licenses" USING btree ("store_id","order_id");--> statement-breakpoint
CREATE INDEX "licenses_newest" ON "licenses" USING btree ("store_id","is_test","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "licenses_newest_of_product" ON "licenses" USING btree ("store_id","product_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "gateway_notices_due" ON "gateway_notices" USING btree ("store_id","due_at") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "gateway_notices_old" ON "gateway_notices" USING btree ("store_id","is_test","received_at");--> statement-breakpoint
CREATE UNIQUE INDEX "orders_session" ON "orders" USING btree ("store_id","session_id");--> statement-breakpoint
CREATE UNIQUE INDEX "orders_number" ON "orders" USING btree ("store_id","number");--> statement-breakpoint
CREATE UNIQUE INDEX "orders_transaction" ON "orders" USING btree ("store_id","transaction_id");--> statement-breakpoint
CREATE INDEX "orders_newest_by_status" ON "orders" USING btree ("store_id","is_test","status","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "orders_newest" ON "orders" USING btree ("store_id","is_test","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "orders_newest_by_product" ON "orders" USING btree ("store_id","is_test","product_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "orders_newest_by_reference" ON "orders" USING btree ("store_id","is_test","order_reference","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE order_reference is not null;--> statement-breakpoint
CREATE INDEX "orders_newest_by_email" ON "orders" USING btree ("store_id","is_test",lower("customer_email"),"created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE customer_email is not null;--> statement-breakpoint
CREATE INDEX "orders_unpaid" ON "orders" USING btree ("store_id","expires_at") WHERE status in ('pending', 'failed') and (failure_code is null or failure_code <> 'session_expired');--> statement-breakpoint
CREATE INDEX "refunds_order" ON "refunds" USING btree ("store_id","order_id");--> statement-breakpoint
CREATE INDEX "refunds_unsettled" ON "refunds" USING btree ("store_id","sent_at") WHERE status = 'pending';--> statement-breakpoint
CREATE UNIQUE INDEX "payment_attempts_one_open" ON "payment_attempts" USING btree ("store_id","order_id") WHERE status in ('processing', 'requires_action', 'settling', 'succeeded');--> statement-breakpoint
CREATE INDEX "payment_attempts_unsettled" ON "payment_attempts" USING btree ("store_id","updated_at") WHERE status in ('processing', 'requires_action', 'settling', 'unwanted');--> statement-breakpoint
CREATE INDEX "payment_attempts_share_due" ON "payment_attempts" USING btree ("store_id","share_due_at") WHERE share_due_at is not null;--> statement-breakpoint
CREATE INDEX "payment_attempts_fee_unknown" ON "payment_attempts" USING btree ("store_id","updated_at") WHERE status = 'succeeded' and gateway_page is not null and gateway_fee_minor is null;--> statement-breakpoint
CREATE INDEX "product_variants_newest" ON "product_variants" USING btree ("store_id","product_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "products_newest" ON "products" USING btree ("store_id","is_test","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "emails_due" ON "emails" USING btree ("store_id","due_at") WHERE status = 'queued';--> statement-breakpoint
CREATE INDEX "emails_newest" ON "emails" USING btree ("store_id","is_test","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "emails_of_order" ON "emails" USING btree ("store_id","order_id");--> statement-breakpoint
CREATE INDEX "revenue_entries_time" ON "revenue_entries" USING btree ("store_id","is_test","happened_at");--> statement-breakpoint
CREATE INDEX "deliveries_first" ON "deliveries" USING btree ("store_id","endpoint_id","due_at") WHERE status = 'pending' and attempts = 0;--> statement-breakpoint
CREATE INDEX "deliveries_again" ON "deliveries" USING btree ("store_id","endpoint_id","due_at") WHERE status = 'pending' and attempts > 0;--> statement-breakpoint
CREATE INDEX "deliveries_newest" ON "deliveries" USING btree ("store_id","is_test","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "deliveries_of_endpoint" ON "deliveries" USING btree ("store_id","endpoint_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "deliveries_of_event" ON "deliveries" USING btree ("store_id","event_id");--> statement-breakpoint
CREATE INDEX "events_newest" ON "events" USING btree ("store_id","is_test","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE UNIQUE INDEX "webhook_endpoints_number" ON "webhook_endpoints" USING btree ("store_id","number");--> statement-breakpoint
CREATE UNIQUE INDEX "webhook_endpoints_url" ON "webhook_endpoints" USING btree ("store_id","is_test","kind","url");