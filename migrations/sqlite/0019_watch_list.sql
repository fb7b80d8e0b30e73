-- Deposits that cannot go on today, and what each is watched for.

CREATE TABLE watch_entry (
    id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    deposit_id TEXT NOT NULL REFERENCES deposit (id),
    -- The appeal that waits for it; absent where somebody watches the deposit alone.
    appeal_id TEXT REFERENCES appeal (id),
    trigger_code TEXT NOT NULL CHECK (trigger_code IN (
        'network_reopened', 'asset_listed', 'token_reviewed', 'price_known', 'factory_in_place', 'control_known',
        'network_cost_below', 'minimum_reached', 'recoverable', 'date'
    )),
    -- What exactly: a network, an asset, an address, a ceiling, a day; empty where the deposit itself is watched.
    subject TEXT NOT NULL,
    created_by TEXT NOT NULL CHECK (created_by <> ''),
    created_at INTEGER NOT NULL,
    -- The day on which somebody looks at it whatever has come; absent for never.
    recheck_at INTEGER,
    -- When it came, or its day did, and which; absent while it is waited for.
    fired_at INTEGER,
    fired_why TEXT CHECK (fired_why <> ''),
    closed_at INTEGER,
    closed_by TEXT CHECK (closed_by <> ''),
    closed_why TEXT CHECK (closed_why <> ''),
    CHECK ((fired_at IS NULL) = (fired_why IS NULL)),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
    CHECK ((closed_at IS NULL) = (closed_why IS NULL))
) STRICT;
-- One open entry for one thing.
CREATE UNIQUE INDEX watch_entry_once ON watch_entry (deposit_id, trigger_code, subject) WHERE closed_at IS NULL;
CREATE INDEX watch_entry_open ON watch_entry (id) WHERE closed_at IS NULL;
CREATE INDEX watch_entry_appeal ON watch_entry (appeal_id) WHERE appeal_id IS NOT NULL;
