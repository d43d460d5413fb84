//go:build e2e

package e2e_test

// scenarios are those of the methodology. The first defect of each is planted
// in CI, too.
func scenarios() []scenario {
	return []scenario{
		{document: "kafka-broker-stop"},
		{document: "kafka-broker-pause"},
		{document: "memory-exhaustion", sandbox: []string{"--memory-limit", "ingestion=256MiB"}, defects: []planted{
			{"shed-everything", "no trade of high priority is missed"},
		}},
		{document: "schema-incompatibility", defects: []planted{
			{"registry-accepts-all", "an incompatible version is refused"},
		}},
		{document: "data-corruption", sandbox: []string{"--kafka-proxy"}, defects: []planted{
			{"no-digest", "altered"}, {"no-validation", "altered"}, {"dlq-whole-batch", "false_rejects"},
		}},
		{document: "game-day", defects: []planted{{"commit-before-write", "lost_acked"}}},
	}
}
