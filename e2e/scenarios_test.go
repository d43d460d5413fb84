//go:build e2e

package e2e_test

// scenarios are those of the methodology. The first defect of each is planted
// in CI, too.
func scenarios() []scenario {
	return []scenario{
		{document: "kafka-broker-stop"},
	}
}
