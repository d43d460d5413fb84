package main

import (
	"context"
	"path/filepath"

	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/notify"
	"github.com/k2-platform/faultline/handlers/telemetry"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/internal/web"
)

// openWatching opens what tells the outside: HTTP and notifications. Both see
// the whole log, so they listen before it is read.
func (p *pipeline) openWatching(ctx context.Context, s settings.Settings) (err error) {
	if p.web, err = web.Listen(ctx, s.HTTP.Addr); err != nil {
		return err
	}
	meters := telemetry.New(p.web.Metrics)
	urls := make([]string, len(s.Notify.URLs))
	for i, u := range s.Notify.URLs {
		urls[i] = string(u)
	}
	p.notifier, err = notify.New(notify.Config{
		URLs: urls, On: s.Notify.On, RetryFor: s.Notify.RetryFor, Dir: filepath.Join(s.Home, "notify"),
		Log: p.log, Count: meters.Notified,
	})
	if err != nil {
		return err
	}
	p.state.Listen(func(a handlers.Accepted) {
		meters.Notice(a)
		p.notifier.Notice(a)
	})
	p.state.Recall(meters.Recall) // what is over is no news
	return nil
}
