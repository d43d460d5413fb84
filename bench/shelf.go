package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/k2-platform/faultline/internal/jsoncall"
	"github.com/k2-platform/faultline/internal/lake"
)

// shelf is where the tables that are measured are: a REST catalog over an S3
// store, the same for all that write to it or read it.
type shelf struct {
	Lake    lake.Config // as Faultline opens it
	Catalog string      // URL
	S3      string      // URL
	Key     string
	Secret  string
}

// benchNamespace has all tables of the bench.
const benchNamespace = "bench"

// shelfOf is the one that the script started.
func shelfOf() shelf {
	s := shelf{Catalog: os.Getenv("E2E_CATALOG"), S3: os.Getenv("E2E_S3"), Key: os.Getenv("E2E_S3_KEY"), Secret: os.Getenv("E2E_S3_SECRET")}
	s.Lake = lake.Config{Kind: "rest", URI: s.Catalog, Properties: map[string]string{
		"s3.endpoint": s.S3, "s3.access-key-id": s.Key, "s3.secret-access-key": s.Secret, "s3.region": "us-east-1", "s3.force-virtual-addressing": "false",
	}}
	return s
}

// prepare makes the namespace.
func (s shelf) prepare(ctx context.Context) error {
	err := jsoncall.Do(ctx, http.DefaultClient, "", http.MethodPost, s.Catalog+"/v1/namespaces", map[string]any{"namespace": []string{benchNamespace}}, nil)
	if refused(err, http.StatusConflict) { // it is there already
		return nil
	}
	if err != nil {
		return fmt.Errorf("making namespace %s: %w", benchNamespace, err)
	}
	return nil
}

// commit is one snapshot of a table.
type commit struct {
	at    time.Time
	total int64 // rows
}

// commits are those of a table, in order; none where it is not there yet.
func (s shelf) commits(ctx context.Context, table string) ([]commit, error) {
	var answer struct {
		Metadata struct {
			Snapshots []struct {
				Millis  int64             `json:"timestamp-ms"`
				Summary map[string]string `json:"summary"`
			} `json:"snapshots"`
		} `json:"metadata"`
	}
	err := jsoncall.Do(ctx, http.DefaultClient, "", http.MethodGet, s.Catalog+"/v1/namespaces/"+benchNamespace+"/tables/"+table, nil, &answer)
	if refused(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the snapshots of %s: %w", table, err)
	}
	var out []commit
	for _, snapshot := range answer.Metadata.Snapshots {
		total, err := strconv.ParseInt(snapshot.Summary["total-records"], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("reading the snapshots of %s: one does not say how many rows there are: %w", table, err)
		}
		out = append(out, commit{time.UnixMilli(snapshot.Millis), total})
	}
	return out, nil
}

func refused(err error, status int) bool {
	var no *jsoncall.Refusal
	return errors.As(err, &no) && no.Status == status
}
