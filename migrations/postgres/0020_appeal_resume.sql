-- Going on with an appeal whose waiting has an end is an act of its own.
ALTER TABLE appeal_act DROP CONSTRAINT appeal_act_act_check;
ALTER TABLE appeal_act ADD CONSTRAINT appeal_act_act_check CHECK (act IN (
    'assign', 'note', 'ask', 'answer', 'confirm', 'correct', 'duplicate', 'refuse', 'wait', 'close', 'reopen', 'resume'
));
