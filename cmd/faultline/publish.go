package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/spec"
)

func publishCommand(w *where) *cobra.Command {
	var profile, id, platform string
	var iKnow bool
	cmd := &cobra.Command{
		Use: "publish FILE...", Short: "Schedule experiments and return at once; follow them with show", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) (err error) {
			if id != "" && len(files) > 1 {
				return errors.New("--id names one experiment: publish one file, or leave it out")
			}
			s, err := w.open(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			if platform == "" {
				platform = s.Settings.PlatformOrDefault()
			}
			p, err := loadPlatform(platform)
			if err != nil {
				return err
			}
			docs := make([]spec.Document, len(files))
			for i, file := range files { // all are accepted, or nothing is scheduled
				if docs[i], err = accept(cmd.ErrOrStderr(), file, profile, p); err != nil {
					return err
				}
			}
			for i, doc := range docs {
				name := spec.ExperimentID(id)
				if id == "" {
					name = newID(doc.Title, time.Now())
				}
				if err := s.schedule(cmd, name, commands.Schedule{Document: doc, IKnow: iKnow}); err != nil {
					return fmt.Errorf("publishing %s: %w", files[i], err)
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&profile, "profile", "", "profile of the documents, such as demo")
	cmd.Flags().StringVar(&id, "id", "", "id of the experiment; default made from its title and the time")
	cmd.Flags().StringVar(&platform, "platform", "", "platform description; default that of the pipeline")
	addIKnow(cmd, &iKnow)
	return cmd
}

// addIKnow adds the flag by which the requester acknowledges the risk.
func addIKnow(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "i-know", false, "run it although nothing of lower risk ever ended upheld on its target")
}

func (s *session) schedule(cmd *cobra.Command, id spec.ExperimentID, c commands.Schedule) error {
	if err := spec.CheckID(id); err != nil {
		return err
	}
	if err := s.ask(cmd.Context(), id, c); err != nil {
		return err
	}
	_, err := fmt.Fprintln(cmd.OutOrStdout(), id)
	return err
}
