"""What all tests share: how hypothesis runs here. A loaded machine is no finding: only pytest-timeout judges time."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
