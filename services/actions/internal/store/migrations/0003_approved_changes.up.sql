-- libs/approval: which approved requests were carried out here.
CREATE TABLE approved_changes (
    request_id uuid        PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);
