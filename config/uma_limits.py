"""Limits of asking people for what is theirs (UMA 2.0): tickets, requests, tokens, resources.

Like `config.limits`, of which it is a part, kept apart for length alone. None of these
matters to consensus.
"""

# Permission tickets.
TICKET_S = 300
"""How long a ticket is good, and how long a polling one outlasts its interval."""
TICKETS_MAX = 20_000
"""Tickets at once, of everybody."""
TICKET_TRIES_MAX = 5
"""Claim tokens that may fail in one attempt to be authorized."""
TICKET_CHARACTERS_MAX = 64
PERMISSIONS_MAX = 4
"""Resources of one ticket or token."""
CLAIM_TOKEN_BYTES_MAX = 24_576
"""A credential with proof of possession, or an access token, as it is pushed."""

# Requests that wait for a person's answer.
REQUEST_S = 1_209_600
"""How long a request waits, and how long a refusal answers the next one: 14 days."""
REQUESTS_MAX = 20_000
"""Of everybody, those that concern nobody included."""
REQUESTS_PER_HOLDER_MAX = 50
"""That a person is shown; further ones wait until there is room."""
REQUESTS_PER_PARTY_MAX = 20
"""That one requesting party has waiting at a node."""
POLL_INTERVAL_S = 5
"""Least time between two questions whether a person has answered."""
POLL_INTERVAL_S_MAX = 300
"""The interval doubles with each question that comes too early, up to this."""

# Tokens, and what they open.
RPT_S = 300
RPT_BYTES_MAX = 4_096
RPTS_MAX = 20_000
"""Tokens that are remembered, of everybody."""
RPTS_PER_CLIENT_MAX = 20
"""That one application holds at once for one person's resources."""
RPT_REMEMBERED_S = 3_600
"""How long after its end a token can be upgraded."""
RESOURCES_PER_HOLDER_MAX = 100
RESOURCE_BYTES_MAX = 4_096
"""A resource's description, or a request for a ticket."""
STATEMENT_PERIODS_MAX = 12
"""Closed periods in one statement, the latest ones."""
