package main

import (
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
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/spec"
)

func runCommand(w *where) *cobra.Command {
	var a runArgs
	var output string
	cmd := &cobra.Command{
		Use: "run FILE", Short: "Run an experiment and follow it to its verdict", Args: cobra.ExactArgs(1),
		Long: "Publishes the document and follows the run: phase, readings against baseline, time left.\n" +
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
			r := liveRun{session: s, out: cmd.OutOrStdout(), json: output == report.JSON}
			err = r.run(ctx, cmd.Context().Done(), cmd.ErrOrStderr(), a)
			return errors.Join(err, s.Close())
		},
	}
	cmd.Flags().StringVar(&a.profile, "profile", "", "profile of the document, such as demo")
	cmd.Flags().StringVar(&a.id, "id", "", "id of the experiment; default made from its title and the time")
	cmd.Flags().StringVar(&a.platform, "platform", "", "platform description; default that of the pipeline")
	cmd.Flags().StringVarP(&output, "output", "o", report.Text, "text or json")
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
	out  io.Writer
	json bool
	id   spec.ExperimentID
}

func (r *liveRun) run(ctx context.Context, interrupted <-chan struct{}, problems io.Writer, a runArgs) error {
	file := a.platform
	if file == "" {
		file = r.settings.PlatformOrDefault()
	}
	platform, err := loadPlatform(file)
	if err != nil {
		return err
	}
	doc, err := accept(problems, a.file, a.profile, platform)
	if err != nil {
		return err
	}
	r.id = spec.ExperimentID(a.id)
	if a.id == "" {
		r.id = newID(doc.Title, time.Now())
	}
	if err := spec.CheckID(r.id); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	p := r.progress(doc)
	r.remember(r.id)
	r.log.Listen(p.accepted)
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

// toTheEnd waits until the experiment is over, or stuck. The first
// interruption aborts it, the second stops waiting.
func (r *liveRun) toTheEnd(ctx context.Context, interrupted <-chan struct{}, p *progress) (experiment.State, error) {
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
	again := make(chan os.Signal, 1)
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
			signal.Notify(again, os.Interrupt, syscall.SIGTERM)
			defer signal.Stop(again)
			if _, err := r.send(ctx, r.id, commands.Abort{Reason: "interrupted by " + whoami()}); err != nil {
				return r.log.State(r.id), err
			}
		case <-again:
			p.say("not watching any more; the pipeline goes on rolling back. See: faultline show " + string(r.id))
			return r.log.State(r.id), exitError(experiment.ExitNotRecovered)
		}
	}
}
