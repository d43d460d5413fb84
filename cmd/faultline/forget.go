package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/k2-platform/faultline/halt"
)

// forgetCommand takes an agent off the roster that will not come back, so that
// halts do not miss it for ever.
func forgetCommand(w *where) *cobra.Command {
	return &cobra.Command{
		Use: "forget NAME", Short: "Miss an agent no more whose host is gone for good", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			conn, err := w.connect(cmd.Context(), halt.RoleAgent)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, conn.Close()) }()
			heard, err := hear(cmd.Context(), conn, []halt.Hello{{Name: args[0]}})
			if err != nil {
				return err
			}
			if _, alive := heard[args[0]]; alive {
				return fmt.Errorf("forgetting agent %s: it answers; end it in order, and it leaves by itself", args[0])
			}
			roster, err := conn.Roster(cmd.Context())
			if err != nil {
				return err
			}
			for _, h := range roster {
				if h.Name == args[0] {
					if err := conn.Leave(cmd.Context(), h.Name); err != nil {
						return err
					}
					cmd.Printf("forgotten: %s on %s; look on that host whether a fault is left: faultline ledger list\n", h.Name, h.Host)
					return nil
				}
			}
			return fmt.Errorf("forgetting agent %s: there is none on the roster", args[0])
		},
	}
}
