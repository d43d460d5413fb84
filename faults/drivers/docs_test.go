package drivers_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
)

var update = flag.Bool("update", false, "write the tables of docs/FAULTS.md") //nolint:gochecknoglobals // a flag of the test binary

const (
	guide = "../../docs/FAULTS.md"
	begin = "<!-- made by go test ./faults/drivers -update -->\n"
	end   = "<!-- end of what is made -->\n"
)

func TestTheGuideListsEveryFault(t *testing.T) {
	text, err := os.ReadFile(guide)
	require.NoError(t, err)
	head, rest, found := strings.Cut(string(text), begin)
	require.True(t, found, "docs/FAULTS.md lacks the mark where its tables begin")
	_, tail, found := strings.Cut(rest, end)
	require.True(t, found, "docs/FAULTS.md lacks the mark where its tables end")
	want := head + begin + tables() + end + tail
	if *update {
		require.NoError(t, os.WriteFile(guide, []byte(want), 0o600))
		return
	}
	assert.Equal(t, want, string(text), "docs/FAULTS.md is out of date: run go test ./faults/drivers -update")
}

// tables has one section for each family: what comes before the first dot.
func tables() string {
	var b strings.Builder
	family := ""
	for _, k := range drivers.Kinds() {
		if f, _, _ := strings.Cut(k.Name, "."); f != family {
			family = f
			fmt.Fprintf(&b, "\n### %s\n\n| fault | breaks | risk | parameters | what it does |\n|---|---|---|---|---|\n", family)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", k.Name, targets(k), k.Risk, parameters(k), cell(k.Summary))
	}
	return b.String() + "\n"
}

func targets(k faults.Kind) string {
	if len(k.Breaks) == 0 {
		return "any, and leaves it alone"
	}
	names := make([]string, len(k.Breaks))
	for i, b := range k.Breaks {
		names[i] = string(b)
	}
	return strings.Join(names, ", ")
}

func parameters(k faults.Kind) string {
	parts := make([]string, len(k.Parameters))
	for i, p := range k.Parameters {
		parts[i] = "`" + p.Name + "`"
		if p.Default != "" {
			parts[i] += " (" + cell(p.Default) + ")"
		}
	}
	return strings.Join(parts, ", ")
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
