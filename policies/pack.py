"""All rules of the pack, in the order in which they are shown."""

from policies import availability, coverage, data, documents, encryption, exposure, pods, tags, variables

RULES = (
    data.KEPT,
    data.GUARDED,
    encryption.AT_REST_RULE,
    encryption.IN_TRANSIT_RULE,
    exposure.NOT_PUBLIC,
    tags.TAGGED,
    pods.PINNED,
    pods.RESTRICTED,
    variables.BY_REFERENCE,
)
"""Of one resource each."""

STACK_RULES = (
    encryption.BUCKETS_RULE,
    exposure.BUCKETS_CLOSED,
    exposure.WEB_ON_LOAD_BALANCERS,
    documents.LEAST_PRIVILEGE,
    coverage.BACKED_UP,
    coverage.MONITORED,
    availability.REPLICATED,
    availability.DISRUPTION_BUDGET,
)
"""Between resources."""
