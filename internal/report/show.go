package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// Formats of output.
const (
	Text = "text"
	JSON = "json"
)

// ErrFormat refuses an output that there is not.
type ErrFormat string

func (e ErrFormat) Error() string { return fmt.Sprintf("output %q: write text or json", string(e)) }

// Experiment is what `show` and `run` say of one, as JSON.
type Experiment struct {
	ID         spec.ExperimentID        `json:"id"`
	Title      string                   `json:"title"`
	Hypothesis string                   `json:"hypothesis"`
	Phase      experiment.Phase         `json:"phase"`
	By         string                   `json:"by"`
	Scheduled  time.Time                `json:"scheduled"`
	Ended      *time.Time               `json:"ended,omitempty"`
	Verdict    events.Verdict           `json:"verdict"`
	Reasons    []string                 `json:"reasons,omitempty"`
	Recovery   *events.RecoveryMeasured `json:"recovery,omitempty"`
	Books      *events.BooksClosed      `json:"books,omitempty"`
	Notes      []events.NoteAdded       `json:"notes,omitempty"`
	Timeline   []Moment                 `json:"timeline,omitempty"`
}

// Moment is one event of an experiment.
type Moment struct {
	Version uint64    `json:"version"`
	At      time.Time `json:"at"`
	Type    string    `json:"type"`
	Text    string    `json:"text"`
}

// Of sums up a state and the accepted batches that led to it, which may be
// nil.
func Of(s experiment.State, batches []events.Batch) Experiment {
	e := Experiment{
		ID: s.ID, Title: s.Document.Title, Hypothesis: s.Document.Sentence(), Phase: s.Phase, By: s.By, Scheduled: s.Scheduled,
		Verdict: s.Verdict, Reasons: s.Reasons, Recovery: s.Recovery, Books: s.Books, Notes: s.Notes,
	}
	if !s.Ended.IsZero() {
		e.Ended = &s.Ended
	}
	for _, b := range batches {
		for _, event := range b.Events {
			e.Timeline = append(e.Timeline, Moment{b.Version, b.At, events.TypeOf(event), Line(event)})
		}
	}
	return e
}

// Show writes one experiment with its timeline.
func Show(w io.Writer, format string, s experiment.State, batches []events.Batch) error {
	e := Of(s, batches)
	switch format {
	case JSON:
		return asJSON(w, e)
	case Text:
	default:
		return ErrFormat(format)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n%s\n\nTimeline\n", e.ID, e.Title, e.Hypothesis)
	for _, m := range e.Timeline {
		fmt.Fprintf(&b, "  %3d %7s  %s\n", m.Version, Clock(m.At.Sub(e.Scheduled)), m.Text)
	}
	baseline(&b, s)
	b.WriteString("\n" + Outcome(s))
	_, err := io.WriteString(w, b.String())
	return err
}

func baseline(b *strings.Builder, s experiment.State) {
	if len(s.Baseline.Metrics) == 0 {
		return
	}
	b.WriteString("\nBaseline\n")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  metric\tmean\tp95\tmin\tmax\treadings") //nolint:errcheck // a strings.Builder never fails
	for _, name := range slices.Sorted(maps.Keys(s.Baseline.Metrics)) {
		d := s.Baseline.Metrics[name]
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%d\n", name, Number(d.Mean), Number(d.P95), Number(d.Min), Number(d.Max), d.N) //nolint:errcheck // a strings.Builder never fails
	}
	_ = t.Flush()
}

// Outcome is the closing paragraph: what was claimed, what came of it.
func Outcome(s experiment.State) string {
	var b strings.Builder
	if !s.Phase.Over() {
		fmt.Fprintf(&b, "Phase     %s\n", s.Phase)
		if s.AwaitsApproval() {
			fmt.Fprintf(&b, "Waits     for a second person beside %s: faultline approve %s\n", s.By, s.ID)
		}
	} else {
		fmt.Fprintf(&b, "Verdict   %s\n", strings.ToUpper(verdict(s)))
	}
	for _, r := range s.Reasons {
		fmt.Fprintf(&b, "          %s\n", r)
	}
	if s.Recovery != nil {
		fmt.Fprintf(&b, "Recovery  %s\n", recovery(*s.Recovery))
		if u := userImpact(s.Recovery.Impact); u != "" {
			fmt.Fprintf(&b, "Clients   %s\n", u)
		}
	}
	if s.Books != nil {
		fmt.Fprintf(&b, "Records   %s\n", books(*s.Books))
		if s.Books.Balanced {
			fmt.Fprintf(&b, "Loss      loss_fraction %.4f, lost_acked %d\n", s.Books.LossFraction, s.Books.LostAcked)
		}
		if len(s.Books.Checks) > 0 {
			fmt.Fprintf(&b, "Checks    %s\n", checks(s.Books.Checks))
		}
		for _, m := range []events.BookMark{s.Books.From, s.Books.To} {
			if m.Tag != "" {
				fmt.Fprintf(&b, "Snapshot  %d, tagged %s\n", m.Snapshot, m.Tag)
			}
		}
	}
	for _, n := range s.Notes {
		fmt.Fprintf(&b, "Note      %s\n", Line(n))
	}
	return b.String()
}

func verdict(s experiment.State) string {
	switch s.Phase {
	case experiment.Denied:
		return "denied"
	case experiment.Aborted:
		return "aborted, " + s.Verdict.String()
	case experiment.Absent, experiment.Scheduled, experiment.Baselining, experiment.Injecting, experiment.Injected,
		experiment.RollingBack, experiment.Recovering, experiment.Concluded, experiment.Stuck:
	}
	return s.Verdict.String()
}

func userImpact(u events.UserImpact) string {
	var out []string
	add := func(what string, v *float64, unit string) {
		if v != nil {
			out = append(out, what+" "+Number(*v)+unit)
		}
	}
	add("availability at worst", u.MinAvailability, "")
	add("error rate at most", u.MaxErrorRate, "")
	add("slowest answer", u.MaxResponseTime, " s")
	add("oldest data", u.MaxDataAge, " s")
	add("longest gap in acknowledgements", u.MaxIngestionGap, " s")
	return strings.Join(out, ", ")
}

// List writes one line for each experiment.
func List(w io.Writer, format string, all []experiment.State) error {
	switch format {
	case JSON:
		out := make([]Experiment, len(all))
		for i, s := range all {
			out[i] = Of(s, nil)
		}
		return asJSON(w, out)
	case Text:
	default:
		return ErrFormat(format)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "no experiments yet; run one with: faultline run FILE")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tTITLE\tPHASE\tVERDICT\tSCHEDULED\tTOOK") //nolint:errcheck // Flush tells
	for _, s := range all {
		took := ""
		if !s.Ended.IsZero() {
			took = s.Ended.Sub(s.Scheduled).Round(time.Second).String()
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.Document.Title, s.Phase, s.Verdict, s.Scheduled.Format(time.DateTime), took) //nolint:errcheck // Flush tells
	}
	return t.Flush()
}

func asJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
