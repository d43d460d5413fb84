package verifier_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/projections/mapping"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/registry"
	"github.com/k2-platform/faultline/sandbox/sink"
)

// logSide is what the log has and the table is to have: all but what was spoilt.
type logSide struct {
	w      *world
	flow   *sources.Platform
	ranges []audit.Range
}

// Read implements checks.Side.
func (s *logSide) Read(ctx context.Context, worker func() func(checks.Record) error) (checks.Cost, error) {
	each, cost := worker(), checks.Cost{}
	var values []byte
	err := s.read(ctx, func(f *mapping.Forms) error {
		cost.Rows++
		values = append(append(values[:0], f.Key...), f.Values...)
		return each(checks.Record{Key: f.Key, Values: values})
	})
	return cost, err
}

func (s *logSide) read(ctx context.Context, each func(*mapping.Forms) error) error {
	bad := map[audit.Place]bool{}
	for _, one := range s.w.spoilt {
		bad[one.at] = true
	}
	var forms mapping.Forms
	topic := sources.Topic{Bus: s.flow.Bus, Name: broker.Topic}
	for _, r := range s.ranges {
		holes, _, err := topic.Read(ctx, r, func(records []audit.Record) error {
			for _, rec := range records {
				if bad[audit.Place{Partition: r.Partition, Offset: rec.Offset}] {
					continue
				}
				err := s.flow.Mapping.Record(ctx, &forms, rec.Value)
				if err == nil {
					err = each(&forms)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil && len(holes) > 0 {
			err = fmt.Errorf("partition %d: offsets %d to %d are gone", r.Partition, holes[0].From, holes[0].To-1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Versions implements checks.Registry.
func (s *logSide) Versions(context.Context) ([]int32, error) {
	base := "http://" + s.w.addr(registry.Name) + "/subjects/" + broker.Topic + "-value/versions"
	body, err := s.w.get(base)
	var versions []int
	if err == nil {
		err = json.Unmarshal([]byte(body), &versions)
	}
	var ids []int32
	for _, v := range versions {
		var one struct{ ID int32 }
		body, e := s.w.get(fmt.Sprintf("%s/%d", base, v))
		if e == nil {
			e = json.Unmarshal([]byte(body), &one)
		}
		ids, err = append(ids, one.ID), errors.Join(err, e)
	}
	return ids, err
}

// Used implements checks.Registry.
func (s *logSide) Used(ctx context.Context) (map[int32]int64, error) {
	used := map[int32]int64{}
	err := s.read(ctx, func(f *mapping.Forms) error { used[f.SchemaID]++; return nil })
	return used, err
}

// tableSide is what the table has.
type tableSide struct {
	w    *world
	flow *sources.Platform
}

// Read implements checks.Side.
func (s tableSide) Read(ctx context.Context, worker func() func(checks.Record) error) (checks.Cost, error) {
	each, cost := worker(), checks.Cost{}
	scan := lake.FormScan{Columns: s.flow.Mapping.Columns(), Keys: 1, Workers: 1}
	err := s.w.lake.ScanForms(ctx, sink.Namespace, sink.Table, scan, func(_ int, f lake.Forms) error {
		cost.Rows++
		return each(checks.Record{Key: f.Key, Values: f.Values})
	})
	return cost, err
}
