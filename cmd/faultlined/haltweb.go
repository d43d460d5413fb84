package main

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/guard"
	"github.com/k2-platform/faultline/internal/web"
)

// haltHandler answers POST /halt on the connection that the daemon has, for
// whoever can read the token of its state folder. It goes onto the mux as
// "POST /halt".
func haltHandler(home string, conn *halt.Conn, log *slog.Logger) (http.Handler, error) {
	token, err := guard.Token(home)
	if err != nil {
		return nil, err
	}
	return web.Halt(web.HaltConfig{Token: token, Log: log, Stop: func(ctx context.Context, o halt.Order) (halt.Outcome, error) {
		return conn.Stop(ctx, o, nil)
	}}), nil
}
