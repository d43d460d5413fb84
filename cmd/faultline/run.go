package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/caller"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/spec"
)

func runCommand(w *where) *cobra.Command {
	var a runArgs
	var output string
	var lines bool
	cmd := &cobra.Command{
		Use: "run FILE", Short: "Run an experiment and follow it to its verdict", Args: cobra.ExactArgs(1),
		Long: "Publishes the document and follows the run: phase, readings against baseline, time left,\n" +
			"as a block that stands on a terminal, and as plain lines elsewhere.\n" +
			"Ctrl-C aborts with rollback; a second Ctrl-C stops watching.\n" +
			"Exit codes: 0 upheld, 1 refuted, 2 invalid or denied, 3 aborted and rolled back,\n" +
			"4 rollback incomplete or not recovered, 5 inconclusive.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != report.Text && output != report.JSON {
				return report.ErrFormat(output)
			}
			a.file = args[0]
			// The run goes on when it is interrupted: it aborts first.
			ctx := context.WithoutCancel(cmd.Context())
			s, err := w.open(ctx)
			if err != nil {
				return err
			}
			r := liveRun{session: s, out: cmd.OutOrStdout(), json: output == report.JSON, lines: lines}
			err = r.run(ctx, cmd.Context().Done(), cmd.ErrOrStderr(), a)
			return errors.Join(err, s.Close())
		},
	}
	cmd.Flags().StringVar(&a.profile, "profile", "", "profile of the document, such as demo")
	cmd.Flags().StringVar(&a.id, "id", "", "id of the experiment; default made from its title and the time")
	cmd.Flags().StringVar(&a.platform, "platform", "", "platform description; default that of the pipeline")
	cmd.Flags().StringVarP(&output, "output", "o", report.Text, "text or json")
	cmd.Flags().BoolVar(&lines, "plain", false, "plain lines on a terminal too")
	addIKnow(cmd, &a.iKnow)
	return cmd
}

type runArgs struct {
	file, profile, id, platform string
	iKnow                       bool
}

// liveRun is one run as its user sees it.
type liveRun struct {
	*session
	out   io.Writer
	json  bool
	lines bool // on a terminal too
	id    spec.ExperimentID
}

func (r *liveRun) run(ctx context.Context, interrupted <-chan struct{}, problems io.Writer, a runArgs) error {
	platform, err := loadPlatform(cmp.Or(a.platform, r.Settings.PlatformOrDefault()))
	if err != nil {
		return err
	}
	doc, err := accept(problems, a.file, a.profile, platform)
	if err != nil {
		return err
	}
	r.id = cmp.Or(spec.ExperimentID(a.id), newID(doc.Title, time.Now()))
	if err := spec.CheckID(r.id); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	p := r.screen(doc, platform)
	defer p.close()
	r.remember(r.id)
	wait, err := r.follow(ctx)
	if err != nil {
		return err
	}
	ticks, err := r.watchTicks(ctx, p)
	if err != nil {
		return err
	}
	if r.log.State(r.id).Phase != experiment.Absent {
		return fmt.Errorf("experiment %s exists already; leave --id out or choose another", r.id)
	}
	r.log.Listen(p.accepted) // only now: what an id of before has been through is not this run's
	p.begin(r.id, doc)
	if _, err := r.send(ctx, r.id, commands.Schedule{Document: doc, IKnow: a.iKnow}); err != nil {
		return err
	}
	s, err := r.toTheEnd(ctx, interrupted, p)
	stop()
	err = errors.Join(err, wait(), ticks())
	p.end(s)
	if err != nil {
		return err
	}
	if code := experiment.ExitCode(s); code != experiment.ExitUpheld {
		return exitError(code)
	}
	return nil
}

// sameKey is how long a second signal counts as part of the first: one Ctrl-C
// reaches a run both from the terminal and from the demo that started it.
const sameKey = time.Second

// toTheEnd waits until the experiment is over, or stuck. The first
// interruption aborts it, the second stops waiting.
func (r *liveRun) toTheEnd(ctx context.Context, interrupted <-chan struct{}, p screen) (experiment.State, error) {
	over := make(chan experiment.State, 1)
	failed := make(chan error, 1)
	go func() {
		s, err := r.log.Await(ctx, r.id, func(s experiment.State) bool { return s.Phase.Over() || s.Phase == experiment.Stuck })
		if err != nil {
			failed <- err
			return
		}
		over <- s
	}()
	beat := time.NewTicker(time.Second)
	defer beat.Stop()
	again, settled := make(chan os.Signal, 1), make(<-chan time.Time)
	for {
		select {
		case s := <-over:
			return s, nil
		case err := <-failed:
			return r.log.State(r.id), err
		case <-beat.C:
			p.beat(r.log.State(r.id), time.Now())
		case <-interrupted:
			interrupted = nil
			p.say("aborting: the fault is rolled back first; once more to stop watching")
			settled = time.After(sameKey)
			if _, err := r.send(ctx, r.id, commands.Abort{Reason: "interrupted by " + caller.Name()}); err != nil {
				return r.log.State(r.id), err
			}
		case <-settled:
			signal.Notify(again, os.Interrupt, syscall.SIGTERM)
			defer signal.Stop(again)
		case <-again:
			p.say("not watching any more; the pipeline goes on rolling back. See: faultline show " + string(r.id))
			return r.log.State(r.id), exitError(experiment.ExitNotRecovered)
		}
	}
}
