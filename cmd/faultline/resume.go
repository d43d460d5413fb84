package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/caller"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/ledger"
)

// hearWithin is how long agents have to say hello, which they do each second.
const hearWithin = 2500 * time.Millisecond

func resumeCommand(w *where) *cobra.Command {
	var output string
	within := answerWithin
	cmd := &cobra.Command{
		Use: "resume [ORDER]", Short: "Let experiments run again after halt --all", Args: cobra.MaximumNArgs(1),
		Long: "Lifts what halts the agents: the order that is named, or whichever each of them says. An experiment\n" +
			"that was halted by its own id stays so. Exit code 4 when an agent is silent or still halted.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != report.Text && output != report.JSON {
				return report.ErrFormat(output)
			}
			return w.resume(cmd, strings.Join(args, ""), output, within)
		},
	}
	cmd.Flags().DurationVar(&within, "within", within, "how long to wait for the agents' answers")
	cmd.Flags().StringVarP(&output, "output", "o", report.Text, "text or json")
	return cmd
}

// resumed is what came of a resume.
type resumed struct {
	Lifted []string          `json:"lifted,omitempty"` // agents
	Halted map[string]string `json:"halted,omitempty"` // agents that still are: why
	Silent []string          `json:"silent,omitempty"`
}

func (w *where) resume(cmd *cobra.Command, order, output string, within time.Duration) (err error) {
	s, err := w.settings()
	if err != nil {
		return err
	}
	path := filepath.Join(s.Home, ledger.HaltFileName)
	if h, there := ledger.HaltFile(path); there {
		return fmt.Errorf("resuming: the file %s halts this host (%s); remove it first", path, h.Why)
	}
	conn, err := w.connect(cmd.Context(), halt.RoleOperator)
	if err != nil {
		cmd.PrintErrln("faultline: resuming:", err)
		return exitError(experiment.ExitNotRecovered)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	roster, err := conn.Roster(cmd.Context())
	if err != nil {
		return err
	}
	heard, err := hear(cmd.Context(), conn, roster)
	if err != nil {
		return err
	}
	out, err := lift(cmd.Context(), conn, heard, order, within)
	if err != nil {
		return err
	}
	for _, h := range roster {
		if _, ok := heard[h.Name]; !ok {
			out.Silent = append(out.Silent, h.Name)
		}
	}
	if err := out.print(cmd, output); err != nil {
		return fmt.Errorf("printing what was resumed: %w", err)
	}
	if len(out.Silent)+len(out.Halted) > 0 {
		return exitError(experiment.ExitNotRecovered)
	}
	return nil
}

// hear collects what the agents say of themselves: of all that are on the
// roster, and of whoever else says something meanwhile.
func hear(ctx context.Context, conn *halt.Conn, roster []halt.Hello) (map[string]halt.Hello, error) {
	ctx, stop := context.WithTimeout(ctx, hearWithin)
	defer stop()
	var mu sync.Mutex
	heard := map[string]halt.Hello{}
	err := conn.Hear(ctx, func(h halt.Heard) {
		mu.Lock()
		defer mu.Unlock()
		heard[h.Name] = h.Hello
		missing := slices.ContainsFunc(roster, func(r halt.Hello) bool { _, ok := heard[r.Name]; return !ok })
		if len(roster) > 0 && !missing {
			stop()
		}
	})
	mu.Lock()
	defer mu.Unlock()
	return maps.Clone(heard), err
}

// lift sends a resume of each order that latches an agent; of a named one only
// that.
func lift(ctx context.Context, conn *halt.Conn, heard map[string]halt.Hello, order string, within time.Duration) (resumed, error) {
	out := resumed{Halted: map[string]string{}}
	agents := map[string][]string{} // by order
	for _, name := range slices.Sorted(maps.Keys(heard)) {
		latch := heard[name].Latched
		switch {
		case latch == "":
		case order != "" && latch != order:
			out.Halted[name] = "another order halts it: " + latch
		default:
			agents[latch] = append(agents[latch], name)
		}
	}
	for _, latch := range slices.Sorted(maps.Keys(agents)) {
		ctx, stop := context.WithTimeout(ctx, within)
		got, err := conn.Lift(ctx, halt.Resume{Order: latch, By: caller.Name(), At: time.Now().UTC()}, agents[latch])
		stop()
		if err != nil {
			return out, err
		}
		out.Silent = append(out.Silent, got.Silent...)
		for _, a := range got.Answers {
			if slices.Contains(agents[latch], a.Agent) {
				out.note(a)
			}
		}
	}
	return out, nil
}

func (r *resumed) note(a halt.Answer) {
	switch {
	case len(a.Failed) > 0:
		r.Halted[a.Agent] = strings.Join(a.Failed, "; ")
	case a.Latched != "":
		r.Halted[a.Agent] = "another order halts it: " + a.Latched
	default:
		r.Lifted = append(r.Lifted, a.Agent)
	}
}

func (r resumed) print(cmd *cobra.Command, format string) error {
	if format == report.JSON {
		return printJSON(cmd.OutOrStdout(), r)
	}
	if len(r.Lifted) > 0 {
		cmd.Printf("resumed: %s\n", strings.Join(r.Lifted, ", "))
	} else if len(r.Halted)+len(r.Silent) == 0 {
		cmd.Println("nothing was halted")
	}
	for _, name := range slices.Sorted(maps.Keys(r.Halted)) {
		cmd.PrintErrf("still halted: %s: %s\n", name, r.Halted[name])
	}
	if len(r.Silent) > 0 {
		cmd.PrintErrf("silent: %s; each stays halted until it is resumed\n", strings.Join(r.Silent, ", "))
	}
	return nil
}
