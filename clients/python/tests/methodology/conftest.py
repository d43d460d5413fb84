"""What the methodology's examples expect to be there, made of the sandbox. The examples themselves are in the files beside,
changed in nothing but fixtures and times."""

from __future__ import annotations

import time

import pytest
from faultline_chaos import Platform, Settings, SteadyStateMonitor, SystemHealth
from sandbox import Api, DeadLetters, Ingestion, Registry, Storage, Trade, addresses, eventually, trades

WINDOW = 12.0


@pytest.fixture(scope="session")
def platform(faultline_platform: Platform) -> Platform:
    return faultline_platform


@pytest.fixture(scope="session")
def where(platform: Platform) -> dict[str, str]:
    return addresses(platform)


@pytest.fixture
def kafka_cluster() -> str:
    return "kafka"


@pytest.fixture
def minio_backend(api_client: Api) -> Storage:
    return Storage("trades-table", api_client)


@pytest.fixture(scope="session")
def api_client(where: dict[str, str]) -> Api:
    return Api(where["query"])


@pytest.fixture(scope="session")
def ingestion(where: dict[str, str]) -> Ingestion:
    return Ingestion(where["ingestion"])


@pytest.fixture(scope="session")
def schema_registry(platform: Platform) -> Registry:
    return Registry(**platform.targets["trades-subject"]["registry"])


@pytest.fixture
def dead_letters(platform: Platform):
    books = platform.books["trades"]
    letters = DeadLetters(",".join(books["brokers"]), books["dead_letters"])
    yield letters
    letters.close()


@pytest.fixture
def monitor(faultline_settings: Settings, platform: Platform):
    with SteadyStateMonitor(settings=faultline_settings, platform=platform) as m:
        m.establish_baseline(2, 0.5)
        yield m


@pytest.fixture
def sample_market_data(ingestion: Ingestion) -> list[Trade]:
    return [ingestion.send("trades", t) for t in trades(5)]


@pytest.fixture
def measure_system_health(monitor: SteadyStateMonitor):
    def measure() -> SystemHealth:
        time.sleep(WINDOW)  # the platform's rates look back on so much
        return monitor.current()

    return measure


@pytest.fixture
def measure_steady_state(monitor: SteadyStateMonitor):
    return lambda: monitor.baseline_metrics


@pytest.fixture
def wait_for_recovery(monitor: SteadyStateMonitor):
    def wait(baseline: SystemHealth) -> float:
        began = time.monotonic()
        assert eventually(lambda: monitor.current().get("ingestion_rate", 0) >= 0.9 * baseline.ingestion_rate, 120)
        return time.monotonic() - began

    return wait


@pytest.fixture
def circuit_breaker(api_client: Api) -> Api:
    return api_client


@pytest.fixture
def query_engine(api_client: Api) -> Api:
    return api_client


@pytest.fixture
def make_api_calls(api_client: Api):
    return lambda: [api_client.get("/api/v1/trades") for _ in range(20)]


@pytest.fixture
def STEADY_STATE(monitor: SteadyStateMonitor) -> dict[str, float]:
    return {f"healthy.{s}": 1.0 for s in monitor.platform.services}


@pytest.fixture
def system_health(monitor: SteadyStateMonitor, STEADY_STATE: dict[str, float]):
    def health() -> dict[str, float]:
        def now() -> dict[str, float]:
            return {k: v for k, v in monitor.current().items() if k in STEADY_STATE}

        eventually(lambda: now() == STEADY_STATE)
        return now()

    return health


@pytest.fixture
def monitor_ingestion_service(ingestion: Ingestion):
    def look() -> Ingestion:
        return ingestion

    return look


@pytest.fixture
def send_trades(ingestion: Ingestion):
    def send(priority: str) -> list[Trade]:
        return [ingestion.send("trades", t) for t in trades(20, priority=priority)]

    return send


@pytest.fixture
def KafkaProducer(ingestion: Ingestion):
    return lambda config: ingestion


@pytest.fixture
def kafka_producer(ingestion: Ingestion) -> Ingestion:
    return ingestion


@pytest.fixture
def sent() -> list[Trade]:
    """What generate_test_trades made last."""
    return []


@pytest.fixture
def generate_test_trades(sent: list[Trade]):
    def generate(count: int) -> list[Trade]:
        sent[:] = trades(count)
        return list(sent)

    return generate


@pytest.fixture
def query_stored_trades(api_client: Api, sent: list[Trade]):
    def query(limit: int | None = None) -> list[dict]:
        symbol = sent[0].fields["symbol"]
        if limit is not None:  # a slow machine may take longer than the example waits
            eventually(lambda: len(api_client.stored(symbol, limit)) == limit, 60)
        return api_client.stored(symbol, limit or 1000)

    return query


@pytest.fixture
def validate_trade_integrity(sent: list[Trade]):
    def valid(stored: dict) -> bool:
        found = {t.id: t.fields for t in sent}.get(stored["trade_id"])
        return found is not None and all(float(stored[k]) == float(found[k]) for k in ("price", "quantity"))

    return valid


@pytest.fixture
def get_dead_letter_queue_messages(dead_letters: DeadLetters):
    return dead_letters.messages
