package sources

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/mapping"
)

// longestLetter bounds one line of a folder of dead letters.
const longestLetter = 16 << 20

// LetterFolder is a folder of files *.jsonl of dead letters, one a line, as the
// consumer of K2 writes them: {"timestamp","error","error_type","message":
// {record},"metadata":{"topic"}}. They say no place: the record itself, in its
// message, has the key.
//
// Source: https://github.com/rjdscott/k2-market-data-platform, src/k2/ingestion/dead_letter_queue.py
type LetterFolder struct {
	Dir string
	Of  string // the source topic; a letter that names none is of it, too
	// Mapping reads the records as JSON.
	Mapping *mapping.Mapping
}

type letterLine struct {
	Error    string          `json:"error"`
	Type     string          `json:"error_type"`
	Message  json.RawMessage `json:"message"`
	Metadata struct {
		Topic string `json:"topic"`
	} `json:"metadata"`
}

// Letters implements audit.Letters. Letters that name no record are an error,
// after all others were handed on.
func (f LetterFolder) Letters(ctx context.Context, each func(audit.Letter) error) error {
	files, err := filepath.Glob(filepath.Join(f.Dir, "*.jsonl"))
	if err == nil && len(files) == 0 {
		_, err = os.Stat(f.Dir)
	}
	if err != nil {
		return fmt.Errorf("reading dead letters in %s: %w", f.Dir, err)
	}
	slices.Sort(files)
	var problems []error
	for _, file := range files {
		if err := f.file(ctx, file, each); err != nil {
			problems = append(problems, fmt.Errorf("reading the dead letters %s: %w", file, err))
		}
	}
	return errors.Join(problems...)
}

func (f LetterFolder) file(ctx context.Context, path string, each func(audit.Letter) error) (err error) {
	file, err := os.Open(path) //nolint:gosec // below the folder that the operator names
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var forms mapping.Forms
	var nameless, first int
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, longestLetter)
	for n := 1; lines.Scan(); n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var l letterLine
		err := json.Unmarshal(lines.Bytes(), &l)
		if err == nil && l.Metadata.Topic != "" && l.Metadata.Topic != f.Of {
			continue
		}
		if err == nil {
			err = f.Mapping.Record(ctx, &forms, l.Message)
		}
		if err != nil {
			if nameless == 0 {
				first = n
			}
			nameless++
			continue
		}
		why := l.Type
		if why == "" {
			why = l.Error
		}
		letter := audit.Letter{
			At: audit.Place{Offset: -1}, Key: forms.Key, Reason: why,
			Topic: path, Self: audit.Place{Offset: int64(n)}, Raw: l.Message,
		}
		if err := each(letter); err != nil {
			return err
		}
	}
	if nameless > 0 {
		return errors.Join(lines.Err(), fmt.Errorf("%d lines name no record, the first is line %d", nameless, first))
	}
	return lines.Err()
}
