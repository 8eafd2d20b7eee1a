"""Rows of the answers that are kept under a caller's Idempotency-Key."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from inventory.store import Transaction

DAY_S = 86400.0

SELECT = """
SELECT request_digest, status, headers, body FROM idempotency_keys
WHERE token_id = :token_id AND key = :key AND created > :since
"""
KEEP = """
INSERT INTO idempotency_keys (token_id, key, request_digest, status, headers, body, created)
VALUES (:token_id, :key, :digest, :status, :headers, :body, :now)
ON CONFLICT (token_id, key) DO UPDATE SET request_digest = :digest, status = :status,
    headers = :headers, body = :body, created = :now
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was given, and the digest of the request that it answered."""

    request_digest: str
    status: int
    headers: Mapping[str, str]
    body: bytes


def find(tx: Transaction, token_id: int, key: str, now: float) -> Kept | None:
    row = tx.one(SELECT, token_id=token_id, key=key, since=now - DAY_S)
    return Kept(row[0], row[1], json.loads(row[2]), row[3]) if row else None


def keep(tx: Transaction, token_id: int, key: str, kept: Kept, now: float) -> None:
    tx.run(
        KEEP,
        token_id=token_id,
        key=key,
        digest=kept.request_digest,
        status=kept.status,
        headers=json.dumps(dict(kept.headers)),
        body=kept.body,
        now=now,
    )
