package store_test

import (
	"context"
	"math/big"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/store"
)

func TestAWarehouseLivesInTheStore(t *testing.T) {
	home := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- store.Run(ctx, store.Config{Home: home}) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the store ended with: %v", err)
		}
	}()
	addr := healthy(t, home)
	l, err := lake.Open(t.Context(), lake.Config{
		Kind: "sql", URI: filepath.Join(home, "catalog.db"), Warehouse: "s3://" + store.Bucket,
		Properties: map[string]string{
			"s3.endpoint": "http://" + addr, "s3.access-key-id": "any", "s3.secret-access-key": "any",
			"s3.region": "us-east-1", "s3.force-virtual-addressing": "false",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	table, err := lake.OpenTable(t.Context(), l, lake.Definition[int64]{Namespace: "n", Name: "t", Columns: []lake.Column[int64]{
		lake.Decimal("d", 18, 8, func(n int64) *big.Int { return big.NewInt(n) }),
	}})
	if err != nil {
		t.Fatal(err)
	}
	to := lake.Watermark{{Topic: "x", Partition: 0}: 2}
	if _, err := table.Append(t.Context(), []int64{1, 2}, lake.Watermark{}, to); err != nil {
		t.Fatal(err)
	}
	rows := 0
	if err := l.Scan(t.Context(), "n", "t", lake.ScanOptions{}, func(lake.Row) error { rows++; return nil }); err != nil || rows != 2 {
		t.Errorf("%d rows, %v; want 2", rows, err)
	}
}

func healthy(t *testing.T, home string) string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		rec, err := process.Read(service.RecordPath(home, store.Name))
		if err != nil {
			continue
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+rec.Addr+"/health", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			continue
		}
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if res.StatusCode == http.StatusOK {
			return rec.Addr
		}
	}
	t.Fatal("the store did not become healthy in 10 s")
	return ""
}
