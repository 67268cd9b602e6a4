"""Claims of a part of the queue: by groups, at a cost of what is returned and not of what is left out.

A claim group is what is queued of one metric, service, provider and rank; in the index
`ix_refills_queued_part` its refills follow each other. The query goes from the first refill of each group to
that of the next one, leaves out groups that are paused or not wanted, and reads from each of the others as
many refills as a claim may take. Of more groups than that it reads those with the oldest first refills.
"""

from functools import cache

from sqlalchemy import BigInteger, Integer, bindparam, select, text

from storage.column_types import AnySelect
from storage.schema import refills
from storage.sqlite_hints import indexed_by

SPARE = 32
"""Refills that are read beyond the limit on PostgreSQL, for those that another claim locks."""

_LIST = {
    "sqlite": "SELECT value FROM json_each(:{name})",
    "postgresql": "SELECT json_array_elements_text(CAST(:{name} AS json))",
}
_GROUPS = """
WITH RECURSIVE first (metric, claim_service, claim_provider, claim_rank, available_at, refill_id) AS (
    SELECT * FROM (
        SELECT metric, claim_service, claim_provider, claim_rank, available_at, refill_id FROM refills {hint}
        WHERE state = 'queued' AND NOT hidden
        ORDER BY metric, claim_service, claim_provider, claim_rank, available_at, refill_id LIMIT 1
    ) AS of_first_group
    UNION ALL
    SELECT next.metric, next.claim_service, next.claim_provider, next.claim_rank, next.available_at,
        next.refill_id
    FROM first JOIN refills AS next ON next.refill_id = (
        SELECT later.refill_id FROM refills AS later {hint}
        WHERE later.state = 'queued' AND NOT later.hidden
        AND (later.metric, later.claim_service, later.claim_provider, later.claim_rank, later.available_at)
            > (coalesce(first.metric, ''), coalesce(first.claim_service, ''),
                coalesce(first.claim_provider, ''), coalesce(first.claim_rank, 0), 9223372036854775807)
        ORDER BY later.metric, later.claim_service, later.claim_provider, later.claim_rank,
            later.available_at, later.refill_id LIMIT 1
    )
), wanted AS (
    SELECT * FROM first WHERE available_at <= :now
    {filters}
    AND NOT EXISTS (
        SELECT 1 FROM queue_pauses WHERE (part, value) IN (
            ('queue', ''), ('metric', first.metric),
            ('service', first.claim_service), ('provider', first.claim_provider)
        )
    )
    ORDER BY {rank} available_at, refill_id LIMIT :most
)
"""
_OF_GROUP = """
SELECT {columns} FROM refills {hint}
WHERE refills.state = 'queued' AND NOT refills.hidden AND refills.metric = wanted.metric
AND refills.claim_service = wanted.claim_service AND refills.claim_provider = wanted.claim_provider
AND refills.claim_rank = wanted.claim_rank AND refills.available_at <= :now
ORDER BY refills.available_at, refills.refill_id LIMIT :most
"""
_READY = {
    "sqlite": """
SELECT ready.refill_id, ready.claim_rank, ready.available_at FROM wanted
JOIN refills AS ready ON ready.refill_id IN ({of_group})
""",
    "postgresql": """
SELECT ready.refill_id, ready.claim_rank, ready.available_at
FROM wanted CROSS JOIN LATERAL ({of_group}) AS ready
""",
}
_HINT = {"sqlite": indexed_by("ix_refills_queued_part"), "postgresql": ""}
_COLUMNS = {
    "sqlite": "refills.refill_id",
    "postgresql": "refills.refill_id, refills.claim_rank, refills.available_at",
}
_FILTERED = {"metric": "metrics", "claim_provider": "providers", "claim_service": "services"}


@cache
def query_of(engine: str, filters: frozenset[str], *, buyers_first: bool) -> AnySelect:
    """The query of the ids of refills, in the order of the claim, with those filters of `ClaimFilter`.

    Its parameters: `now`, `most` refills of a group, and each filter as a JSON array.
    """
    conditions = [
        f"AND {column} IN ({_LIST[engine].format(name=name)})"
        for column, name in _FILTERED.items()
        if name in filters
    ]
    rank = "{}.claim_rank," if buyers_first else ""
    hint = _HINT[engine]
    groups = _GROUPS.format(hint=hint, filters=" ".join(conditions), rank=rank.format("first"))
    found = _READY[engine].format(of_group=_OF_GROUP.format(hint=hint, columns=_COLUMNS[engine]))
    order = f"ORDER BY {rank.format('ready')} ready.available_at, ready.refill_id LIMIT :most"
    ready = (
        text(f"{groups} {found} {order}")
        .bindparams(*(bindparam(name, type_=BigInteger()) for name in ("now", "most")))
        .columns(refill_id=BigInteger, claim_rank=Integer, available_at=BigInteger)
        .subquery("ready")
    )
    ranked = [ready.c.claim_rank] if buyers_first else []
    return (
        select(refills.c.refill_id)
        .join(ready, ready.c.refill_id == refills.c.refill_id)
        .order_by(*ranked, ready.c.available_at, ready.c.refill_id)
    )
