package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/k2-platform/faultline/faults/none"
	"github.com/k2-platform/faultline/spec"
)

// service is what the experiments of a bench are about: one number over
// HTTP that is always well.
type service struct{ server *http.Server }

const (
	target  = "service"
	gauge   = "throughput"
	inTest  = "test"
	oneBeat = spec.Duration(time.Second)
)

// startService serves the number and writes the platform that describes it.
func startService(home string) (*service, string, error) {
	at, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is there at once
	if err != nil {
		return nil, "", fmt.Errorf("serving a metric: %w", err)
	}
	s := &service{&http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(gauge + " 100\n"))
	})}}
	go s.server.Serve(at) //nolint:errcheck // close ends it
	page := "http://" + at.Addr().String() + "/metrics"
	text, err := yaml.Marshal(spec.Platform{
		Version: "v1", Name: "bench", Environment: inTest,
		Targets: map[spec.TargetName]spec.Target{target: {Title: "the service", Process: &spec.Process{Record: filepath.Join(home, "service.json")}}},
		Metrics: map[string]spec.Metric{gauge: {Unit: "records/s", Needs: target, Scrape: &spec.ScrapeSource{URL: page, Series: gauge}}},
	})
	file := filepath.Join(home, "platform.yaml")
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("writing the platform: %w", err), s.close())
	}
	return s, file, nil
}

func (s *service) close() error {
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	return s.server.Shutdown(ctx)
}

// quiet is an experiment whose fault breaks nothing.
func quiet(baseline, stays time.Duration) spec.Document {
	rule := spec.Rule{Expr: gauge + " > 0.0"}
	return spec.Document{
		Faultline: "v1", Title: "Control", System: "bench", Environment: inTest,
		Hypothesis: spec.Hypothesis{
			Claim: "nothing happens", Maintains: []spec.Rule{rule}, SteadyState: []spec.Rule{rule}, RecoversWithin: spec.Duration(time.Minute),
		},
		Impact:   &spec.Impact{Rule: gauge + " < 0.0", Optional: true},
		Steps:    []spec.Step{{ID: "nothing", Fault: spec.Fault{Kind: none.Kind, Target: target}, For: spec.Duration(stays)}},
		Triggers: []spec.Rule{},
		Baseline: spec.Baseline{Duration: spec.Duration(baseline), Every: oneBeat},
	}
}
