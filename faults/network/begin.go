package network

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/netns"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/process"
)

// KeeperCommand is the word by which the light binary is a keeper: see Keep.
const KeeperCommand = "network-keeper"

const lookEvery = 5 * time.Millisecond

// ready is what a keeper says once its table is in force.
const ready = "ready"

// begin starts a keeper unless the fault has one.
func (d Driver) begin(ctx context.Context, r faults.Receipt) (err error) {
	p, err := placeOf(r)
	if err != nil {
		return err
	}
	if _, err := readWork(r); err != nil {
		return err
	}
	unlock, err := p.lock(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if keeper, err := p.keeper(); err != nil || keeper.Alive() {
		return err
	}
	ns, err := p.open()
	if errors.Is(err, errOther) {
		err = fmt.Errorf("%w: %w", faults.ErrRefused, err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ns.Close()) }()
	return d.start(ctx, ns, p, r)
}

// lock keeps two from starting a keeper for one fault at once.
func (p place) lock(ctx context.Context) (unlock func() error, err error) {
	folder := filepath.Dir(p.record)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of keepers: %w", err)
	}
	dir, err := os.Open(folder) //nolint:gosec // in the state folder
	if err != nil {
		return nil, fmt.Errorf("locking the folder of keepers: %w", err)
	}
	for {
		err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return dir.Close, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) || !pause.For(ctx, lookEvery) {
			return nil, fmt.Errorf("locking the folder of keepers: %w", errors.Join(err, ctx.Err(), dir.Close()))
		}
	}
}

// start starts a keeper inside the namespace. It does nothing until it is
// given the receipt, and that it is once its record is on disk: a keeper that
// nobody could find ends by itself.
func (d Driver) start(ctx context.Context, ns *netns.Namespace, p place, r faults.Receipt) (err error) {
	cmd, give, hear, err := d.keeper(p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, give.Close(), hear.Close()) }()
	theirs := []*os.File{cmd.Stdin.(*os.File), cmd.Stdout.(*os.File)} //nolint:forcetypeassert // keeper made them
	err = ns.Do(cmd.Start)
	for _, f := range theirs {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("starting a keeper in the target's network namespace: %w", err)
	}
	record, err := process.Record{Name: KeeperCommand, PID: cmd.Process.Pid, Command: cmd.Args}.Identified()
	go func() { _ = cmd.Wait() }()
	if err == nil {
		err = record.Write(p.record)
	}
	if err == nil {
		err = hand(ctx, r, give, hear)
	}
	if err != nil {
		err = fmt.Errorf("having keeper %d put the fault in force: %w", record.PID, err)
		if bad := process.Signal(record, syscall.SIGKILL); !errors.Is(bad, process.ErrNotSame) {
			err = errors.Join(err, bad)
		}
	}
	return err
}

// keeper is the command of a keeper, with what it is given by and heard by.
func (d Driver) keeper(p place) (cmd *exec.Cmd, give, hear *os.File, err error) {
	command := d.Keeper
	if len(command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, nil, nil, fmt.Errorf("finding this program: %w", err)
		}
		command = []string{self, KeeperCommand}
	}
	cmd = exec.Command(command[0], append(command[1:len(command):len(command)], p.table)...) //nolint:gosec,noctx // it outlives the context
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Dir = "/"
	stdin, give, err := os.Pipe()
	if err != nil {
		return nil, nil, nil, err
	}
	hear, stdout, err := os.Pipe()
	if err != nil {
		return nil, nil, nil, errors.Join(err, stdin.Close(), give.Close())
	}
	cmd.Stdin, cmd.Stdout = stdin, stdout
	return cmd, give, hear, nil
}

// hand gives the keeper its receipt and waits for its word.
func hand(ctx context.Context, r faults.Receipt, give, hear *os.File) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = hear.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := give.Write(append(raw, '\n')); err != nil {
		return fmt.Errorf("giving it the receipt: %w", err)
	}
	word, err := bufio.NewReader(hear).ReadString('\n')
	word = strings.TrimSpace(word)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case word == ready:
		return nil
	case word != "":
		return errors.New(word)
	case errors.Is(err, io.EOF):
		return errors.New("it ended without a word")
	}
	return err
}
