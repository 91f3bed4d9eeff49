"""Settings of every test: properties say what holds, not how fast.

A busy machine must not fail them, so no example has a deadline; a test as a whole has one
(pyproject.toml). Set on import, because a property reads its settings when it is defined.
"""

from hypothesis import settings

settings.register_profile(
    "rochdale", settings.get_profile(settings.get_current_profile_name()), deadline=None
)
settings.load_profile("rochdale")
