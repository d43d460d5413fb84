package main

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/spf13/pflag"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/internal/guard"
	"github.com/k2-platform/faultline/internal/process"
)

// controlFlags are how a fault proxy is told its faults, and found.
type controlFlags struct {
	control string
	state   string   // folder
	record  string   // file; "": none is written
	faults  []string // as long as it runs
}

// add describes the flags. state says what the state folder is for.
func (f *controlFlags) add(flags *pflag.FlagSet, state string) {
	flags.StringVar(&f.control, "control", "", "where faults are asked for, unix:///path, or http://127.0.0.1:port with the token of the state folder; default control.sock there")
	flags.StringVar(&f.state, "state", "", state)
	flags.StringVar(&f.record, "record", "", "file for a process record, by which an agent can kill, stop or pause the proxy itself")
	flags.StringArrayVar(&f.faults, "fault", nil, "a fault as long as the proxy runs, its kind and parameters; may repeat")
}

// controlListener is where faults are asked for.
type controlListener struct {
	net.Listener
	address string
	token   string // "" where none is asked for
}

// hear listens as the flags say; home has the token, state the socket.
func (f controlFlags) hear(ctx context.Context, home, state string) (controlListener, error) {
	at := controlListener{address: f.control}
	var err error
	if at.address == "" {
		at.address, err = control.Address(state)
	} else if !strings.HasPrefix(at.address, "unix://") {
		at.token, err = guard.Token(home)
	}
	if err == nil {
		at.Listener, err = control.Listen(ctx, at.address)
	}
	return at, err
}

// writeRecord says which process the proxy is, and where clients find it.
func (f controlFlags) writeRecord(name, addr string, addrs map[string]string) error {
	if f.record == "" {
		return nil
	}
	self, err := process.Self(name, addr)
	if err == nil {
		self.Addrs = addrs
		err = self.Write(f.record)
	}
	if err != nil {
		return fmt.Errorf("writing the process record of the proxy: %w; --record names its file, in a folder that is there", err)
	}
	return nil
}
