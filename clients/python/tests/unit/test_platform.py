from __future__ import annotations

from pathlib import Path

import pytest
from faultline_chaos import NotRunning, Platform, Refused, Settings

TARGETS = {
    "kafka": {"process": {}}, "ingestion": {"process": {}}, "store": {"process": {}}, "query": {"process": {}}, "schema-registry": {"process": {}},
    "query-store-link": {"link": {"from": "query", "to": "store"}}, "sink-store-link": {"link": {"from": "sink", "to": "store"}},
    "all": {"members": ["query-store-link", "sink-store-link"]}, "trades-table": {"table": {}},
}
P = Platform("p", "test", TARGETS, names={"minio": "store"}, links={("ingestion-service", "storage-service"): "all"})


@pytest.mark.parametrize(
    ("service", "target"),
    [("kafka", "kafka"), ("ingestion-service", "ingestion"), ("query_service", "query"), ("schema_registry", "schema-registry"), ("storage-service", "store"), ("minio", "store")],
)
def test_services_are_targets(service: str, target: str) -> None:
    assert P.target(service) == target


def test_a_service_that_is_none_says_what_there_is() -> None:
    with pytest.raises(Refused, match="the platform p has all, ingestion, kafka"):
        P.target("elsewhere")


def test_the_way_between_two() -> None:
    assert P.between("query-service", "storage-service") == "query-store-link"
    assert P.between("storage-service", "sink") == "sink-store-link", "either end may be named first"
    assert P.members(P.between("ingestion-service", "storage-service")) == ["query-store-link", "sink-store-link"]
    with pytest.raises(Refused, match="no link or network"):
        P.between("kafka", "storage-service")


def test_the_only_one_of_a_kind() -> None:
    assert P.only("table") == "trades-table"
    with pytest.raises(Refused, match="query-store-link, sink-store-link"):
        P.only("link")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "KAFKA_BROKERS", "KAFKA_PREFIX", "PLATFORM"):
        monkeypatch.delenv(f"FAULTLINE_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_pipeline_is_found_by_what_it_says_of_itself(folder: Path) -> None:
    with pytest.raises(NotRunning, match="faultline up"):
        Settings.find()
    (folder / ".faultline").mkdir()
    (folder / ".faultline" / "up.yaml").write_text("pid: 1\nbrokers: ['127.0.0.1:1']\n")
    assert Settings.find() == Settings(("127.0.0.1:1",), folder / ".faultline" / "sandbox" / "platform.yaml")


def test_the_environment_beats_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "faultline.yaml").write_text("home: h\nplatform: p.yaml\nkafka: {brokers: ['k:1'], prefix: mine}\n")
    assert Settings.find() == Settings(("k:1",), Path("p.yaml"), "mine")
    monkeypatch.setenv("FAULTLINE_KAFKA_BROKERS", "a:1, b:2")
    monkeypatch.setenv("FAULTLINE_KAFKA_PREFIX", "theirs")
    monkeypatch.setenv("FAULTLINE_PLATFORM", "q.yaml")
    found = Settings.find()
    assert (found.bootstrap, found.prefix, found.platform) == ("a:1,b:2", "theirs", Path("q.yaml"))
