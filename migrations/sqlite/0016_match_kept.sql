-- What matching keeps of each appeal, and what changed since it looked: so that a run looks at what changes can touch.

-- The last run; one row.
CREATE TABLE match_run (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    -- Counts the runs, so that two at once are told apart.
    number INTEGER NOT NULL CHECK (number >= 1),
    -- Program, model and vocabulary: what another made is made anew.
    made_with TEXT NOT NULL,
    -- The limit up to which matches pass, and the values behind it.
    limited_by TEXT NOT NULL,
    -- How many open appeals there were.
    appeals INTEGER NOT NULL CHECK (appeals >= 0),
    finished_at INTEGER NOT NULL
) STRICT;

-- What each open appeal wanted when it was last looked at. Derived: a missing row is made anew.
CREATE TABLE match_look (
    appeal_id TEXT NOT NULL PRIMARY KEY REFERENCES appeal (id),
    look BLOB NOT NULL,
    -- Fingerprints of the ruling and of the outcome that is stored; absent where the stored outcome is another's.
    ruling BLOB CHECK (length(ruling) = 16),
    outcome BLOB CHECK (length(outcome) = 16),
    CHECK ((ruling IS NULL) = (outcome IS NULL))
) STRICT;

-- Owners of addresses and memos are looked up however they are spelt.
CREATE INDEX address_by_folded_value ON address (lower(value));

-- What changed since the last run. A migration that makes one of the tables anew must make its triggers anew too.
CREATE TABLE match_changed_appeal (
    number INTEGER NOT NULL PRIMARY KEY,
    appeal_id TEXT NOT NULL
) STRICT;
CREATE TABLE match_changed_address (
    number INTEGER NOT NULL PRIMARY KEY,
    address_id BLOB NOT NULL
) STRICT;
CREATE TABLE match_changed_deposit (
    number INTEGER NOT NULL PRIMARY KEY,
    deposit_id TEXT NOT NULL,
    -- Whether it could be meant before; what it was then, as in its table.
    was INTEGER NOT NULL CHECK (was IN (0, 1)),
    network TEXT,
    tx_id TEXT,
    from_text TEXT,
    to_text TEXT,
    asset TEXT,
    symbol TEXT,
    amount TEXT,
    decimals INTEGER,
    block_time INTEGER,
    memos TEXT,
    imported_memo TEXT,
    CHECK ((was = 1) = (tx_id IS NOT NULL))
) STRICT;

CREATE TRIGGER match_appeal_made AFTER INSERT ON appeal
BEGIN
    INSERT INTO match_changed_appeal (appeal_id) VALUES (NEW.id);
END;
-- Matching itself moves appeals to the three statuses that are left out.
CREATE TRIGGER match_appeal_changed AFTER UPDATE ON appeal
WHEN OLD.user_id <> NEW.user_id OR OLD.created_at <> NEW.created_at OR OLD.claimed_txid <> NEW.claimed_txid
    OR OLD.claimed_network <> NEW.claimed_network OR OLD.claimed_asset <> NEW.claimed_asset
    OR OLD.claimed_amount <> NEW.claimed_amount OR OLD.claimed_to_address <> NEW.claimed_to_address
    OR OLD.claimed_memo <> NEW.claimed_memo OR OLD.claimed_from_address <> NEW.claimed_from_address
    OR OLD.claimed_at <> NEW.claimed_at OR OLD.ownership_proof <> NEW.ownership_proof
    OR OLD.session_view_at IS NOT NEW.session_view_at OR OLD.free_text <> NEW.free_text
    OR OLD.language IS NOT NEW.language OR OLD.time_zone IS NOT NEW.time_zone
    OR (OLD.status <> NEW.status AND NEW.status <> 'matched' AND NEW.status <> 'no_match' AND NEW.status <> 'conflict')
    OR OLD.status = 'refused' OR OLD.status = 'duplicate' OR OLD.status = 'closed'
BEGIN
    INSERT INTO match_changed_appeal (appeal_id) VALUES (NEW.id);
END;
CREATE TRIGGER match_said_made AFTER INSERT ON appeal_said
BEGIN
    INSERT INTO match_changed_appeal (appeal_id) VALUES (NEW.appeal_id);
END;
CREATE TRIGGER match_said_changed AFTER UPDATE ON appeal_said
BEGIN
    INSERT INTO match_changed_appeal (appeal_id) VALUES (NEW.appeal_id);
END;
CREATE TRIGGER match_said_gone AFTER DELETE ON appeal_said
BEGIN
    INSERT INTO match_changed_appeal (appeal_id) VALUES (OLD.appeal_id);
END;
CREATE TRIGGER match_undone_made AFTER INSERT ON match_undone
BEGIN
    INSERT INTO match_changed_appeal (appeal_id) VALUES (NEW.appeal_id);
END;
-- A proof is the account's, whichever of its appeals it was given for.
CREATE TRIGGER match_proof_made AFTER INSERT ON ownership_proof
BEGIN
    INSERT INTO match_changed_appeal (appeal_id)
        SELECT NEW.appeal_id UNION SELECT id FROM appeal WHERE user_id = NEW.account;
END;
-- A person's decision stands in the place of the outcome; where it is taken back, ours must be written again.
CREATE TRIGGER match_truth_made AFTER INSERT ON appeal_truth
BEGIN
    UPDATE match_look SET ruling = NULL, outcome = NULL WHERE appeal_id = NEW.appeal_id;
END;
CREATE TRIGGER match_truth_gone AFTER DELETE ON appeal_truth
BEGIN
    UPDATE match_look SET ruling = NULL, outcome = NULL WHERE appeal_id = OLD.appeal_id;
    INSERT INTO match_changed_appeal (appeal_id) VALUES (OLD.appeal_id);
END;
CREATE TRIGGER match_outcome_gone AFTER DELETE ON match_outcome
BEGIN
    UPDATE match_look SET ruling = NULL, outcome = NULL WHERE appeal_id = OLD.appeal_id;
    INSERT INTO match_changed_appeal (appeal_id) VALUES (OLD.appeal_id);
END;

CREATE TRIGGER match_address_made AFTER INSERT ON address
BEGIN
    INSERT INTO match_changed_address (address_id) VALUES (NEW.id);
END;
CREATE TRIGGER match_address_changed AFTER UPDATE ON address
BEGIN
    INSERT INTO match_changed_address (address_id) VALUES (NEW.id);
END;

CREATE TRIGGER match_deposit_made AFTER INSERT ON deposit
BEGIN
    INSERT INTO match_changed_deposit (deposit_id, was) VALUES (NEW.id, 0);
END;
CREATE TRIGGER match_deposit_changed AFTER UPDATE ON deposit
WHEN (OLD.status = 'gone') <> (NEW.status = 'gone') OR (OLD.kind = 'own_movement') <> (NEW.kind = 'own_movement')
    OR OLD.network <> NEW.network OR OLD.tx_id <> NEW.tx_id OR OLD.from_text IS NOT NEW.from_text
    OR OLD.to_text <> NEW.to_text OR OLD.asset <> NEW.asset OR OLD.symbol IS NOT NEW.symbol
    OR OLD.amount <> NEW.amount OR OLD.decimals <> NEW.decimals OR OLD.block_time IS NOT NEW.block_time
    OR OLD.memos <> NEW.memos OR OLD.imported_memo IS NOT NEW.imported_memo
    OR OLD.memo_finding IS NOT NEW.memo_finding OR OLD.decimals_vouched <> NEW.decimals_vouched
BEGIN
    INSERT INTO match_changed_deposit (deposit_id, was, network, tx_id, from_text, to_text, asset, symbol, amount, decimals,
        block_time, memos, imported_memo)
    SELECT OLD.id, 1, OLD.network, OLD.tx_id, OLD.from_text, OLD.to_text, OLD.asset, OLD.symbol, OLD.amount, OLD.decimals,
        OLD.block_time, OLD.memos, OLD.imported_memo
    WHERE OLD.status <> 'gone' AND OLD.kind <> 'own_movement';
    INSERT INTO match_changed_deposit (deposit_id, was)
    SELECT OLD.id, 0 WHERE OLD.status = 'gone' OR OLD.kind = 'own_movement';
END;
