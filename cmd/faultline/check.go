package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/rules"
	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/spec"
)

// checked is what `check` says of one file.
type checked struct {
	File       string        `json:"file"`
	Accepted   bool          `json:"accepted"`
	Hypothesis string        `json:"hypothesis,omitempty"`
	Books      []held        `json:"books,omitempty"` // of a platform
	Problems   spec.Problems `json:"problems,omitempty"`
}

func checkCommand(w *where) *cobra.Command {
	var platformFile, profile, output string
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Say whether experiments can be run, and what to write instead where not",
		Long: "Reads experiment documents, type-checks their rules and holds them against a platform.\n" +
			"Of a platform that is named, each mapping of its books is held against the newest schema in the registry and\n" +
			"the columns of the table; where one of them gives no answer, that is said, and is no pass.\n" +
			"Nothing is scheduled. Exit code 2 when a document or a mapping is refused.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			platform, err := readPlatform(platformFile)
			if err != nil {
				return err
			}
			results := make([]checked, len(files))
			for i, f := range files {
				if results[i], err = checkFile(f, profile, platform.Platform); err != nil {
					return err
				}
			}
			if platformFile != "" {
				books, problems := holdBooks(cmd.Context(), platform, w.ownLake)
				if len(books) > 0 {
					results = append(results, checked{File: platformFile, Accepted: problems.Err() == nil, Books: books, Problems: problems.In(platformFile).Sorted()})
				}
			}
			return printChecked(cmd.OutOrStdout(), output, results)
		},
	}
	cmd.Flags().StringVar(&platformFile, "platform", "", "platform description; without it the names that a K2 sandbox can have")
	cmd.Flags().StringVar(&profile, "profile", "", "profile of the document to check, such as demo")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return cmd
}

func loadPlatform(file string) (spec.Platform, error) {
	p, err := readPlatform(file)
	return p.Platform, err
}

func readPlatform(file string) (spec.ParsedPlatform, error) {
	if file == "" {
		return spec.ParsedPlatform{Platform: k2.Anywhere()}, nil
	}
	source, err := readDocument(file)
	if err != nil {
		return spec.ParsedPlatform{}, err
	}
	platform, problems := spec.ReadPlatform(source)
	return platform, problems.In(file).Err()
}

// maxFile bounds what is read before the parser refuses it by size.
const maxFile = 2 << 20

func readDocument(file string) ([]byte, error) {
	f, err := os.Open(file) //nolint:gosec // the user names the file to check
	if err != nil {
		return nil, fmt.Errorf("opening document: %w", err)
	}
	source, err := io.ReadAll(io.LimitReader(f, maxFile))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("reading document %s: %w", file, err)
	}
	return source, nil
}

func checkFile(file, profile string, platform spec.Platform) (checked, error) {
	source, err := readDocument(file)
	if err != nil {
		return checked{}, err
	}
	parsed, problems := spec.Parse(source)
	if problems.Err() == nil {
		if parsed.Document, err = parsed.Document.WithProfile(profile); err != nil {
			problems = append(problems, spec.Problem{Position: parsed.At("profiles"), Path: "profiles", Message: err.Error()})
		}
		problems = append(problems, rules.Check(parsed, platform, drivers.Breaks())...)
	}
	result := checked{File: file, Problems: problems.In(file).Sorted(), Accepted: problems.Err() == nil}
	if result.Accepted {
		result.Hypothesis = parsed.Document.Sentence()
	}
	return result, nil
}

func printChecked(out io.Writer, format string, results []checked) error {
	refused := false
	for _, r := range results {
		refused = refused || !r.Accepted
	}
	var err error
	switch format {
	case "json":
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		err = enc.Encode(results)
	case "text":
		err = reportText(out, results)
	default:
		return fmt.Errorf("output %q is not known; write text or json", format)
	}
	if err != nil {
		return fmt.Errorf("printing the result: %w", err)
	}
	if refused {
		return exitError(experiment.ExitInvalid)
	}
	return nil
}

func reportText(out io.Writer, results []checked) error {
	for _, r := range results {
		for _, p := range r.Problems {
			if _, err := fmt.Fprintln(out, p.Error()); err != nil {
				return err
			}
		}
		line := r.File + ": refused; nothing was scheduled"
		switch {
		case len(r.Books) > 0:
			line = heldText(r)
		case r.Accepted:
			line = fmt.Sprintf("%s: accepted\n  %s", r.File, r.Hypothesis)
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}
