-- Usance's tables. This file is the truth; migrations/NNNN_*.sql lead to it and a test proves it.
--
-- Every table of a tenant (an environment) has tenant_id first in every key and row-level security
-- forced, so that even the owner of the tables sees one tenant at a time: the one named by the
-- transaction's setting usance.tenant_id. The registry tables (tenants, api_keys) can also be read
-- by a platform transaction (setting usance.platform), which only store/database.py opens.
-- Money is bigint minor units, unit prices and quantities are numeric, instants are timestamptz in
-- UTC, days are date in the legal entity's zone, periods are half-open daterange. Business columns
-- never default to now(): the environment's clock may have been moved.

CREATE EXTENSION IF NOT EXISTS btree_gist;

-- ---------------------------------------------------------------------------------- registry --

CREATE TABLE tenants (
    tenant_id    text        PRIMARY KEY,
    name         text        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('PRODUCTION', 'SANDBOX')),
    clock_at     timestamptz,            -- a moved clock; null: the world's
    told_through timestamptz,            -- what time alone brings was announced up to then
    link_secret  bytea       NOT NULL CHECK (length(link_secret) >= 32),
    signing_secret          text,        -- signs customer tokens; null: none was made yet
    former_signing_secret   text,        -- the one before it, good for a while longer
    former_signing_secret_until  timestamptz,
    created_at   timestamptz NOT NULL,
    CONSTRAINT a_former_secret_ends
        CHECK (num_nulls(former_signing_secret, former_signing_secret_until) IN (0, 2)),
    CONSTRAINT only_a_sandbox_moves_its_clock CHECK (clock_at IS NULL OR kind = 'SANDBOX')
);

CREATE TABLE api_keys (
    tenant_id     text        NOT NULL REFERENCES tenants,
    id            text        NOT NULL,
    name          text        NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('SERVER', 'PUBLISHABLE')),
    scopes        text[],                 -- of a server key
    key_hash      bytea       NOT NULL UNIQUE CHECK (length(key_hash) = 32),  -- SHA-256
    ends_with     text        NOT NULL,   -- its last four characters, to know it by
    replaces      text,                   -- the key it was rotated from
    created_at    timestamptz NOT NULL,   -- the world's time, as all instants here
    expires_at    timestamptz,
    revoked_at    timestamptz,
    last_used_at  timestamptz,            -- to the minute
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT a_server_key_has_scopes
        CHECK ((kind = 'SERVER') = (coalesce(cardinality(scopes), 0) > 0))
);

-- -------------------------------------------------------------------- who sells and who buys --

CREATE TABLE legal_entities (
    tenant_id     text        NOT NULL REFERENCES tenants,
    id            text        NOT NULL,
    name          text        NOT NULL,
    country       char(2)     NOT NULL,
    zone          text        NOT NULL,   -- IANA; its days are the days of its documents
    series        text        NOT NULL,   -- prefix of its invoice numbers
    particulars   jsonb       NOT NULL,   -- address, tax ids, bank accounts, logo, locale, terms
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT one_series_one_issuer UNIQUE (tenant_id, series)
);

CREATE TABLE number_series (
    tenant_id        text   NOT NULL,
    legal_entity_id  text   NOT NULL,
    type             text   NOT NULL CHECK (type IN ('INVOICE', 'CREDIT_NOTE')),
    year             int    NOT NULL,
    last_number      bigint NOT NULL CHECK (last_number >= 0),
    PRIMARY KEY (tenant_id, legal_entity_id, type, year),
    FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES legal_entities
);

CREATE TABLE tax_rates (
    tenant_id        text      NOT NULL,
    legal_entity_id  text      NOT NULL,
    tax_code         text      NOT NULL,
    country          char(2)   NOT NULL,
    region           text      NOT NULL,   -- ISO 3166-2 without the country; empty: all of it
    postal_prefix    text      NOT NULL,   -- how its postal codes begin; empty: all of them
    jurisdiction     text      NOT NULL,   -- who levies it (GST, New York State); rows of many add up
    is_compound      boolean   NOT NULL,   -- charged on the other taxes of the line as well
    category         text      NOT NULL CHECK (category IN ('S', 'Z', 'E')),
    percent          numeric   NOT NULL CHECK (percent >= 0 AND percent <= 100),
    valid            daterange NOT NULL CHECK (NOT isempty(valid)),
    FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES legal_entities,
    CONSTRAINT only_a_standard_rate_is_above_zero CHECK ((category = 'S') OR percent = 0),
    CONSTRAINT a_compound_tax_has_a_name CHECK (jurisdiction <> '' OR NOT is_compound),
    CONSTRAINT one_rate_a_day EXCLUDE USING gist (
        tenant_id WITH =, legal_entity_id WITH =, tax_code WITH =, country WITH =, region WITH =,
        postal_prefix WITH =, jurisdiction WITH =, valid WITH &&)
);

-- What a tax service was asked, by the hash of the question, and what it answered: evidence.
CREATE TABLE tax_quotes (
    tenant_id        text        NOT NULL,
    key              text        NOT NULL,   -- of the question: parties, places, code, tax point
    legal_entity_id  text        NOT NULL,
    question         jsonb       NOT NULL,
    treatment        jsonb       NOT NULL,   -- how we read the answer
    reference        text        NOT NULL,   -- the service's own name for its answer
    answer           jsonb       NOT NULL,   -- as it came
    quoted_at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, key),
    FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES legal_entities
);

CREATE TABLE customers (
    tenant_id    text        NOT NULL REFERENCES tenants,
    id           text        NOT NULL,
    name         text        NOT NULL,
    particulars  jsonb       NOT NULL,   -- email, address, tax ids, locale, metadata
    created_at   timestamptz NOT NULL,
    parent_id    text,                   -- the account it belongs to; never one below itself
    bills_to_id  text GENERATED ALWAYS AS   -- whose documents carry what it bought; null: its own
                 (CASE WHEN particulars ->> 'bill_to' = 'PARENT' THEN parent_id END) STORED,
    updated_at   timestamptz NOT NULL,
    archived_at  timestamptz,
    clock_at     timestamptz,   -- of a sandbox: this customer's own moved clock
    told_through timestamptz,   -- by that clock: what time alone brings was announced up to then
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES customers,
    CONSTRAINT nobody_is_their_own_parent CHECK (parent_id <> id)
);
CREATE INDEX customers_by_age ON customers (tenant_id, created_at, id);
CREATE INDEX customers_by_parent ON customers (tenant_id, parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX customers_billed_to ON customers (tenant_id, bills_to_id)
    WHERE bills_to_id IS NOT NULL;

-- What a register said of a customer's tax number: evidence, never changed.
CREATE TABLE tax_id_checks (
    tenant_id     text        NOT NULL,
    id            text        NOT NULL,
    customer_id   text        NOT NULL,
    kind          text        NOT NULL,
    value         text        NOT NULL,   -- the number as the customer had it then
    checked_at    timestamptz NOT NULL,
    is_valid      boolean     NOT NULL,
    consultation  text        NOT NULL,   -- the register's proof that we asked; empty: none given
    name          text        NOT NULL,   -- what it holds, empty where it tells none
    address       text        NOT NULL,
    answer        jsonb       NOT NULL,   -- as it came
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers
);
CREATE INDEX tax_id_checks_by_customer ON tax_id_checks (tenant_id, customer_id, checked_at);

-- What a customer is called in other systems: one record of each.
CREATE TABLE customer_integrations (
    tenant_id         text        NOT NULL,
    customer_id       text        NOT NULL,
    integration_id    text        NOT NULL,
    vendor            text        NOT NULL,   -- whose system it is: STRIPE, HUBSPOT
    synced_entity_id  text,                   -- the customer there; null until it is known
    sync_data         jsonb,                  -- what the last sync left there: ids, links
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, customer_id, integration_id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers
);

-- The provider's payment method a customer pays by when nothing else is said; we hold its name.
CREATE TABLE payment_methods (
    tenant_id    text        NOT NULL,
    customer_id  text        NOT NULL,
    method       jsonb       NOT NULL,   -- the provider's id of it, what is known of a card
    attached_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, customer_id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers
);

-- --------------------------------------------------------------------------------- catalogue --

CREATE TABLE features (
    tenant_id     text        NOT NULL REFERENCES tenants,
    id            text        NOT NULL,
    display_name  text        NOT NULL,
    feature_type  text        NOT NULL CHECK (feature_type IN ('BOOLEAN', 'NUMBER', 'ENUM')),
    meter_type    text        NOT NULL CHECK (meter_type IN ('NONE', 'FLUCTUATING', 'INCREMENTAL')),
    meter         jsonb,                  -- event name, aggregation, field, filters
    units         text,
    units_plural  text,
    metadata      jsonb       NOT NULL,
    description   text,
    status        text        NOT NULL CHECK (status IN ('NEW', 'ACTIVE', 'SUSPENDED')),
    enum_values   jsonb       NOT NULL,   -- of a feature of type ENUM: value, display name
    unit_transformation jsonb,            -- divide, rounding, and the units it is sold in
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT a_meter_measures_usage CHECK (meter IS NULL OR meter_type <> 'NONE'),
    CONSTRAINT only_a_number_is_measured CHECK (meter_type = 'NONE' OR feature_type = 'NUMBER'),
    CONSTRAINT a_meter_reads_a_field_unless_it_counts
        CHECK ((meter ->> 'aggregation' = 'COUNT') = (meter ->> 'field' IS NULL))
);

-- --------------------------------------------------------------------------- what is offered --

CREATE TABLE products (
    tenant_id    text        NOT NULL REFERENCES tenants,
    id           text        NOT NULL,
    particulars  jsonb       NOT NULL,   -- names, settings, metadata
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    archived_at  timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX products_by_age ON products (tenant_id, created_at, id);

-- Plans and add-ons; what they hold is in their versions.
CREATE TABLE packages (
    tenant_id    text        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('PLAN', 'ADDON')),
    id           text        NOT NULL,
    product_id   text        NOT NULL,
    created_at   timestamptz NOT NULL,
    archived_at  timestamptz,
    PRIMARY KEY (tenant_id, kind, id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES products
);
CREATE INDEX packages_by_age ON packages (tenant_id, kind, created_at, id);
CREATE INDEX packages_by_product ON packages (tenant_id, product_id);

-- One draft at most; what was published never changes.
CREATE TABLE package_versions (
    tenant_id     text        NOT NULL,
    kind          text        NOT NULL,
    package_id    text        NOT NULL,
    version       int         NOT NULL CHECK (version > 0),
    terms         jsonb       NOT NULL,   -- names, charges, entitlements
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    published_at  timestamptz,            -- null: a draft
    PRIMARY KEY (tenant_id, kind, package_id, version),
    FOREIGN KEY (tenant_id, kind, package_id) REFERENCES packages
);
CREATE UNIQUE INDEX one_draft_a_package ON package_versions (tenant_id, kind, package_id)
 WHERE published_at IS NULL;

-- Work that takes a while: subscriptions that are to move to a version of a plan or add-on, recorded
-- when it is published for all customers; imports. Done in the order of ids, as far as `reached_id`.
CREATE TABLE tasks (
    tenant_id    text        NOT NULL REFERENCES tenants,
    id           text        NOT NULL,
    type         text        NOT NULL
                 CHECK (type IN ('SUBSCRIPTION_MIGRATION', 'IMPORT_SUBSCRIPTIONS_BULK')),
    kind         text,                   -- of what package it migrates to, with the two next
    package_id   text,
    version      int,
    total_count  int,                    -- null: not begun
    done_count   int         NOT NULL,   -- of those it tried, failed ones too
    failures     jsonb       NOT NULL,   -- which subscriptions stayed as they were, and why
    reached_id   text        NOT NULL,   -- the last subscription it tried; empty before the first
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    done_at      timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, kind, package_id, version) REFERENCES package_versions,
    CONSTRAINT a_migration_names_its_version
        CHECK ((type = 'SUBSCRIPTION_MIGRATION') = (num_nonnulls(kind, package_id, version) = 3))
);
CREATE INDEX tasks_by_version ON tasks (tenant_id, kind, package_id, version);
CREATE INDEX tasks_to_do ON tasks (tenant_id, created_at) WHERE done_at IS NULL;

CREATE TABLE coupons (
    tenant_id    text        NOT NULL REFERENCES tenants,
    id           text        NOT NULL,
    type         text        NOT NULL CHECK (type IN ('FIXED', 'PERCENTAGE')),
    particulars  jsonb       NOT NULL,   -- name, what is off, for how long
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    archived_at  timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX coupons_by_age ON coupons (tenant_id, created_at, id);

-- Features given to a customer beside its subscriptions.
CREATE TABLE promotional_entitlements (
    tenant_id    text        NOT NULL,
    id           text        NOT NULL,
    customer_id  text        NOT NULL,
    feature_id   text        NOT NULL,
    starts_at    timestamptz NOT NULL,
    ends_at      timestamptz,            -- the first instant it counts no more; null: never
    terms        jsonb       NOT NULL,   -- the value given, and for what period
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers,
    FOREIGN KEY (tenant_id, feature_id) REFERENCES features,
    CONSTRAINT a_promotion_ends_after_it_starts CHECK (ends_at > starts_at)
);
CREATE UNIQUE INDEX one_promotion_of_a_feature
    ON promotional_entitlements (tenant_id, customer_id, feature_id) WHERE revoked_at IS NULL;
CREATE INDEX promotions_by_age ON promotional_entitlements (tenant_id, customer_id, created_at, id);

-- ----------------------------------------------------------- figures and prices to refer to --

-- Published figures are never changed: a restated one is a new revision, the last one counts.
CREATE TABLE price_indices (
    tenant_id    text        NOT NULL REFERENCES tenants,
    series_id    text        NOT NULL,
    month        date        NOT NULL CHECK (extract(day FROM month) = 1),
    revision     int         NOT NULL CHECK (revision > 0),
    value        numeric     NOT NULL CHECK (value > 0),
    imported_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, series_id, month, revision)
);

-- One unit of base costs so many of quote. For reports and display; nothing is billed by it.
CREATE TABLE fx_rates (
    tenant_id    text        NOT NULL REFERENCES tenants,
    source       text        NOT NULL,
    base         char(3)     NOT NULL,
    quote        char(3)     NOT NULL,
    day          date        NOT NULL,
    revision     int         NOT NULL CHECK (revision > 0),
    rate         numeric     NOT NULL CHECK (rate > 0),
    imported_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, source, base, quote, day, revision),
    CONSTRAINT a_rate_has_two_currencies CHECK (base <> quote)
);
CREATE INDEX fx_rates_by_day ON fx_rates (tenant_id, source, day);

CREATE TABLE rate_cards (
    tenant_id   text        NOT NULL REFERENCES tenants,
    id          text        NOT NULL,
    name        text        NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- Prices that orders were signed at stay as they were: a change is a version of a later day.
CREATE TABLE rate_card_versions (
    tenant_id     text        NOT NULL,
    rate_card_id  text        NOT NULL,
    valid_from    date        NOT NULL,
    entries       jsonb       NOT NULL,   -- by item: prices by currency and country, as notation
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, rate_card_id, valid_from),
    FOREIGN KEY (tenant_id, rate_card_id) REFERENCES rate_cards
);

-- ---------------------------------------------------------------- what was signed and is owed --

CREATE TABLE contracts (
    tenant_id        text        NOT NULL,
    id               text        NOT NULL,
    customer_id      text        NOT NULL,
    legal_entity_id  text,
    name             text        NOT NULL,
    currency         char(3),
    status           text        NOT NULL
                     CHECK (status IN ('DRAFT', 'ACTIVE', 'END_BILLING', 'CANCELED')),
    term             daterange   CHECK (NOT isempty(term)),
    terms            jsonb,      -- payment terms, PO number, approval rule, usage hold
    versions         jsonb,      -- parties and terms that held before, and since when these do
    draft            jsonb,      -- what is known of it before an order is fulfilled on it
    by_hand          jsonb,      -- name and PO number set beside the orders, which go on saying theirs
    subscription_id  text,       -- the paid subscription that it is there to bill, and nothing else
    billing          jsonb,      -- its items while they are edited one by one, to be published
    next_due_on      date,       -- a hint, never later than the truth; null: nothing more is due
    first_billed_on  date,       -- the earliest day anything of it was drafted for
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers,
    FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES legal_entities,
    CONSTRAINT a_term_has_both_ends CHECK (NOT (lower_inf(term) OR upper_inf(term))),
    CONSTRAINT agreed_together
        CHECK (num_nonnulls(legal_entity_id, currency, term, terms) IN (0, 4)),
    CONSTRAINT only_what_is_active_falls_due CHECK (status = 'ACTIVE' OR next_due_on IS NULL),
    CONSTRAINT only_a_draft_has_nothing_agreed
        CHECK (terms IS NOT NULL OR draft IS NOT NULL AND status IN ('DRAFT', 'CANCELED'))
);
CREATE INDEX contracts_by_customer ON contracts (tenant_id, customer_id);
CREATE INDEX contracts_by_age ON contracts (tenant_id, created_at, id);
CREATE INDEX contracts_by_subscription ON contracts (tenant_id, subscription_id)
    WHERE subscription_id IS NOT NULL;
CREATE INDEX contracts_due ON contracts (tenant_id, legal_entity_id, customer_id, next_due_on)
    WHERE status = 'ACTIVE' AND next_due_on IS NOT NULL;
CREATE INDEX contracts_with_nothing_due ON contracts (tenant_id, legal_entity_id)
    WHERE status = 'ACTIVE' AND next_due_on IS NULL;

CREATE TABLE orders (
    tenant_id        text        NOT NULL,
    id               text        NOT NULL,
    kind             text        NOT NULL CHECK (kind IN
                     ('INITIAL', 'EXPANSION', 'RENEWAL', 'AMENDMENT', 'TERMINATION')),
    customer_id      text        NOT NULL,
    contract_id      text,
    effective_on     date        NOT NULL,
    form             jsonb       NOT NULL,   -- the order in its notation, every default resolved
    document         bytea       NOT NULL,   -- what was signed, byte for byte
    document_sha256  bytea       NOT NULL CHECK (length(document_sha256) = 32),
    created_at       timestamptz NOT NULL,
    fulfilled_at     timestamptz,
    canceled_at      timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers,
    FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts,
    CONSTRAINT fulfilled_or_canceled_not_both CHECK (num_nonnulls(fulfilled_at, canceled_at) < 2),
    CONSTRAINT a_fulfilled_order_has_a_contract CHECK (fulfilled_at IS NULL OR contract_id IS NOT NULL)
);
CREATE INDEX orders_by_age ON orders (tenant_id, created_at, id);
CREATE INDEX orders_by_contract ON orders (tenant_id, contract_id);
CREATE INDEX orders_priced_by_card ON orders (tenant_id, contract_id) WHERE form ? 'priceSources';

CREATE TABLE contract_lines (
    tenant_id      text      NOT NULL,
    id             text      NOT NULL,
    contract_id    text      NOT NULL,
    order_id       text      NOT NULL,
    position       int       NOT NULL,
    line_ref       text      NOT NULL,   -- what the order form calls it
    kind           text      NOT NULL
                   CHECK (kind IN ('RECURRING', 'USAGE', 'ONE_OFF', 'MILESTONE', 'COMMITMENT',
                                   'PREPAID')),
    opened_on      date      NOT NULL,   -- lines that follow one another under one ref differ in it
    service_window daterange NOT NULL CHECK (NOT isempty(service_window)),
    feature_id     text,
    terms          jsonb     NOT NULL,   -- name, cadence, timing, segments with their prices, tax code
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts,
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
    FOREIGN KEY (tenant_id, feature_id) REFERENCES features,
    CONSTRAINT one_name_a_contract UNIQUE (tenant_id, contract_id, line_ref, opened_on),
    CONSTRAINT usage_has_a_metered_feature CHECK (kind <> 'USAGE' OR feature_id IS NOT NULL)
);
CREATE INDEX contract_lines_by_user ON contract_lines (tenant_id, (terms -> 'used_by' ->> 0))
    WHERE terms -> 'used_by' ->> 0 IS NOT NULL;

-- What was reached, on which day, and what proves it. A milestone may be reached once.
CREATE TABLE milestones (
    tenant_id    text        NOT NULL,
    contract_id  text        NOT NULL,
    line_ref     text        NOT NULL,
    done_on      date        NOT NULL,   -- a day in the legal entity's zone
    evidence     text        NOT NULL CHECK (evidence <> ''),
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, contract_id, line_ref),
    FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts
);

-- States are not kept: they follow from these instants (domain/subscriptions). What it is for stands
-- in its versions.
CREATE TABLE subscriptions (
    tenant_id          text        NOT NULL,
    id                 text        NOT NULL,
    customer_id        text        NOT NULL,   -- whose access it gives
    paying_customer_id text,                   -- who pays, where that is another
    resource_id        text,                   -- the part of the customer it is for
    product_id         text,                   -- null: its plan stands in no catalogue
    plan_id            text        NOT NULL,
    pricing_type       text        NOT NULL CHECK (pricing_type IN ('FREE', 'PAID', 'CUSTOM')),
    starts_at          timestamptz NOT NULL,
    ends_at            timestamptz,            -- null: for ever
    anchor             timestamptz NOT NULL,   -- billing periods are counted from it
    usage_anchor       timestamptz,            -- windows of usage are; null: from its start
    trial_ends_at      timestamptz,
    trial_end          text        CHECK (trial_end IN ('CONVERT_TO_PAID', 'CANCEL_SUBSCRIPTION')),
    is_payment_pending boolean     NOT NULL,
    canceled_at        timestamptz,            -- when it was said to end
    end_reason         text,
    is_prorated        boolean,                -- whether its end gives back the days paid for
    days_until_due     int         CHECK (days_until_due >= 0),  -- null: as the legal entity has it
    contract_id        text,                   -- the contract it was sold on
    order_id           text,
    agreement_id       text,                   -- the contract of its own that a paid one is billed by
    billing_due_at     timestamptz,            -- when that is to be looked at next; null: never
    billed_version     int,                    -- the version it was last brought up to,
    billed_on          date,                   -- and from which day on it bills by that
    collection         text        CHECK (collection IN ('CHARGE', 'INVOICE', 'NONE')),
    follows            text,                   -- the subscription whose end starts it
    billing_id         text,                   -- what other systems call it
    salesforce_id      text,
    metadata           jsonb       NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers,
    FOREIGN KEY (tenant_id, paying_customer_id) REFERENCES customers (tenant_id, id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES products,
    FOREIGN KEY (tenant_id, contract_id) REFERENCES contracts,
    FOREIGN KEY (tenant_id, agreement_id) REFERENCES contracts (tenant_id, id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
    CONSTRAINT a_trial_says_how_it_ends CHECK ((trial_ends_at IS NULL) = (trial_end IS NULL)),
    CONSTRAINT one_of_a_product_at_a_time EXCLUDE USING gist (
        tenant_id WITH =, customer_id WITH =, product_id WITH =,
        coalesce(resource_id, '') WITH =,
        tstzrange(coalesce(trial_ends_at, starts_at),
                  CASE WHEN ends_at IS NOT NULL
                       THEN greatest(ends_at, coalesce(trial_ends_at, starts_at)) END) WITH &&
    ) WHERE (product_id IS NOT NULL AND NOT is_payment_pending) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT one_trial_of_a_product_at_a_time EXCLUDE USING gist (
        tenant_id WITH =, customer_id WITH =, product_id WITH =,
        coalesce(resource_id, '') WITH =,
        tstzrange(starts_at, greatest(starts_at, least(trial_ends_at, ends_at))) WITH &&
    ) WHERE (product_id IS NOT NULL AND NOT is_payment_pending AND trial_ends_at IS NOT NULL)
      DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX subscriptions_by_customer ON subscriptions (tenant_id, customer_id);
CREATE INDEX subscriptions_by_contract ON subscriptions (tenant_id, contract_id);
CREATE INDEX subscriptions_by_agreement ON subscriptions (tenant_id, agreement_id);
CREATE INDEX subscriptions_to_bill ON subscriptions (tenant_id, billing_due_at)
    WHERE billing_due_at IS NOT NULL;
CREATE INDEX subscriptions_by_age ON subscriptions (tenant_id, created_at, id);
CREATE INDEX subscriptions_by_follower ON subscriptions (tenant_id, follows)
    WHERE follows IS NOT NULL;

-- Terms from an instant on; of one instant the last made counts.
CREATE TABLE subscription_versions (
    tenant_id        text        NOT NULL,
    subscription_id  text        NOT NULL,
    number           int         NOT NULL CHECK (number > 0),
    effective_at     timestamptz NOT NULL,
    terms            jsonb       NOT NULL,   -- plan version, add-ons, quantities, overrides, prices
    changes          jsonb       NOT NULL,   -- what of them was scheduled; empty: at once
    is_reset         boolean     NOT NULL,   -- usage counts from zero again
    proration        text        CHECK (proration IN
                     ('INVOICE_IMMEDIATELY', 'CREATE_PRORATIONS', 'NONE')),
    created_at       timestamptz NOT NULL,
    called_off_at    timestamptz,
    PRIMARY KEY (tenant_id, subscription_id, number),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions
);

-- ------------------------------------------------------------------------------------- usage --

-- No foreign key to its tenant: whoever writes an event is held to a tenant that there is by the wall
-- below, and looking it up for each of a thousand events would take a fifth of their time.
CREATE TABLE usage_events (
    tenant_id        text        NOT NULL,
    customer_id      text        NOT NULL,   -- no foreign key: events may come before their customer
    event_name       text        NOT NULL,
    idempotency_key  text        NOT NULL,
    occurred_at      timestamptz NOT NULL,
    received_at      timestamptz NOT NULL,
    resource_id      text,
    dimensions       jsonb       NOT NULL CHECK (jsonb_typeof(dimensions) = 'object'),
    reverses         text,                   -- the key of the event that this one takes back
    reversed_by      text,                   -- the key of the event that took this one back
    CONSTRAINT an_event_counts_once
        PRIMARY KEY (tenant_id, customer_id, event_name, idempotency_key),
    CONSTRAINT a_reversal_takes_back_what_was_kept
        FOREIGN KEY (tenant_id, customer_id, event_name, reverses) REFERENCES usage_events,
    CONSTRAINT a_reversal_is_not_taken_back CHECK (num_nonnulls(reverses, reversed_by) < 2),
    CONSTRAINT an_event_has_a_name CHECK (length(event_name) BETWEEN 1 AND 255),
    CONSTRAINT an_event_has_a_key CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    CONSTRAINT an_event_is_not_of_the_future CHECK (occurred_at - received_at <= '1 hour'::interval)
);
CREATE INDEX usage_events_by_window
    ON usage_events (tenant_id, customer_id, event_name, occurred_at);
CREATE UNIQUE INDEX an_event_is_taken_back_once
    ON usage_events (tenant_id, customer_id, event_name, reverses) WHERE reverses IS NOT NULL;

-- What was used in the windows that somebody asked for. The statement that takes events in adds them
-- here too, so that a count is right at once and costs one row to read (store/usage_counters.py).
CREATE TABLE usage_counters (
    tenant_id     text        NOT NULL REFERENCES tenants,
    customer_id   text        NOT NULL,   -- no foreign key: as with events
    feature_id    text        NOT NULL,
    scope         text        NOT NULL,   -- '*': all events; 'R' and a resource's id: only its own
    window_start  timestamptz NOT NULL,
    window_end    timestamptz,            -- null: open, it counts for ever
    event_name    text        NOT NULL,   -- and the rest of the meter it was counted by
    aggregation   text        NOT NULL,
    field         text,
    filters       jsonb,
    quantity      numeric     NOT NULL,
    event_count   bigint      NOT NULL,   -- events that were read; 0: the quantity says nothing
    is_stale      boolean     NOT NULL,   -- events came that cannot be added: count anew
    changed_in    xid8        NOT NULL,   -- the transaction that changed it last
    CONSTRAINT a_window_is_counted_once UNIQUE NULLS NOT DISTINCT
        (tenant_id, customer_id, feature_id, scope, window_start, window_end)
) WITH (fillfactor = 70);                 -- room beside each row for its next state
CREATE INDEX usage_counters_by_event ON usage_counters (tenant_id, customer_id, event_name);

-- The keys of reports of calculated usage, for a week of the world's time each.
CREATE TABLE usage_reports (
    tenant_id        text        NOT NULL REFERENCES tenants,
    customer_id      text        NOT NULL,
    feature_id       text        NOT NULL,
    idempotency_key  text        NOT NULL,
    measurement_id   text        NOT NULL,   -- the key of the event it is kept as
    reported_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, customer_id, feature_id, idempotency_key)
);

-- How a meter reads dimensions. domain/metering says in words what these say in SQL, and
-- tests/store/test_usage.py holds them to the same answers. No value makes them fail. A condition
-- comes as {field, operation, values, numbers}: its values, and those of them that are numbers.

-- The number a dimension is, or plainly reads as ("12.50", not "12abc"); null for anything else.
CREATE FUNCTION usage_number(dimension jsonb) RETURNS numeric IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN jsonb_typeof(dimension) = 'number' THEN dimension::numeric
    WHEN jsonb_typeof(dimension) = 'string'
     AND dimension #>> '{}' ~ '^-?[0-9]{1,17}([.][0-9]{1,12})?$' THEN (dimension #>> '{}')::numeric
END;

-- A number equals a number, anything else its text, to the letter; null without the dimension.
CREATE FUNCTION usage_equals_any(condition jsonb, dimension jsonb) RETURNS boolean
IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(dimension)
    WHEN 'number' THEN condition -> 'numbers' @> dimension
    ELSE condition -> 'values' ? (dimension #>> '{}')
END;

-- Whether a dimension (null: the event lacks it) satisfies one condition of a filter.
CREATE FUNCTION usage_condition_holds(condition jsonb, dimension jsonb) RETURNS boolean
IMMUTABLE PARALLEL SAFE
RETURN coalesce(CASE condition ->> 'operation'
    WHEN 'EQUALS' THEN usage_equals_any(condition, dimension)
    WHEN 'IN' THEN usage_equals_any(condition, dimension)
    WHEN 'NOT_EQUALS' THEN usage_equals_any(condition, dimension) IS NOT TRUE
    WHEN 'IS_NULL' THEN dimension IS NULL
    WHEN 'IS_NOT_NULL' THEN dimension IS NOT NULL
    WHEN 'GREATER_THAN'
    THEN usage_number(dimension) > (condition #>> '{numbers,0}')::numeric
    WHEN 'GREATER_THAN_OR_EQUAL'
    THEN usage_number(dimension) >= (condition #>> '{numbers,0}')::numeric
    WHEN 'LESS_THAN'
    THEN usage_number(dimension) < (condition #>> '{numbers,0}')::numeric
    WHEN 'LESS_THAN_OR_EQUAL'
    THEN usage_number(dimension) <= (condition #>> '{numbers,0}')::numeric
    WHEN 'CONTAINS' THEN strpos(dimension #>> '{}', condition #>> '{values,0}') > 0
    WHEN 'STARTS_WITH' THEN starts_with(dimension #>> '{}', condition #>> '{values,0}')
    WHEN 'ENDS_WITH'
    THEN right(dimension #>> '{}', length(condition #>> '{values,0}')) = condition #>> '{values,0}'
END, false);

-- Whether an event passes at least one of a meter's filters, all of whose conditions must hold.
-- In PL/pgSQL, whose plain expressions cost a tenth of a subquery a call.
CREATE FUNCTION usage_passes(filters jsonb, dimensions jsonb) RETURNS boolean
IMMUTABLE PARALLEL SAFE LANGUAGE plpgsql AS $$
DECLARE
    conditions jsonb;
    condition  jsonb;
    all_hold   boolean;
BEGIN
    FOR f IN 0 .. jsonb_array_length(filters) - 1 LOOP
        conditions := filters -> f -> 'conditions';
        all_hold := true;
        FOR c IN 0 .. jsonb_array_length(conditions) - 1 LOOP
            condition := conditions -> c;
            all_hold := usage_condition_holds(condition, dimensions -> (condition ->> 'field'));
            EXIT WHEN NOT all_hold;
        END LOOP;
        IF all_hold THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;

-- ------------------------------------------------------------------------- usage from elsewhere --

CREATE TABLE connections (
    tenant_id          text        NOT NULL REFERENCES tenants,
    id                 text        NOT NULL,
    url                text        NOT NULL,
    api_key            text        NOT NULL,   -- the other side's; never shown, logged or audited
    kind               text        NOT NULL CHECK (kind IN ('RUNNING', 'AMOUNTS')),
    since              timestamptz NOT NULL,   -- the first instant whose usage counts
    customers          jsonb       NOT NULL,   -- what a customer there is called here, or null
    features           jsonb       NOT NULL,
    creates_customers  boolean     NOT NULL,
    creates_features   boolean     NOT NULL,
    is_enabled         boolean     NOT NULL,
    problems           jsonb       NOT NULL,   -- what of the other side has no place here
    created_at         timestamptz NOT NULL,
    removed_at         timestamptz,            -- its tracks stay, so that nothing counts twice
    tried_at           timestamptz,            -- when the last sync ended, well or not
    synced_at          timestamptz,            -- when the last one ended that read all it had to
    failure            text,                   -- how the last one failed; null: it did not
    PRIMARY KEY (tenant_id, id)
);

-- What a connection created here, and what the other side said of it then: only what changes there
-- is changed here, and only of these.
CREATE TABLE connection_copies (
    tenant_id      text  NOT NULL,
    connection_id  text  NOT NULL,
    kind           text  NOT NULL CHECK (kind IN ('CUSTOMER', 'FEATURE')),
    there          text  NOT NULL,
    said           jsonb NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, kind, there),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections
);

CREATE TABLE connection_tracks (
    tenant_id       text        NOT NULL,
    id              text        NOT NULL,   -- in the key of every event taken in by it
    connection_id   text        NOT NULL,
    customer_there  text        NOT NULL,
    feature_there   text        NOT NULL,
    customer_id     text        NOT NULL,
    feature_id      text        NOT NULL,
    since           timestamptz NOT NULL,   -- the first instant that counts
    known_since     timestamptz NOT NULL,   -- before that nothing was counted there
    revision        int         NOT NULL CHECK (revision >= 0),   -- of how many readings
    anchor_at       timestamptz,            -- where a running count goes on from
    anchor_value    numeric,
    tried_at        timestamptz,
    read_at         timestamptz,
    read_whole_at   timestamptz,
    changed_at      timestamptz,            -- when something was last taken in
    problem         text,
    ended_at        timestamptz,            -- what it took in was taken back
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES connections,
    CONSTRAINT an_anchor_is_an_instant_and_a_count CHECK (num_nulls(anchor_at, anchor_value) <> 1)
);
CREATE UNIQUE INDEX a_use_is_followed_once
    ON connection_tracks (tenant_id, connection_id, customer_there, feature_there)
    WHERE ended_at IS NULL;
CREATE INDEX connection_tracks_by_use
    ON connection_tracks (tenant_id, customer_id, feature_id);

CREATE TABLE connection_usage (
    tenant_id  text        NOT NULL,
    track_id   text        NOT NULL,
    used_at    timestamptz NOT NULL,
    amount     numeric     NOT NULL,   -- taken in for this instant, all its revisions together
    revision   int         NOT NULL CHECK (revision > 0),
    PRIMARY KEY (tenant_id, track_id, used_at),
    FOREIGN KEY (tenant_id, track_id) REFERENCES connection_tracks
);

-- ------------------------------------------------------------------------------------ access --

-- How often something changed that decides a customer's access; of customer '' that of everybody in
-- the environment. What was worked out of it is good as long as both stand where they stood. Whoever
-- changes a row of these holds it until the commit, so numbers grow in the order of commits.
CREATE TABLE access_versions (
    tenant_id    text        NOT NULL REFERENCES tenants,
    customer_id  text        NOT NULL,
    version      bigint      NOT NULL,
    changed_in   xid8        NOT NULL,   -- the transaction: streams go on from there
    changed_at   timestamptz NOT NULL,   -- the world's time
    PRIMARY KEY (tenant_id, customer_id)
);

-- A customer's is announced (domain/facts.py: EntitlementsUpdated), but for the first, which is that
-- there is such a customer.
CREATE FUNCTION count_access_change(of_tenant text, of_customer text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    WITH counted AS (
        INSERT INTO access_versions AS known
               (tenant_id, customer_id, version, changed_in, changed_at)
        VALUES (of_tenant, of_customer, 1, pg_current_xact_id(), clock_timestamp())
            ON CONFLICT (tenant_id, customer_id) DO UPDATE
           SET version = known.version + 1,
               changed_in = excluded.changed_in,
               changed_at = excluded.changed_at
         WHERE known.changed_in <> excluded.changed_in  -- once a transaction
     RETURNING known.version)
    INSERT INTO outbox (tenant_id, kind, name, subject_id, fact, happened_at)
    SELECT of_tenant, 'EntitlementsUpdated', 'entitlements.updated', of_customer, '{}',
           coalesce(t.clock_at, clock_timestamp())
      FROM counted
      JOIN tenants t ON t.tenant_id = of_tenant
     WHERE counted.version > 1
       AND of_customer <> '';
END $$;

-- Counted when the transaction commits: so nobody waits for another's work, only for its commit.
CREATE FUNCTION access_of_all_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_access_change(NEW.tenant_id, '');
    RETURN NULL;
END $$;
CREATE FUNCTION access_of_customer_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_access_change(NEW.tenant_id, NEW.customer_id);
    IF TG_OP = 'UPDATE' AND OLD.customer_id <> NEW.customer_id THEN
        PERFORM count_access_change(OLD.tenant_id, OLD.customer_id);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION customer_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_access_change(NEW.tenant_id, NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION subscription_version_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_access_change(s.tenant_id, s.customer_id)
       FROM subscriptions s
      WHERE s.tenant_id = NEW.tenant_id
        AND s.id = NEW.subscription_id;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER a_moved_clock_changes_access AFTER UPDATE OF clock_at ON tenants
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION access_of_all_changed();
CREATE CONSTRAINT TRIGGER a_new_feature_changes_access AFTER INSERT ON features
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION access_of_all_changed();
CREATE CONSTRAINT TRIGGER a_feature_changes_access AFTER UPDATE ON features
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW
    WHEN ((OLD.display_name, OLD.meter, OLD.status, OLD.enum_values, OLD.unit_transformation)
          IS DISTINCT FROM
          (NEW.display_name, NEW.meter, NEW.status, NEW.enum_values, NEW.unit_transformation))
    EXECUTE FUNCTION access_of_all_changed();
CREATE CONSTRAINT TRIGGER a_published_version_changes_access
    AFTER INSERT OR UPDATE ON package_versions
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.published_at IS NOT NULL) EXECUTE FUNCTION access_of_all_changed();
CREATE CONSTRAINT TRIGGER a_new_customer_changes_access AFTER INSERT ON customers
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION customer_changed();
CREATE CONSTRAINT TRIGGER a_customer_changes_access
    AFTER UPDATE OF archived_at, clock_at ON customers
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW
    WHEN (OLD.archived_at IS DISTINCT FROM NEW.archived_at
          OR OLD.clock_at IS DISTINCT FROM NEW.clock_at)
    EXECUTE FUNCTION customer_changed();
CREATE CONSTRAINT TRIGGER a_new_subscription_changes_access AFTER INSERT ON subscriptions
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION access_of_customer_changed();
CREATE CONSTRAINT TRIGGER a_subscription_changes_access AFTER UPDATE ON subscriptions
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW
    WHEN ((OLD.customer_id, OLD.resource_id, OLD.plan_id, OLD.starts_at, OLD.ends_at, OLD.anchor,
           OLD.usage_anchor, OLD.trial_ends_at, OLD.is_payment_pending, OLD.canceled_at)
          IS DISTINCT FROM
          (NEW.customer_id, NEW.resource_id, NEW.plan_id, NEW.starts_at, NEW.ends_at, NEW.anchor,
           NEW.usage_anchor, NEW.trial_ends_at, NEW.is_payment_pending, NEW.canceled_at))
    EXECUTE FUNCTION access_of_customer_changed();
CREATE CONSTRAINT TRIGGER new_terms_change_access AFTER INSERT OR UPDATE ON subscription_versions
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION subscription_version_changed();
CREATE CONSTRAINT TRIGGER a_promotion_changes_access
    AFTER INSERT OR UPDATE ON promotional_entitlements
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION access_of_customer_changed();

-- ---------------------------------------------------------------------------------- invoices --

CREATE TABLE invoices (
    tenant_id        text        NOT NULL,
    id               text        NOT NULL,
    legal_entity_id  text        NOT NULL,
    customer_id      text        NOT NULL,
    type             text        NOT NULL CHECK (type IN ('INVOICE', 'CREDIT_NOTE')),
    reason           text        NOT NULL,   -- of a credit note: its code, and words beside it
    disposition      text CHECK (disposition IN ('APPLY', 'BALANCE', 'REFUND')),
    currency         char(3)     NOT NULL,   -- of every *_minor of this invoice and its lines
    status           text        NOT NULL CHECK (status IN ('DRAFT', 'APPROVED', 'ISSUED', 'VOID')),
    bill_on          date        NOT NULL,   -- the day its due items fell due
    grouping         jsonb       NOT NULL,   -- what its due items agree in, beside the day
    net_minor        bigint      NOT NULL,
    tax_minor        bigint      NOT NULL,
    gross_minor      bigint      NOT NULL,
    findings         jsonb       NOT NULL,
    input_hash       text        NOT NULL,   -- of everything the draft was made from
    created_at       timestamptz NOT NULL,
    approved_at      timestamptz,
    approved_by      text,
    number           text,                   -- null until issued, gapless in its series
    issued_on        date,                   -- a day in the legal entity's zone
    due_on           date,
    parties          jsonb,                  -- seller, buyer and text, frozen at issue
    sent_at          timestamptz,
    voided_on        date,
    void_reason      text,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES legal_entities,
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers,
    CONSTRAINT a_number_is_used_once UNIQUE (tenant_id, legal_entity_id, number),
    CONSTRAINT net_and_tax_make_gross CHECK (net_minor + tax_minor = gross_minor),
    CONSTRAINT only_a_credit_note_gives_back CHECK (
        CASE type WHEN 'INVOICE' THEN gross_minor >= 0 ELSE gross_minor <= 0 END),
    CONSTRAINT issued_together CHECK (num_nonnulls(number, issued_on, due_on, parties) IN (0, 4)),
    CONSTRAINT a_draft_has_no_number
        CHECK (status IN ('ISSUED', 'VOID') OR number IS NULL),
    CONSTRAINT an_issued_invoice_has_a_number CHECK (status <> 'ISSUED' OR number IS NOT NULL),
    CONSTRAINT due_after_issue CHECK (due_on >= issued_on),
    CONSTRAINT void_has_its_day CHECK ((status = 'VOID') = (voided_on IS NOT NULL)),
    CONSTRAINT approved_by_somebody CHECK (num_nonnulls(approved_at, approved_by) IN (0, 2)),
    CONSTRAINT approval_comes_first CHECK (status IN ('DRAFT', 'VOID') OR approved_at IS NOT NULL)
);
CREATE INDEX invoices_by_customer ON invoices (tenant_id, customer_id, bill_on);
CREATE INDEX invoices_that_credit ON invoices (tenant_id, customer_id) WHERE type = 'CREDIT_NOTE';
CREATE INDEX invoices_by_age ON invoices (tenant_id, created_at, id);
CREATE INDEX invoices_held ON invoices (tenant_id, status, bill_on, id)
    WHERE status IN ('DRAFT', 'APPROVED');

CREATE TABLE invoice_lines (
    tenant_id         text      NOT NULL,
    invoice_id        text      NOT NULL,
    position          int       NOT NULL CHECK (position >= 1),
    contract_id       text,
    contract_line_id  text,
    kind              text      NOT NULL,
    description       text      NOT NULL,
    unit              text      NOT NULL,
    service_period    daterange NOT NULL CHECK (NOT isempty(service_period)),
    quantity          numeric   NOT NULL,
    unit_amount       numeric,               -- when one price per unit exists, for print
    net_minor         bigint    NOT NULL,
    tax_code          text      NOT NULL,
    tax_category      text      NOT NULL,
    tax_percent       numeric   NOT NULL,
    tax_rule          text      NOT NULL,
    tax_reason        text      NOT NULL,
    tax_minor         bigint    NOT NULL,    -- its share of the document's tax
    tax_parts         jsonb,                 -- where several taxes make it up: each, with its share
    working           json      NOT NULL,    -- in its order: how the amount came about, step by step
    usage             jsonb,                 -- the window's evidence: event count, last received
    source_invoice_id text,                  -- the line of an earlier document that this one gives
    source_position   int,                   -- back or corrects
    for_customer_id   text,                  -- who bought it, where that is not who is invoiced
    PRIMARY KEY (tenant_id, invoice_id, position),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices ON DELETE CASCADE,
    CONSTRAINT a_source_is_a_line
        FOREIGN KEY (tenant_id, source_invoice_id, source_position) REFERENCES invoice_lines,
    CONSTRAINT a_source_is_named_wholly
        CHECK (num_nonnulls(source_invoice_id, source_position) IN (0, 2))
);
CREATE INDEX invoice_lines_by_source
    ON invoice_lines (tenant_id, source_invoice_id, source_position)
    WHERE source_invoice_id IS NOT NULL;

-- Nobody searches inside a working; without it, ANALYZE takes a moment even after a large run.
ALTER TABLE invoice_lines ALTER COLUMN working SET STATISTICS 0;
CREATE INDEX invoice_lines_by_contract ON invoice_lines (tenant_id, contract_id);
CREATE INDEX invoice_lines_without_quote ON invoice_lines (tenant_id, invoice_id)
    WHERE tax_rule = 'quote_missing';

CREATE TABLE invoice_taxes (
    tenant_id      text    NOT NULL,
    invoice_id     text    NOT NULL,
    category       text    NOT NULL,
    percent        numeric NOT NULL,
    taxable_minor  bigint  NOT NULL,
    tax_minor      bigint  NOT NULL,
    reason         text    NOT NULL,
    jurisdiction   text    NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id, category, percent, jurisdiction),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices ON DELETE CASCADE
);

-- Who found a held draft right. They go with the draft when a redraft says something else, and when
-- an approval is taken back; what became of each is in the audit log.
CREATE TABLE invoice_approvals (
    tenant_id    text        NOT NULL,
    invoice_id   text        NOT NULL,
    position     int         NOT NULL CHECK (position >= 1),
    approved_by  text        NOT NULL,
    approved_at  timestamptz NOT NULL,
    input_hash   text        NOT NULL,   -- of what was seen
    comment      text        NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id, position),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices ON DELETE CASCADE,
    CONSTRAINT nobody_approves_twice UNIQUE (tenant_id, invoice_id, approved_by)
);

-- Which days of which contract line stand on a document, at which terms and for how much. What is
-- given back stands no more: its row goes, or shrinks. The second net under the billing run:
-- whatever the code does, no day of a line is on two documents, and no one-off is billed twice.
CREATE TABLE billed_slices (
    tenant_id         text      NOT NULL,
    invoice_id        text      NOT NULL,
    position          int       NOT NULL,
    contract_line_id  text      NOT NULL,
    service_period    daterange NOT NULL CHECK (NOT isempty(service_period)),
    net_minor         bigint    NOT NULL,
    terms_key         text      NOT NULL,
    late_on           date,     -- when its usage turned out to be other than billed
    FOREIGN KEY (tenant_id, invoice_id, position) REFERENCES invoice_lines ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, contract_line_id) REFERENCES contract_lines,
    -- The hash first: ids made in a row would crowd the index, and cost seven times as much. No
    -- plain column but the period: the planner would take this slow index for a look-up by line.
    CONSTRAINT a_day_is_billed_once EXCLUDE USING gist (
        hashtextextended(tenant_id || '/' || contract_line_id, 0) WITH =,
        service_period WITH &&,
        (tenant_id || '/' || contract_line_id) WITH =)
);
CREATE INDEX billed_slices_by_line ON billed_slices (tenant_id, contract_line_id);
CREATE INDEX billed_slices_by_invoice ON billed_slices (tenant_id, invoice_id, position);

-- Days that a later line gave back, so that they stand again should that line be made void.
CREATE TABLE given_back (
    tenant_id          text      NOT NULL,
    invoice_id         text      NOT NULL,   -- of the line that gives back
    position           int       NOT NULL,
    source_invoice_id  text      NOT NULL,   -- of the line whose days they were
    source_position    int       NOT NULL,
    contract_line_id   text      NOT NULL,
    service_period     daterange NOT NULL CHECK (NOT isempty(service_period)),
    net_minor          bigint    NOT NULL,
    terms_key          text      NOT NULL,
    late_on            date,                 -- as it was known of them then
    FOREIGN KEY (tenant_id, invoice_id, position) REFERENCES invoice_lines ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, source_invoice_id, source_position) REFERENCES invoice_lines
);
CREATE INDEX given_back_by_invoice ON given_back (tenant_id, invoice_id);
CREATE INDEX given_back_by_line ON given_back (tenant_id, contract_line_id);
CREATE INDEX given_back_by_source ON given_back (tenant_id, source_invoice_id, source_position);

-- The second net under credit notes made by hand: whatever the code does, and however many are
-- written at once, they never give back more of a line than it has, nor more tax. The source is
-- locked before anything is summed.
CREATE FUNCTION refuse_giving_back_more_than_was_billed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    billed  invoice_lines%ROWTYPE;
    net     numeric;
    tax     numeric;
BEGIN
    PERFORM FROM invoices
      WHERE tenant_id = NEW.tenant_id AND id = NEW.source_invoice_id
        FOR UPDATE;
    SELECT * INTO billed
      FROM invoice_lines
     WHERE tenant_id = NEW.tenant_id
       AND invoice_id = NEW.source_invoice_id
       AND position = NEW.source_position;
    SELECT -coalesce(sum(l.net_minor), 0), -coalesce(sum(l.tax_minor), 0) INTO net, tax
      FROM invoice_lines l
      JOIN invoices i ON i.tenant_id = l.tenant_id AND i.id = l.invoice_id
     WHERE l.tenant_id = NEW.tenant_id
       AND l.source_invoice_id = NEW.source_invoice_id
       AND l.source_position = NEW.source_position
       AND l.contract_line_id IS NULL
       AND i.type = 'CREDIT_NOTE'
       AND i.status <> 'VOID';
    IF net NOT BETWEEN least(billed.net_minor, 0) AND greatest(billed.net_minor, 0)
       OR tax NOT BETWEEN least(billed.tax_minor, 0) AND greatest(billed.tax_minor, 0) THEN
        RAISE EXCEPTION 'line % of invoice % of % net and % tax would have % and % given back',
            NEW.source_position, NEW.source_invoice_id, billed.net_minor, billed.tax_minor, net, tax
            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_more_is_given_back_than_was_billed';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER a_credit_fits_its_line AFTER INSERT ON invoice_lines
    FOR EACH ROW WHEN (NEW.source_invoice_id IS NOT NULL AND NEW.contract_line_id IS NULL)
    EXECUTE FUNCTION refuse_giving_back_more_than_was_billed();

-- What was charged for paying late: each step once an invoice, even when the charge was made void.
CREATE TABLE late_fees (
    tenant_id       text        NOT NULL,
    invoice_id      text        NOT NULL,   -- the one that was paid late
    step            text        NOT NULL,   -- FEE, MONTH 1, INTEREST 2026-03
    fee_invoice_id  text        NOT NULL,   -- the one that charges it
    amount_minor    bigint      NOT NULL CHECK (amount_minor > 0),
    created_at      timestamptz NOT NULL,
    CONSTRAINT a_step_is_charged_once PRIMARY KEY (tenant_id, invoice_id, step),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices,
    FOREIGN KEY (tenant_id, fee_invoice_id) REFERENCES invoices DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX late_fees_by_fee_invoice ON late_fees (tenant_id, fee_invoice_id);

CREATE TABLE invoice_papers (
    tenant_id   text        NOT NULL,
    invoice_id  text        NOT NULL,
    sha256      bytea       NOT NULL CHECK (length(sha256) = 32),
    pdf         bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices
);

-- ------------------------------------------------------------------- payments and the ledger --

CREATE TABLE payments (
    tenant_id        text        NOT NULL,
    id               text        NOT NULL,
    customer_id      text        NOT NULL,
    legal_entity_id  text        NOT NULL,
    currency         char(3)     NOT NULL,
    amount_minor     bigint      NOT NULL CHECK (amount_minor > 0),
    method           text        NOT NULL CHECK (method IN ('BANK_TRANSFER')),
    received_on      date        NOT NULL,   -- booking day on the bank account
    bank_reference   text,                   -- the bank's own id of the movement, once
    remittance       text        NOT NULL,   -- what the payer wrote
    created_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers,
    FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES legal_entities,
    CONSTRAINT a_transfer_is_recorded_once UNIQUE (tenant_id, legal_entity_id, bank_reference)
);
CREATE INDEX payments_by_customer ON payments (tenant_id, customer_id);
CREATE INDEX payments_by_age ON payments (tenant_id, created_at, id);

-- What was given up: a debt that will not be paid, or a difference too small to ask for.
CREATE TABLE write_offs (
    tenant_id       text        NOT NULL,
    id              text        NOT NULL,
    invoice_id      text        NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('BAD_DEBT', 'SMALL_DIFFERENCE')),
    amount_minor    bigint      NOT NULL CHECK (amount_minor > 0),
    tax_minor       bigint      NOT NULL,    -- the tax in it, to be reclaimed
    reason          text        NOT NULL,
    written_off_on  date        NOT NULL,    -- a day in the legal entity's zone
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices,
    CONSTRAINT its_tax_is_within_it CHECK (tax_minor BETWEEN 0 AND amount_minor)
);
CREATE INDEX write_offs_by_invoice ON write_offs (tenant_id, invoice_id);

-- Everything that settles an invoice: a payment, a credit note or a write-off applied to it.
CREATE TABLE allocations (
    tenant_id       text        NOT NULL,
    id              text        NOT NULL,
    payment_id      text,
    credit_note_id  text,
    write_off_id    text,
    invoice_id      text        NOT NULL,
    amount_minor    bigint      NOT NULL CHECK (amount_minor <> 0),   -- negative: taken back
    basis           text        NOT NULL CHECK (basis IN
                    ('NAMED', 'REFERENCE', 'EXACT_AMOUNT', 'OLDEST_DUE', 'SOURCE', 'WRITTEN_OFF',
                     'TAKEN_BACK')),
    takes_back      text,                    -- the allocation this row undoes, once and wholly
    allocated_on    date        NOT NULL,    -- a day in the legal entity's zone
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments,
    FOREIGN KEY (tenant_id, credit_note_id) REFERENCES invoices,
    FOREIGN KEY (tenant_id, write_off_id) REFERENCES write_offs,
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices,
    CONSTRAINT one_thing_is_allocated
        CHECK (num_nonnulls(payment_id, credit_note_id, write_off_id) = 1),
    FOREIGN KEY (tenant_id, takes_back) REFERENCES allocations,
    CONSTRAINT an_allocation_is_taken_back_once UNIQUE (tenant_id, takes_back),
    CONSTRAINT only_a_row_that_takes_back_is_negative CHECK (
        (amount_minor < 0) = (takes_back IS NOT NULL)
        AND (basis = 'TAKEN_BACK') = (takes_back IS NOT NULL))
);
CREATE INDEX allocations_by_invoice ON allocations (tenant_id, invoice_id);
CREATE INDEX allocations_by_payment ON allocations (tenant_id, payment_id);
CREATE INDEX allocations_by_credit_note ON allocations (tenant_id, credit_note_id)
    WHERE credit_note_id IS NOT NULL;
CREATE INDEX allocations_by_write_off ON allocations (tenant_id, write_off_id)
    WHERE write_off_id IS NOT NULL;

-- What of a payment the customer was told to have as credit: kept above zero, released below.
CREATE TABLE customer_credits (
    tenant_id     text        NOT NULL,
    id            text        NOT NULL,
    payment_id    text        NOT NULL,
    amount_minor  bigint      NOT NULL CHECK (amount_minor <> 0),
    kept_on       date        NOT NULL,      -- a day in the legal entity's zone
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments
);
CREATE INDEX customer_credits_by_payment ON customer_credits (tenant_id, payment_id);

-- Money given back to a customer, of a payment or of a credit note. It is owed from the day it is
-- promised, and gone once it is sent; one that was called off gives back what it took.
CREATE TABLE refunds (
    tenant_id        text        NOT NULL,
    id               text        NOT NULL,
    customer_id      text        NOT NULL,
    legal_entity_id  text        NOT NULL,
    currency         char(3)     NOT NULL,
    payment_id       text,
    credit_note_id   text,
    amount_minor     bigint      NOT NULL CHECK (amount_minor > 0),
    method           text        NOT NULL CHECK (method IN ('BANK_TRANSFER')),
    promised_on      date        NOT NULL,   -- days in the legal entity's zone
    sent_on          date,
    canceled_on      date,
    reference        text        NOT NULL,   -- the bank's own id of the movement, once it is sent
    created_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers,
    FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES legal_entities,
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments,
    FOREIGN KEY (tenant_id, credit_note_id) REFERENCES invoices,
    CONSTRAINT one_thing_is_refunded CHECK (num_nonnulls(payment_id, credit_note_id) = 1),
    CONSTRAINT sent_or_canceled_not_both CHECK (num_nonnulls(sent_on, canceled_on) < 2)
);
CREATE INDEX refunds_by_age ON refunds (tenant_id, created_at, id);
CREATE INDEX refunds_by_customer ON refunds (tenant_id, customer_id);
CREATE INDEX refunds_by_payment ON refunds (tenant_id, payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX refunds_by_credit_note ON refunds (tenant_id, credit_note_id)
    WHERE credit_note_id IS NOT NULL;

-- The second net under allocation. Each function locks before it sums, so that it is right by
-- itself, whoever else is allocating at the same moment.
CREATE FUNCTION refuse_an_allocation_that_does_not_fit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    invoice    invoices%ROWTYPE;
    allocated  numeric;
BEGIN
    SELECT * INTO invoice
      FROM invoices
     WHERE tenant_id = NEW.tenant_id AND id = NEW.invoice_id
       FOR UPDATE;
    IF invoice.status <> 'ISSUED' THEN
        RAISE EXCEPTION 'invoice % is %: nothing can be allocated to it', invoice.id, invoice.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'only_an_issued_invoice_is_paid';
    END IF;
    PERFORM FROM payments
      WHERE tenant_id = NEW.tenant_id AND id = NEW.payment_id
        AND customer_id = invoice.customer_id
        AND legal_entity_id = invoice.legal_entity_id
        AND currency = invoice.currency
      UNION ALL
     SELECT FROM invoices
      WHERE tenant_id = NEW.tenant_id AND id = NEW.credit_note_id
        AND type = 'CREDIT_NOTE'
        AND status = 'ISSUED'
        AND customer_id = invoice.customer_id
        AND legal_entity_id = invoice.legal_entity_id
        AND currency = invoice.currency
      UNION ALL
     SELECT FROM write_offs
      WHERE tenant_id = NEW.tenant_id AND id = NEW.write_off_id AND invoice_id = invoice.id;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% and invoice % differ in customer, legal entity or currency',
            coalesce(NEW.payment_id, NEW.credit_note_id, NEW.write_off_id), invoice.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_payment_pays_its_own_customer';
    END IF;
    SELECT sum(amount_minor) INTO allocated
      FROM allocations
     WHERE tenant_id = NEW.tenant_id AND invoice_id = NEW.invoice_id;
    IF allocated NOT BETWEEN 0 AND invoice.gross_minor THEN
        RAISE EXCEPTION 'invoice % of % would have % allocated',
            invoice.id, invoice.gross_minor, allocated
            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_more_is_allocated_than_is_owed';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION refuse_using_more_than_was_paid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid       bigint;
    allocated  numeric;
    kept       numeric;
    refunded   numeric;
BEGIN
    SELECT amount_minor INTO paid
      FROM payments
     WHERE tenant_id = NEW.tenant_id AND id = NEW.payment_id
       FOR UPDATE;
    SELECT coalesce(sum(amount_minor), 0) INTO allocated
      FROM allocations
     WHERE tenant_id = NEW.tenant_id AND payment_id = NEW.payment_id;
    SELECT coalesce(sum(amount_minor), 0) INTO kept
      FROM customer_credits
     WHERE tenant_id = NEW.tenant_id AND payment_id = NEW.payment_id;
    SELECT coalesce(sum(amount_minor), 0) INTO refunded
      FROM refunds
     WHERE tenant_id = NEW.tenant_id AND payment_id = NEW.payment_id AND canceled_on IS NULL;
    IF least(allocated, kept) < 0 OR allocated + kept + refunded > paid THEN
        RAISE EXCEPTION 'payment % of % would have % allocated, % kept as credit and % refunded',
            NEW.payment_id, paid, allocated, kept, refunded
            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_more_is_used_than_was_paid';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION refuse_using_more_than_was_credited() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    note       invoices%ROWTYPE;
    allocated  numeric;
    refunded   numeric;
BEGIN
    SELECT * INTO note
      FROM invoices
     WHERE tenant_id = NEW.tenant_id AND id = NEW.credit_note_id
       FOR UPDATE;
    SELECT coalesce(sum(amount_minor), 0) INTO allocated
      FROM allocations
     WHERE tenant_id = NEW.tenant_id AND credit_note_id = NEW.credit_note_id;
    SELECT coalesce(sum(amount_minor), 0) INTO refunded
      FROM refunds
     WHERE tenant_id = NEW.tenant_id AND credit_note_id = NEW.credit_note_id
       AND canceled_on IS NULL;
    IF note.type <> 'CREDIT_NOTE' OR note.status <> 'ISSUED'
       OR allocated < 0 OR allocated + refunded > -note.gross_minor THEN
        RAISE EXCEPTION 'credit note % of % (%) would have % allocated and % refunded',
            note.id, -note.gross_minor, note.status, allocated, refunded
            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_more_is_used_than_was_credited';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER an_allocation_fits_its_invoice AFTER INSERT ON allocations
    FOR EACH ROW EXECUTE FUNCTION refuse_an_allocation_that_does_not_fit();
CREATE TRIGGER an_allocation_fits_its_payment AFTER INSERT ON allocations
    FOR EACH ROW WHEN (NEW.payment_id IS NOT NULL)
    EXECUTE FUNCTION refuse_using_more_than_was_paid();
CREATE TRIGGER an_allocation_fits_its_credit_note AFTER INSERT ON allocations
    FOR EACH ROW WHEN (NEW.credit_note_id IS NOT NULL)
    EXECUTE FUNCTION refuse_using_more_than_was_credited();
CREATE TRIGGER a_refund_fits_its_payment AFTER INSERT ON refunds
    FOR EACH ROW WHEN (NEW.payment_id IS NOT NULL)
    EXECUTE FUNCTION refuse_using_more_than_was_paid();
CREATE TRIGGER a_refund_fits_its_credit_note AFTER INSERT ON refunds
    FOR EACH ROW WHEN (NEW.credit_note_id IS NOT NULL)
    EXECUTE FUNCTION refuse_using_more_than_was_credited();

-- Of a refund only what became of it changes, and that once.
CREATE FUNCTION refuse_changing_a_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF num_nonnulls(OLD.sent_on, OLD.canceled_on) > 0
       OR to_jsonb(NEW) - '{sent_on,canceled_on,reference}'::text[]
          IS DISTINCT FROM to_jsonb(OLD) - '{sent_on,canceled_on,reference}'::text[] THEN
        RAISE EXCEPTION 'refund % is sent once, or canceled once, and nothing else changes', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER a_refund_is_settled_once BEFORE UPDATE ON refunds
    FOR EACH ROW EXECUTE FUNCTION refuse_changing_a_refund();
CREATE TRIGGER a_customer_credit_fits_its_payment AFTER INSERT ON customer_credits
    FOR EACH ROW EXECUTE FUNCTION refuse_using_more_than_was_paid();

CREATE TABLE ledger_entries (
    tenant_id        text        NOT NULL,
    id               text        NOT NULL,
    legal_entity_id  text        NOT NULL,
    currency         char(3)     NOT NULL,   -- of every amount_minor of its lines
    kind             text        NOT NULL CHECK (kind IN
                     ('INVOICE_ISSUED', 'INVOICE_VOIDED', 'PAYMENT_RECEIVED', 'PAYMENT_ALLOCATED',
                      'ALLOCATION_TAKEN_BACK', 'CUSTOMER_CREDIT_KEPT', 'CUSTOMER_CREDIT_RELEASED',
                      'CREDIT_NOTE_ISSUED', 'CREDIT_NOTE_VOIDED', 'CREDIT_ALLOCATED',
                      'REFUND_PROMISED', 'REFUND_SENT', 'REFUND_CANCELED',
                      'INVOICE_WRITTEN_OFF', 'WRITE_OFF_REVERSED')),
    source_id        text        NOT NULL,   -- the document, payment, allocation it books
    booked_on        date        NOT NULL,   -- a day in the legal entity's zone
    line_count       int         NOT NULL CHECK (line_count >= 2),
    created_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES legal_entities,
    CONSTRAINT booked_once UNIQUE (tenant_id, source_id, kind),
    CONSTRAINT an_entry_is_closed_when_booked UNIQUE (tenant_id, id, line_count)
);
CREATE INDEX ledger_entries_by_day ON ledger_entries (tenant_id, booked_on, id);

-- An entry says how many lines it has, each line repeats it and takes one of the places 1 to
-- line_count. So a whole entry has no room for one more line, ever, and its balance is checked
-- once an entry, when its transaction commits, not once a line.
CREATE TABLE ledger_lines (
    tenant_id     text   NOT NULL,
    entry_id      text   NOT NULL,
    position      int    NOT NULL,
    line_count    int    NOT NULL,
    account       text   NOT NULL CHECK (account IN
                  ('bank', 'receivable', 'bad_debt_tax', 'unapplied_cash', 'customer_credit',
                   'refunds_payable', 'contract_liability', 'tax_payable', 'late_fee_income',
                   'bad_debt', 'payment_differences')),
    amount_minor  bigint NOT NULL CHECK (amount_minor <> 0),   -- debit above zero, credit below
    customer_id   text,
    PRIMARY KEY (tenant_id, entry_id, position),
    CONSTRAINT a_line_has_its_place_in_a_whole_entry FOREIGN KEY (tenant_id, entry_id, line_count)
        REFERENCES ledger_entries (tenant_id, id, line_count),
    CONSTRAINT places_are_numbered_from_one CHECK (position BETWEEN 1 AND line_count)
);

CREATE FUNCTION refuse_an_unbalanced_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lines       bigint;
    difference  numeric;
BEGIN
    SELECT count(*), coalesce(sum(amount_minor), 0) INTO lines, difference
      FROM ledger_lines
     WHERE tenant_id = NEW.tenant_id AND entry_id = NEW.id;
    IF lines <> NEW.line_count THEN
        RAISE EXCEPTION 'ledger entry % has % of its % lines', NEW.id, lines, NEW.line_count
            USING ERRCODE = 'check_violation', CONSTRAINT = 'an_entry_has_its_lines';
    END IF;
    IF difference <> 0 THEN
        RAISE EXCEPTION 'ledger entry % does not balance: % minor units off', NEW.id, difference
            USING ERRCODE = 'check_violation', CONSTRAINT = 'an_entry_balances';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER an_entry_balances
    AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse_an_unbalanced_entry();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: correct it with a new row', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER published_versions_are_fixed BEFORE UPDATE OR DELETE ON package_versions
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION refuse_change();

CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_lines_append_only BEFORE UPDATE OR DELETE ON ledger_lines
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER allocations_append_only BEFORE UPDATE OR DELETE ON allocations
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tax_quotes_append_only BEFORE UPDATE OR DELETE ON tax_quotes
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tax_id_checks_append_only BEFORE UPDATE OR DELETE ON tax_id_checks
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payments_append_only BEFORE UPDATE OR DELETE ON payments
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER write_offs_append_only BEFORE UPDATE OR DELETE ON write_offs
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refunds_stay BEFORE DELETE ON refunds
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER late_fees_stay BEFORE DELETE ON late_fees
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER customer_credits_append_only BEFORE UPDATE OR DELETE ON customer_credits
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER price_indices_append_only BEFORE UPDATE OR DELETE ON price_indices
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fx_rates_append_only BEFORE UPDATE OR DELETE ON fx_rates
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER usage_events_append_only BEFORE DELETE OR UPDATE OF tenant_id, customer_id,
    event_name, idempotency_key, occurred_at, received_at, resource_id, dimensions, reverses
    ON usage_events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER an_event_is_taken_back_for_good BEFORE UPDATE OF reversed_by ON usage_events
    FOR EACH ROW WHEN (OLD.reversed_by IS NOT NULL) EXECUTE FUNCTION refuse_change();

-- --------------------------------------------------------------------- requests and what was --

CREATE TABLE idempotency_keys (
    tenant_id     text        NOT NULL REFERENCES tenants,
    key           text        NOT NULL,
    request_hash  bytea       NOT NULL,
    status_code   int,                    -- null while the first request is still under way
    body          jsonb,
    created_at    timestamptz NOT NULL,   -- the world's time: a moved clock must not expire keys
    PRIMARY KEY (tenant_id, key)
);

CREATE TABLE outbox (
    tenant_id    text        NOT NULL REFERENCES tenants,
    sequence     bigint      GENERATED ALWAYS AS IDENTITY,
    kind         text        NOT NULL,
    name         text        NOT NULL,   -- what webhooks call it: `invoice.issued`
    subject_id   text        NOT NULL,
    fact         jsonb       NOT NULL,
    happened_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, sequence)
);

CREATE TABLE audit_log (
    tenant_id     text        NOT NULL REFERENCES tenants,
    sequence      bigint      GENERATED ALWAYS AS IDENTITY,
    at            timestamptz NOT NULL,
    actor         text        NOT NULL,
    action        text        NOT NULL,
    subject_id    text        NOT NULL,
    before        jsonb,
    after         jsonb,
    PRIMARY KEY (tenant_id, sequence)
);
CREATE INDEX audit_log_by_subject ON audit_log (tenant_id, subject_id, sequence);
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- -------------------------------------------------------------------------- row-level security --

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT c.relname
          FROM pg_class c
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
         WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format($p$CREATE POLICY one_tenant ON %I
            USING (tenant_id = current_setting('usance.tenant_id', true))$p$, name);
    END LOOP;
END $$;

CREATE POLICY platform_registry ON tenants
    USING (current_setting('usance.platform', true) = 'on');
CREATE POLICY platform_registry ON api_keys
    USING (current_setting('usance.platform', true) = 'on');
