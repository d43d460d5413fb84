package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/caller"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

const (
	// reachWithin is how long a halt waits for NATS before it does what it can
	// without.
	reachWithin    = 2 * time.Second
	answerWithin   = 5 * time.Second
	whyByOperators = "asked for by an operator"
)

// haltFlags are what a halt is told.
type haltFlags struct {
	all         bool
	why, output string
	within      time.Duration
}

func haltCommand(w *where) *cobra.Command {
	var f haltFlags
	cmd := &cobra.Command{
		Use: "halt [EXPERIMENT]", Short: "Stop an experiment, or everything, now: undo its faults and let none come", Args: cobra.MaximumNArgs(1),
		Long: "Tells every agent over NATS; needs no Kafka and no pipeline. Each agent undoes at once and answers.\n" +
			"--all also keeps anything new from being injected, until faultline resume. Where NATS, or this host's\n" +
			"own agent, does not answer, what this host's ledger holds is barred and undone by this command itself.\n" +
			"Exit code 0: every agent answered and nothing failed. 4: one was silent, or something could not be\n" +
			"undone. Silence is not a stop.",
		ValidArgsFunction: w.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.output != report.Text && f.output != report.JSON {
				return report.ErrFormat(f.output)
			}
			o := halt.Order{Cause: halt.ByOperator, By: caller.Name(), Why: f.why, At: time.Now().UTC(), ID: "halt-" + rand.Text()[:10]}
			if len(args) == 1 {
				o.Experiment = spec.ExperimentID(args[0])
			}
			if f.all == (len(args) == 1) {
				return w.whatToHalt(cmd)
			}
			if len(args) == 1 {
				if err := spec.CheckID(o.Experiment); err != nil {
					return err
				}
			}
			return w.halt(cmd, f, o)
		},
	}
	cmd.Flags().BoolVar(&f.all, "all", false, "stop every experiment, and let nothing new begin until faultline resume")
	cmd.Flags().StringVar(&f.why, "why", whyByOperators, "reason, for those who read what happened")
	cmd.Flags().DurationVar(&f.within, "within", answerWithin, "how long to wait for the agents' answers")
	cmd.Flags().StringVarP(&f.output, "output", "o", report.Text, "text or json")
	return cmd
}

// whatToHalt refuses an order that does not say what to stop, or says both.
func (w *where) whatToHalt(cmd *cobra.Command) error {
	text := "halting: name one experiment, or write --all to stop everything"
	s, err := w.settings()
	if err != nil {
		return err
	}
	if _, err := os.Stat(ledgerDir(s.Home)); err != nil {
		return errors.New(text) // and no ledger is made for a question
	}
	l, err := ledger.Open(ledgerDir(s.Home))
	if err != nil {
		return errors.New(text)
	}
	live, _ := l.Live(cmd.Context()) // it helps to choose, no more
	var here []string
	for _, r := range live {
		if !slices.Contains(here, r.Experiment) {
			here = append(here, r.Experiment)
		}
	}
	if len(here) == 0 {
		return errors.New(text + "; no fault is in place on this host; faultline list shows all experiments")
	}
	return fmt.Errorf("%s; faults are in place on this host of %s", text, strings.Join(here, ", "))
}

// halt tells the agents, does by itself what they leave undone on this host,
// and prints what came of both.
func (w *where) halt(cmd *cobra.Command, f haltFlags, o halt.Order) error {
	// An operator who loses patience, or the terminal, has halted all the same.
	ctx, stop := context.WithTimeout(context.WithoutCancel(cmd.Context()), f.within)
	defer stop()
	s, err := w.settings()
	if err != nil {
		return err
	}
	done := halted{Order: o}
	conn, err := w.connect(ctx, halt.RoleOperator)
	if err == nil {
		done.Outcome, err = conn.Stop(ctx, o, nil)
		err = errors.Join(err, conn.Close())
	}
	done.fail(err)
	if err != nil || len(done.Answers) == 0 || slices.Contains(done.Silent, holderOf(s.Home)) {
		done.Here = haltHere(context.WithoutCancel(ctx), s.Home, o)
	}
	if err := done.print(cmd, f.output, s.Home); err != nil {
		return fmt.Errorf("printing what came of the halt: %w", err)
	}
	if !done.whole() {
		return exitError(experiment.ExitNotRecovered)
	}
	return nil
}

// connect connects in a role, and returns once the server is there.
func (w *where) connect(ctx context.Context, role halt.Role) (*halt.Conn, error) {
	s, err := w.settings()
	if err == nil {
		s, err = s.FindNATS()
	}
	if err != nil {
		return nil, err
	}
	conn, err := halt.Connect(s.NATSAs(role, caller.Name(), slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(ctx, reachWithin)
	defer stop()
	if err := conn.Reach(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// halted is what came of a halt.
type halted struct {
	Order   halt.Order `json:"-"`
	Problem string     `json:"problem,omitempty"` // why not everybody could be told
	halt.Outcome
	Here *here `json:"here,omitempty"`
}

func (h *halted) fail(err error) {
	if err != nil {
		h.Problem = err.Error()
	}
	h.Outcome.Order = h.Order.ID
}

// whole says whether everything is known to be stopped.
func (h halted) whole() bool {
	return h.Problem == "" && len(h.Answers) > 0 && len(h.Silent) == 0 && len(h.Failed()) == 0 && (h.Here == nil || len(h.Here.Failed) == 0)
}
