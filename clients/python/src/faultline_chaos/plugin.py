"""The pytest plugin: marker chaos, fixtures chaos and faultline_platform. Tests with the marker, or that use a fixture
of it, run where a pipeline is; they fail where none is."""

from __future__ import annotations

from typing import Iterator

import pytest

from .context import ChaosContext
from .monitor import SteadyStateMonitor
from .platform import Platform
from .settings import Settings


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --faultline-home."""
    parser.getgroup("faultline").addoption("--faultline-home", default=None, help="state folder of the pipeline; default $FAULTLINE_HOME or ./.faultline")


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", "chaos(**settings): breaks something on purpose; the arguments are those of ChaosContext, for the fixture chaos")


@pytest.fixture(scope="session")
def faultline_settings(request: pytest.FixtureRequest) -> Settings:
    """Where the pipeline is."""
    return Settings.find(request.config.getoption("--faultline-home"))


@pytest.fixture(scope="session")
def faultline_platform(faultline_settings: Settings) -> Platform:
    """The description of the platform under test."""
    return Platform.load(faultline_settings.platform)


@pytest.fixture
def chaos(request: pytest.FixtureRequest, faultline_settings: Settings) -> Iterator[ChaosContext]:
    """A context for the time of the test. Its arguments are those of the marker chaos."""
    marker = request.node.get_closest_marker("chaos")
    arguments = dict(marker.kwargs) if marker else {}
    with ChaosContext(settings=faultline_settings, **arguments) as context:
        yield context


@pytest.fixture
def steady_state(faultline_settings: Settings, faultline_platform: Platform) -> Iterator[SteadyStateMonitor]:
    """A monitor for the time of the test. It watches once it is asked for a baseline or for readings."""
    with SteadyStateMonitor(settings=faultline_settings, platform=faultline_platform) as monitor:
        yield monitor
