package proxy_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// selecting are the names of the parameters that say what a fault meets.
func selecting() []string {
	return []string{"topic", "partition", "client_id", "group", "api", "broker", "direction", "rate", "every", "first", "seed"}
}

// selectionTable has them once, with what most kinds say of them.
func selectionTable() string {
	var b strings.Builder
	b.WriteString("| parameter | says |\n|---|---|\n")
	for _, name := range selecting() {
		for _, k := range rule.Kinds() {
			if i := slices.IndexFunc(k.Parameters, func(p faults.Parameter) bool { return p.Name == name }); i >= 0 {
				says := k.Parameters[i].Summary
				if name == "direction" {
					says = "which way: request, response or both, the default; for faults of records produce or fetch"
				}
				fmt.Fprintf(&b, "| `%s` | %s |\n", name, says)
				break
			}
		}
	}
	return b.String()
}

func kindTable(kinds []faults.Kind) string {
	var b strings.Builder
	b.WriteString("| fault | what happens | parameters of its own | lacks |\n|---|---|---|---|\n")
	for _, k := range kinds {
		var own, lacks []string
		for _, p := range k.Parameters {
			if slices.Contains(selecting(), p.Name) {
				continue
			}
			text := "`" + p.Name + "`: " + p.Summary
			if p.Default != "" {
				text += ", default `" + p.Default + "`"
			}
			own = append(own, text)
		}
		for _, name := range selecting() {
			if k.Without[name] != "" || !slices.ContainsFunc(k.Parameters, func(p faults.Parameter) bool { return p.Name == name }) {
				lacks = append(lacks, "`"+name+"`")
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Name, k.Summary, strings.Join(own, "; "), strings.Join(lacks, ", "))
	}
	return b.String()
}
