//go:build e2e

package e2e_test

// scenarios are those of the methodology. The first defect of each is planted
// in CI, too.
func scenarios() []scenario {
	return []scenario{
		{document: "kafka-broker-stop", defects: []planted{{"no-buffer", "loss_fraction"}}},
		{document: "kafka-broker-pause", defects: []planted{{"no-buffer", "loss_fraction"}}},
		{document: "kafka-broker-kill", defects: []planted{{"no-buffer", "loss_fraction"}}},
		{document: "memory-exhaustion", sandbox: []string{"--memory-limit", "ingestion=256MiB"}, defects: []planted{
			{"shed-everything", "no trade of high priority is missed"},
		}},
		{document: "schema-incompatibility", defects: []planted{
			{"registry-accepts-all", "an incompatible version is refused"},
		}},
		{document: "data-corruption", sandbox: []string{"--kafka-proxy"}, defects: []planted{
			{"no-digest", "altered"}, {"no-validation", "altered"}, {"dlq-whole-batch", "false_rejects"},
		}},
		{document: "network-partition", sandbox: []string{"--links"}, defects: []planted{
			{"breaker-never-opens", "a circuit breaker that opens"},
			{"fallback-empty", "answers from the fallback with marker and age"},
			{"health-lies", "a health check that says what is wrong"},
			{"slow-recovery", "the circuit breaker is closed"},
		}},
		{document: "iceberg-metadata-corruption", sandbox: []string{"--links"}, defects: []planted{
			{"stale-metadata-served", "answers 503 with storage_unavailable"},
			{"503-as-500", "answers 503 with storage_unavailable"},
			{"health-lies", "a health check that says what is wrong"},
		}},
		{document: "cpu-saturation", sandbox: []string{"--cpu-limit", "query=50%"}, defects: []planted{{"slow-recovery", "answers in full"}}},
		{document: "all-green", alone: true, defects: []planted{
			{"drop-after-ack=1/100", "lost_acked"},
			{"swap-price-quantity=1/100", "altered"},
			{"truncate-decimal=1/100", "altered"},
			{"shift-timestamp=1/100", "altered"},
			{"write-twice=1/5", "stored_twice"},
			{"orphan-commit=1/5", "integrity_check: snapshot_chain"},
		}},
		{document: "game-day", defects: []planted{{"commit-before-write", "lost_acked"}}},
	}
}
