-- What matching keeps of each appeal, and what changed since it looked: so that a run looks at what changes can touch.

-- The last run; one row.
CREATE TABLE match_run (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    -- Counts the runs, so that two at once are told apart.
    number BIGINT NOT NULL CHECK (number >= 1),
    -- Program, model and vocabulary: what another made is made anew.
    made_with TEXT COLLATE "C" NOT NULL,
    -- The limit up to which matches pass, and the values behind it.
    limited_by TEXT COLLATE "C" NOT NULL,
    -- How many open appeals there were.
    appeals BIGINT NOT NULL CHECK (appeals >= 0),
    finished_at BIGINT NOT NULL
);

-- What each open appeal wanted when it was last looked at. Derived: a missing row is made anew.
CREATE TABLE match_look (
    appeal_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES appeal (id),
    look BYTEA NOT NULL,
    -- Fingerprints of the ruling and of the outcome that is stored; absent where the stored outcome is another's.
    ruling BYTEA CHECK (length(ruling) = 16),
    outcome BYTEA CHECK (length(outcome) = 16),
    CHECK ((ruling IS NULL) = (outcome IS NULL))
);

-- Owners of addresses and memos are looked up however they are spelt.
CREATE INDEX address_by_folded_value ON address (lower(value));

-- What changed since the last run. The triggers below say so.
CREATE TABLE match_changed_appeal (
    number BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL PRIMARY KEY,
    appeal_id TEXT COLLATE "C" NOT NULL
);
CREATE TABLE match_changed_address (
    number BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL PRIMARY KEY,
    address_id BYTEA NOT NULL
);
CREATE TABLE match_changed_deposit (
    number BIGINT GENERATED ALWAYS AS IDENTITY NOT NULL PRIMARY KEY,
    deposit_id TEXT COLLATE "C" NOT NULL,
    -- Whether it could be meant before; what it was then, as in its table.
    was BIGINT NOT NULL CHECK (was IN (0, 1)),
    network TEXT COLLATE "C",
    tx_id TEXT COLLATE "C",
    from_text TEXT COLLATE "C",
    to_text TEXT COLLATE "C",
    asset TEXT COLLATE "C",
    symbol TEXT COLLATE "C",
    amount NUMERIC(78,0),
    decimals BIGINT,
    block_time BIGINT,
    memos TEXT COLLATE "C",
    imported_memo TEXT COLLATE "C",
    CHECK ((was = 1) = (tx_id IS NOT NULL))
);

CREATE FUNCTION match_appeal_is_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'appeal' THEN
        INSERT INTO match_changed_appeal (appeal_id) VALUES (NEW.id);
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO match_changed_appeal (appeal_id) VALUES (OLD.appeal_id);
    ELSE
        INSERT INTO match_changed_appeal (appeal_id) VALUES (NEW.appeal_id);
    END IF;
    RETURN NULL;
END
$$;
-- A proof is the account's, whichever of its appeals it was given for.
CREATE FUNCTION match_user_is_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO match_changed_appeal (appeal_id)
        SELECT NEW.appeal_id UNION SELECT id FROM appeal WHERE user_id = NEW.account;
    RETURN NULL;
END
$$;
-- A person's decision stands in the place of the outcome; where it is taken back, ours must be written again.
CREATE FUNCTION match_outcome_is_anothers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE match_look SET ruling = NULL, outcome = NULL WHERE appeal_id = OLD.appeal_id;
    ELSE
        UPDATE match_look SET ruling = NULL, outcome = NULL WHERE appeal_id = NEW.appeal_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION match_address_is_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO match_changed_address (address_id) VALUES (NEW.id);
    RETURN NULL;
END
$$;
CREATE FUNCTION match_deposit_is_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO match_changed_deposit (deposit_id, was) VALUES (NEW.id, 0);
    ELSIF OLD.status = 'gone' OR OLD.kind = 'own_movement' THEN
        INSERT INTO match_changed_deposit (deposit_id, was) VALUES (OLD.id, 0);
    ELSE
        INSERT INTO match_changed_deposit (deposit_id, was, network, tx_id, from_text, to_text, asset, symbol, amount,
            decimals, block_time, memos, imported_memo)
        VALUES (OLD.id, 1, OLD.network, OLD.tx_id, OLD.from_text, OLD.to_text, OLD.asset, OLD.symbol, OLD.amount,
            OLD.decimals, OLD.block_time, OLD.memos, OLD.imported_memo);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER match_appeal_made AFTER INSERT ON appeal
    FOR EACH ROW EXECUTE FUNCTION match_appeal_is_changed();
-- Matching itself moves appeals to the three statuses that are left out.
CREATE TRIGGER match_appeal_changed AFTER UPDATE ON appeal
    FOR EACH ROW WHEN (OLD.user_id <> NEW.user_id OR OLD.created_at <> NEW.created_at OR OLD.claimed_txid <> NEW.claimed_txid
        OR OLD.claimed_network <> NEW.claimed_network OR OLD.claimed_asset <> NEW.claimed_asset
        OR OLD.claimed_amount <> NEW.claimed_amount OR OLD.claimed_to_address <> NEW.claimed_to_address
        OR OLD.claimed_memo <> NEW.claimed_memo OR OLD.claimed_from_address <> NEW.claimed_from_address
        OR OLD.claimed_at <> NEW.claimed_at OR OLD.ownership_proof <> NEW.ownership_proof
        OR OLD.session_view_at IS DISTINCT FROM NEW.session_view_at OR OLD.free_text <> NEW.free_text
        OR OLD.language IS DISTINCT FROM NEW.language OR OLD.time_zone IS DISTINCT FROM NEW.time_zone
        OR (OLD.status <> NEW.status AND NEW.status <> 'matched' AND NEW.status <> 'no_match' AND NEW.status <> 'conflict')
        OR OLD.status = 'refused' OR OLD.status = 'duplicate' OR OLD.status = 'closed')
    EXECUTE FUNCTION match_appeal_is_changed();
CREATE TRIGGER match_said_changed AFTER INSERT OR UPDATE OR DELETE ON appeal_said
    FOR EACH ROW EXECUTE FUNCTION match_appeal_is_changed();
CREATE TRIGGER match_undone_made AFTER INSERT ON match_undone
    FOR EACH ROW EXECUTE FUNCTION match_appeal_is_changed();
CREATE TRIGGER match_proof_made AFTER INSERT ON ownership_proof
    FOR EACH ROW EXECUTE FUNCTION match_user_is_changed();
CREATE TRIGGER match_truth_made AFTER INSERT OR DELETE ON appeal_truth
    FOR EACH ROW EXECUTE FUNCTION match_outcome_is_anothers();
CREATE TRIGGER match_truth_gone AFTER DELETE ON appeal_truth
    FOR EACH ROW EXECUTE FUNCTION match_appeal_is_changed();
CREATE TRIGGER match_outcome_gone AFTER DELETE ON match_outcome
    FOR EACH ROW EXECUTE FUNCTION match_outcome_is_anothers();
CREATE TRIGGER match_outcome_missing AFTER DELETE ON match_outcome
    FOR EACH ROW EXECUTE FUNCTION match_appeal_is_changed();
CREATE TRIGGER match_address_made AFTER INSERT OR UPDATE ON address
    FOR EACH ROW EXECUTE FUNCTION match_address_is_changed();
CREATE TRIGGER match_deposit_made AFTER INSERT ON deposit
    FOR EACH ROW EXECUTE FUNCTION match_deposit_is_changed();
CREATE TRIGGER match_deposit_changed AFTER UPDATE ON deposit
    FOR EACH ROW WHEN ((OLD.status = 'gone') <> (NEW.status = 'gone')
        OR (OLD.kind = 'own_movement') <> (NEW.kind = 'own_movement')
        OR OLD.network <> NEW.network OR OLD.tx_id <> NEW.tx_id OR OLD.from_text IS DISTINCT FROM NEW.from_text
        OR OLD.to_text <> NEW.to_text OR OLD.asset <> NEW.asset OR OLD.symbol IS DISTINCT FROM NEW.symbol
        OR OLD.amount <> NEW.amount OR OLD.decimals <> NEW.decimals OR OLD.block_time IS DISTINCT FROM NEW.block_time
        OR OLD.memos <> NEW.memos OR OLD.imported_memo IS DISTINCT FROM NEW.imported_memo
        OR OLD.memo_finding IS DISTINCT FROM NEW.memo_finding OR OLD.decimals_vouched <> NEW.decimals_vouched)
    EXECUTE FUNCTION match_deposit_is_changed();
