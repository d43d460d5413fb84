//go:build e2e

package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/SCENARIOS.md and its plots anew, of the scenarios that run") //nolint:gochecknoglobals // a flag of go test

const (
	scenariosFile = "../docs/SCENARIOS.md"
	section       = "\n## "
)

const scenariosHead = `# The scenarios, as they ran

Each document in ` + "`experiments/`" + ` ran on the sandbox as a user runs it, in its profile ` + "`demo`" + `, and this page is what ` + "`faultline show`" + ` and
` + "`faultline show ID --plot`" + ` said of it then: ` + "`make scenarios-doc`" + ` writes it from runs, and nothing here is written by hand. A scenario counts only
if a defect planted in the sandbox turns its verdict; which ones did is said below each run. Red is the time in which the fault was seen.
`

// plotFile is where the plot of a scenario goes.
func plotFile(t *testing.T, document string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "docs", "scenarios", document+".svg"))
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	return path
}

// writeScenarios replaces the sections of the scenarios that ran, and leaves
// those of others.
func writeScenarios(t *testing.T, cells []cell) {
	t.Helper()
	old, err := os.ReadFile(scenariosFile)
	if err != nil && !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	sections := map[string]string{}
	for _, s := range strings.Split(string(old), section)[1:] {
		name, _, _ := strings.Cut(s, "\n")
		sections[name] = strings.TrimRight(s, "\n") + "\n"
	}
	for _, s := range scenarios() {
		if text := scenarioSection(s, cells); text != "" {
			sections[s.document] = text
		}
	}
	if len(sections) == 0 {
		return // nothing ran as it should
	}
	out := scenariosHead
	for _, s := range scenarios() {
		if text := sections[s.document]; text != "" {
			out += section + text
		}
	}
	require.NoError(t, os.WriteFile(scenariosFile, []byte(out), 0o600))
}

// scenarioSection is "" where the scenario did not run as it should.
func scenarioSection(s scenario, cells []cell) string {
	var shown string
	var planted strings.Builder
	for _, c := range cells {
		switch {
		case c.scenario != s.document || c.wrong != "":
		case c.defect == "":
			shown = c.shown
		default:
			fmt.Fprintf(&planted, "| `%s` | %s | %s |\n", c.defect, c.verdict, strings.ReplaceAll(strings.Join(c.reasons, "<br>"), "|", `\|`))
		}
	}
	if shown == "" {
		return ""
	}
	up := strings.Join(append([]string{"faultline sandbox up"}, s.sandbox...), " ")
	text := fmt.Sprintf("%s\n\n```sh\n%s &\nfaultline up &\nfaultline run experiments/%s.yaml --profile demo\n```\n\n![the course of the run](scenarios/%s.svg)\n\n```text\n%s```\n",
		s.document, up, s.document, s.document, shown)
	if planted.Len() > 0 {
		text += "\n| planted | verdict | because |\n|---|---|---|\n" + planted.String()
	}
	return text
}
